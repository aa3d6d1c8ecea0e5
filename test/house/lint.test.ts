/**
 * A control for the linter's configuration: a small tree in which every rule that we lean on is broken once. A linter that
 * lost its type checker, a plugin or an override is green and says nothing.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { REPOSITORY_ROOT } from './repository.ts';

/** Where, what is written there, and the rules it breaks. */
const TREE: readonly [path: string, text: string, broken: readonly string[]][] = [
  [
    'hub/floats.ts',
    'async function f(): Promise<void> { await f(); }\nexport function g(): void { f(); }',
    ['no-floating-promises'],
  ],
  [
    'hub/misuses.ts',
    'async function f(): Promise<void> { await f(); }\nexport function g(): void { [1].forEach(async () => { await f(); }); }',
    ['no-misused-promises'],
  ],
  [
    'hub/awaits.ts',
    'export async function f(): Promise<number> { const a = await 1; return a; }',
    ['await-thenable', 'no-unnecessary-await'],
  ],
  [
    'hub/switches.ts',
    "export function f(a: 'x' | 'y'): number { switch (a) { case 'x': return 1; } return 2; }",
    ['switch-exhaustiveness-check'],
  ],
  ['hub/loosens.ts', 'export const a: any = 1;', ['no-explicit-any']],
  ['hub/parses.ts', "export function f(): string { return JSON.parse('1'); }", ['no-unsafe-return']],
  ['hub/compares.ts', 'export const f = (a: unknown, b: unknown): boolean => a == b;', ['eqeqeq']],
  ['hub/prints.ts', "console.log('a');\nexport const a = 1;", ['no-console']],
  ['hub/exits.ts', 'process.exit(1);\nexport const b = 1;', ['no-process-exit']],
  ['hub/defaults.ts', 'const a = 1;\nexport default a;', ['no-default-export']],
  ['hub/barrels.ts', "export * from './loosens.ts';\nexport * from './parses.ts';", ['no-barrel-file']],
  ['hub/ring-a.ts', "import { b } from './ring-b.ts';\nexport const a = (): unknown => b;", ['no-cycle']],
  ['hub/ring-b.ts', "import { a } from './ring-a.ts';\nexport const b = (): unknown => a;", ['no-cycle']],
  ['hub/throws.ts', "export function f(): never { throw 'a'; }", ['only-throw-error']],
  [
    'hub/loses-cause.ts',
    "export function f(g: () => void): void { try { g(); } catch (error) { throw new Error('a'); } }",
    ['preserve-caught-error', 'no-unused-vars'],
  ],
  ['hub/empties.ts', 'export function f(g: () => void): void { if (g.length > 0) {} }', ['no-empty']],
  ['hub/builtin.ts', "export { readFileSync as read } from 'fs';", ['prefer-node-protocol']],
  ['hub/BadName.ts', 'export const a = 1;', ['filename-case']],
  ['hub/reads.ts', "export const a = process.env['A'];", ['no-process-env']],
  ['hub/silences.ts', '// oxlint-disable-next-line no-console\nexport const a = 1;', ['']],
  ['hub/core/clock.ts', 'export const a = Date.now();', ['no-restricted-properties']],
  ['hub/core/draw.ts', 'export const a = Math.random();', ['no-restricted-properties']],
  ['hub/core/wait.ts', 'export const a = setTimeout(() => 1, 1);', ['no-restricted-globals']],
  ['protocol/name.ts', 'export const a = crypto.randomUUID();', ['no-restricted-properties']],
  [
    'api/focus.test.ts',
    "import { expect, it } from 'vitest';\nit.only('a', () => { expect(1).toBe(1); });",
    ['no-focused-tests'],
  ],
  [
    'api/skip.test.ts',
    "import { expect, it } from 'vitest';\nit.skip('a', () => { expect(1).toBe(1); });",
    ['no-disabled-tests'],
  ],
  ['api/empty.test.ts', "import { it } from 'vitest';\nit('a', () => { Math.max(1); });", ['expect-expect']],

  ['hub/config.ts', "export const a = process.env['A'];", []],
  ['hub/main.ts', "console.log('a');\nprocess.exit(1);", []],
  ['scripts/build.ts', "console.log(process.env['A']);", []],
  [
    'test/support/a.ts',
    "export const a = (text: string): string => JSON.parse(text);\nexport const b = process.env['A'];",
    [],
  ],
  ['hub/server/clock.ts', 'export const a = Date.now();', []],
  [
    'hub/core/clock.test.ts',
    "import { expect, it } from 'vitest';\nit('a', () => { expect(Date.now()).toBeGreaterThan(1); });",
    [],
  ],
  ['hub/null.ts', 'export const f = (a: unknown): boolean => a == null;', []],
  [
    'hub/chooses.ts',
    "export function f(a: 'x' | 'y'): number { switch (a) { case 'x': return 1; default: return 2; } }",
    [],
  ],
];

interface LintReport {
  readonly diagnostics: readonly { readonly code?: string; readonly message: string; readonly filename: string }[];
}

/** Lints a tree as `npm run lint` does. Returns `path rule`. */
function lint(root: string): string[] {
  const oxlint = join(REPOSITORY_ROOT, 'node_modules', '.bin', 'oxlint');
  const args = [oxlint, '--type-aware', '--format', 'json', '.'];
  const run = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (!run.stdout.startsWith('{')) throw new Error(`oxlint gave no report: ${run.stdout}${run.stderr}`);
  const { diagnostics } = JSON.parse(run.stdout) as LintReport;
  return diagnostics.map(({ code = '', filename }) => `${filename} ${/\((.*)\)/.exec(code)?.[1] ?? code}`);
}

describe('a control for every rule of the linter that we lean on', () => {
  const root = mkdtempSync(join(tmpdir(), 'podoh-lint-'));
  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });
  for (const file of ['.oxlintrc.json', 'tsconfig.json']) cpSync(join(REPOSITORY_ROOT, file), join(root, file));
  symlinkSync(join(REPOSITORY_ROOT, 'node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, 'package.json'), JSON.stringify({ type: 'module' }));
  for (const [path, text] of TREE) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  }
  const found = lint(root);

  it.each(TREE)('%s', (path, _text, broken) => {
    const rules = found.filter((line) => line.startsWith(`${path} `)).map((line) => line.slice(path.length + 1));
    expect([...new Set(rules)].toSorted()).toEqual([...broken].toSorted());
  });
});
