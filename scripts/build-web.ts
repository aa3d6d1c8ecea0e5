/**
 * Builds what browsers load, the console and the reference player, into dist/, when its sources have changed since the last build.
 *
 * Runs before `npm start` and `npm test`, so the usual case, nothing to do, must cost milliseconds: Vite is loaded only
 * when there is something to build. A production install has no Vite; there an existing build is used as it is.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { UserConfig } from 'vite';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');

interface Bundle {
  readonly name: string;
  /** The Vite configuration; its default export is a configuration object. */
  readonly configPath: string;
  /** Folders whose files decide whether the bundle is out of date. */
  readonly sources: readonly string[];
}

const BUNDLES: readonly Bundle[] = [
  { name: 'player', configPath: 'api/player/vite.config.ts', sources: ['api/player', 'protocol'] },
  { name: 'console', configPath: 'api/console/vite.config.ts', sources: ['api/console', 'protocol'] },
];

/** Files of a folder and its subfolders that a bundle could depend on, sorted so that the hash is stable. */
function sourceFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.test\.ts$|\.md$|golden/.test(join(entry.parentPath, entry.name)))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function stampOf(bundle: Bundle): string {
  const hash = createHash('sha256');
  const files = [
    ...bundle.sources.flatMap(sourceFiles),
    fileURLToPath(import.meta.url),
    join(ROOT, 'package-lock.json'),
  ];
  for (const file of files.filter((path) => existsSync(path))) {
    hash.update(file.slice(ROOT.length)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

function viteIsInstalled(): boolean {
  try {
    createRequire(import.meta.url).resolve('vite/package.json');
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return false;
    throw cause;
  }
}

/** Builds beside the old output and swaps it in, so that a server that is running never sees half a build. */
async function buildBundle(bundle: Bundle, stamp: string): Promise<void> {
  const { build } = await import('vite');
  const { default: config } = (await import(join(ROOT, bundle.configPath))) as { default: UserConfig };
  const outDir = join(DIST, bundle.name);
  const freshDir = `${outDir}.new-${process.pid}`;
  const staleDir = `${outDir}.old-${process.pid}`;
  mkdirSync(DIST, { recursive: true });
  try {
    await build({ ...config, configFile: false, build: { ...config.build, outDir: freshDir } });
    compressTexts(freshDir);
    renameUnlessTaken(outDir, staleDir);
    renameUnlessTaken(freshDir, outDir);
    writeFileSync(stampPath(bundle), stamp);
  } finally {
    rmSync(freshDir, { recursive: true, force: true });
    rmSync(staleDir, { recursive: true, force: true });
  }
}

/** Text shorter than this gains nothing by being compressed, in bytes. */
const COMPRESS_FROM_BYTES = 1_024;

/** Puts `.br` and `.gz` beside every text, once and as small as can be, so that the server does not do it for every request. */
function compressTexts(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !/\.(js|css|html|svg|json)$/.test(path)) continue;
    const bytes = readFileSync(path);
    if (bytes.length < COMPRESS_FROM_BYTES) continue;
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }));
    writeFileSync(`${path}.br`, brotliCompressSync(bytes));
  }
}

/** Another build of the same sources may have been quicker: its result is as good as ours. */
function renameUnlessTaken(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw cause;
  }
}

/** Beside the output, not in it: everything in the output is served. */
function stampPath(bundle: Bundle): string {
  return join(DIST, `.${bundle.name}-stamp`);
}

async function bringUpToDate(bundle: Bundle): Promise<void> {
  const built = existsSync(join(DIST, bundle.name, 'index.html'));
  if (!viteIsInstalled()) {
    if (built) return;
    throw new Error(
      `dist/${bundle.name} is missing and vite is not installed: run \`npm ci\` with dev dependencies once, or ship dist/`,
    );
  }
  const stamp = stampOf(bundle);
  if (built && existsSync(stampPath(bundle)) && readFileSync(stampPath(bundle), 'utf8') === stamp) return;
  await buildBundle(bundle, stamp);
}

try {
  for (const bundle of BUNDLES) await bringUpToDate(bundle);
} catch (cause) {
  process.stderr.write(`build-web: ${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 1;
}
