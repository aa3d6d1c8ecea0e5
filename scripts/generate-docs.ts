/**
 * Writes what is made from code: the AsyncAPI and OpenAPI documents, the golden frames, the README's table of variables. With
 * `--check` it writes nothing and exits 1 when a file differs, is missing or is too many.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openApiDocument } from '../api/openapi/documented-routes.ts';
import { buildAsyncApi } from '../protocol/asyncapi.ts';
import { goldenFiles } from '../protocol/golden-frames.ts';
import { withConfiguration } from './readme-configuration.ts';

const ROOT = join(import.meta.dirname, '..');
const GOLDEN = 'protocol/golden';

/** Every generated file, by its path from the root. */
function wantedFiles(): Map<string, string> {
  const wanted = new Map([['protocol/asyncapi.json', `${JSON.stringify(buildAsyncApi(), null, 2)}\n`]]);
  wanted.set('docs/openapi.json', `${JSON.stringify(openApiDocument(), null, 2)}\n`);
  wanted.set('README.md', withConfiguration(readFileSync(join(ROOT, 'README.md'), 'utf8')));
  for (const [name, text] of goldenFiles()) wanted.set(`${GOLDEN}/${name}`, text);
  return wanted;
}

function presentText(path: string): string | null {
  try {
    return readFileSync(join(ROOT, path), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function goldenNames(): string[] {
  mkdirSync(join(ROOT, GOLDEN), { recursive: true });
  return readdirSync(join(ROOT, GOLDEN)).map((name) => `${GOLDEN}/${name}`);
}

const wanted = wantedFiles();
const stale = [...wanted].filter(([path, text]) => presentText(path) !== text);
const surplus = goldenNames().filter((path) => !wanted.has(path));

if (process.argv.includes('--check')) {
  for (const path of [...stale.map(([path]) => path), ...surplus]) console.error(`${path} is not what the code says`);
  if (stale.length + surplus.length > 0) {
    console.error('Run `npm run docs:generate` and review the difference.');
    process.exitCode = 1;
  }
} else {
  for (const [path, text] of stale) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
    console.log(`wrote ${path}`);
  }
  for (const path of surplus) {
    rmSync(join(ROOT, path));
    console.log(`removed ${path}`);
  }
}
