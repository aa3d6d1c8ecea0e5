import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/**
 * The console for browsers of the last years. Every page is a chunk of its own, loaded when it is opened, so that signing in and the
 * alert board are there at once; nothing is inlined, so that the strict Content-Security-Policy of serve.ts holds.
 */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/console/',
  publicDir: false,
  define: { PODOH_VERSION: JSON.stringify(version) },
  plugins: [react()],
  clearScreen: false,
  logLevel: 'warn',
  build: {
    outDir: fileURLToPath(new URL('../../dist/console', import.meta.url)),
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1_000,
    rolldownOptions: {
      output: {
        // Forty files of a kilobyte cost more than they save: icons, words and what most pages share come in
        // one piece each.
        codeSplitting: {
          groups: [
            { name: 'icons', test: /node_modules[\\/]lucide-react/ },
            { name: 'words', test: /console[\\/]texts/ },
            { name: 'shared', test: /console[\\/]ui|node_modules[\\/]@mantine/, minShareCount: 10 },
          ],
        },
      },
    },
  },
});
