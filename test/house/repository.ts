/** The repository's own files, as the house tests read them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RepositoryFile {
  /** Relative to the repository's root, with `/`. */
  readonly path: string;
  readonly text: string;
}

export const REPOSITORY_ROOT = join(import.meta.dirname, '..', '..');

/** Folders whose content is made, fetched or thrown away: everything .gitignore names, and git's own. */
const NOT_OURS = new Set([
  '.git',
  'node_modules',
  'dist',
  'data',
  'coverage',
  'test-output',
  'cdk.out',
  'loadtest/results',
]);
/** Files made by a program; their maker is what is inspected. */
const GENERATED = new Set([
  'package-lock.json',
  'infra/package-lock.json',
  'protocol/asyncapi.json',
  'docs/openapi.json',
]);
const TEXT =
  /(^|[/])(Dockerfile|LICENSE|run|[.][a-z]+|[^/]+[.](ts|tsx|js|cjs|mjs|json|jsonc|yml|yaml|md|html|css|sql|sh|conf|txt))$/;

function pathsUnder(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (NOT_OURS.has(path) || NOT_OURS.has(entry.name)) return [];
    return entry.isDirectory() ? pathsUnder(root, path) : [path];
  });
}

/** Every path of ours under `root`, generated files included. */
export function repositoryPaths(root: string = REPOSITORY_ROOT): string[] {
  return pathsUnder(root, '').toSorted();
}

/** Every text file that people write, with its text. */
export function repositoryFiles(root: string = REPOSITORY_ROOT): RepositoryFile[] {
  return repositoryPaths(root)
    .filter((path) => TEXT.test(path) && !GENERATED.has(path) && !path.endsWith('.log'))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** True for code that only tests run. */
export function isTestCode(path: string): boolean {
  return path.endsWith('.test.ts') || path.startsWith('test/') || path.includes('/testing/');
}
