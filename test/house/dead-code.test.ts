/** A control for knip's configuration: a small tree with one dead thing of each kind. A knip without entries is green too. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { REPOSITORY_ROOT } from './repository.ts';

const TREE: Readonly<Record<string, string>> = {
  'package.json': JSON.stringify({
    type: 'module',
    dependencies: { used: '1', idle: '1' },
    scripts: { start: 'exec node hub/main.ts' },
  }),
  'node_modules/used/package.json': JSON.stringify({ name: 'used', version: '1.0.0', exports: './main.js' }),
  'node_modules/used/main.js': 'export const used = 1;',
  'node_modules/stranger/package.json': JSON.stringify({ name: 'stranger', version: '1.0.0', exports: './main.js' }),
  'node_modules/stranger/main.js': 'export const stranger = 1;',
  'hub/main.ts':
    "import { used } from 'used';\nimport { alive } from './parts.ts';\nimport 'stranger';\nvoid [used, alive];",
  'hub/parts.ts':
    'export const alive = 1;\nexport const forgotten = 2;\nexport interface Shape { a: Inner }\nexport interface Inner { b: 1 }',
  'hub/left-behind.ts': 'export const nobody = 1;',
  'scripts/tool.ts': 'export {};',
};

type Issues = Readonly<Record<string, readonly { readonly name: string }[] | string>>;

/** Runs knip as `npm run dead` does. Returns `kind: name`. */
function dead(root: string): string[] {
  const knip = join(REPOSITORY_ROOT, 'node_modules', '.bin', 'knip');
  const run = spawnSync(process.execPath, [knip, '--reporter', 'json'], { cwd: root, encoding: 'utf8' });
  if (!run.stdout.startsWith('{')) throw new Error(`knip gave no report: ${run.stdout}${run.stderr}`);
  const { issues } = JSON.parse(run.stdout) as { issues: readonly Issues[] };
  return issues.flatMap((file) =>
    Object.entries(file).flatMap(([kind, found]) =>
      Array.isArray(found) ? found.map(({ name }) => `${kind}: ${name}`) : [],
    ),
  );
}

describe('a control for the search for dead code', () => {
  const root = mkdtempSync(join(tmpdir(), 'podoh-dead-'));
  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });
  cpSync(join(REPOSITORY_ROOT, 'knip.jsonc'), join(root, 'knip.jsonc'));
  for (const [path, text] of Object.entries(TREE)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  }

  it('finds each dead thing, and nothing that is alive', () => {
    expect(dead(root).toSorted()).toEqual([
      'dependencies: idle',
      'exports: forgotten',
      'files: hub/left-behind.ts',
      'types: Shape',
      'unlisted: stranger',
    ]);
  });
});
