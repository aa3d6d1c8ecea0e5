import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const WORKER = 'player-worker.js';

/** Tells the service worker which files make this build, once all of them have their names. */
function shellList(): Plugin {
  return {
    name: 'podoh-shell-list',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const worker = bundle[WORKER];
        if (worker?.type !== 'chunk') return;
        const files = Object.keys(bundle).filter((name) => name !== WORKER && !name.endsWith('.map'));
        const hash = createHash('sha256').update(worker.code);
        for (const name of files.sort()) {
          const part = bundle[name];
          hash.update(name).update(part?.type === 'chunk' ? part.code : (part?.source ?? ''));
        }
        const shell = JSON.stringify({ version: hash.digest('hex').slice(0, 16), files });
        worker.code = `const PODOH_SHELL = ${shell};\n${worker.code}`;
      },
    },
  };
}

/**
 * The player is a handful of files for browsers as old as the boards in the field (ES2022). Nothing is inlined into the
 * page, so that the strict Content-Security-Policy of serve.ts holds.
 */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/player/',
  publicDir: false,
  define: { PODOH_VERSION: JSON.stringify(version) },
  clearScreen: false,
  logLevel: 'warn',
  plugins: [shellList()],
  build: {
    outDir: fileURLToPath(new URL('../../dist/player', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // hls.js is larger than Vite's default and is loaded by the first stream alone.
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      input: {
        index: fileURLToPath(new URL('index.html', import.meta.url)),
        'player-worker': fileURLToPath(new URL('worker/player-worker.ts', import.meta.url)),
      },
      output: {
        // Its name is where the browser looks for the next one; it imports nothing that the page has, too.
        entryFileNames: (chunk) => (chunk.name === 'player-worker' ? WORKER : 'assets/[name]-[hash].js'),
      },
    },
  },
});
