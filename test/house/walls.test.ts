/**
 * Reads the imports and holds them to the walls between the rooms. dependency-cruiser has a known way to be green without
 * having looked (0 modules cruised), so what it cruised is compared with what is on disk, and every rule has a control.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { REPOSITORY_ROOT, repositoryPaths } from './repository.ts';

const CONFIG = '.dependency-cruiser.cjs';
const CRUISER = join(REPOSITORY_ROOT, 'node_modules', '.bin', 'depcruise');
const ROOMS = ['protocol', 'migrations', 'hub', 'api', 'loadtest'];

interface Cruise {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: { readonly violations: readonly { from: string; to: string; rule: { name: string } }[] };
}

/** Cruises the rooms of a tree as `npm run arch` does. */
function cruise(root: string): { cruised: string[]; violations: string[] } {
  const args = [CRUISER, '--config', CONFIG, '--output-type', 'json', ...ROOMS];
  const run = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
  if (!run.stdout.startsWith('{')) throw new Error(`dependency-cruiser gave no report: ${run.stdout}${run.stderr}`);
  const { modules, summary } = JSON.parse(run.stdout) as Cruise;
  return {
    cruised: modules.map(({ source }) => source),
    violations: summary.violations.map(({ rule, from, to }) =>
      rule.name === 'no-orphans' ? `${rule.name}: ${from}` : `${rule.name}: ${from} -> ${to}`,
    ),
  };
}

describe('the walls between the rooms', () => {
  const report = cruise(REPOSITORY_ROOT);

  it('are looked at from every module on disk', () => {
    const onDisk = repositoryPaths().filter(
      (path) => /[.]tsx?$/.test(path) && ROOMS.includes(path.split('/')[0] ?? ''),
    );
    expect(onDisk.length).toBeGreaterThan(10);
    expect(report.cruised).toEqual(expect.arrayContaining(onDisk));
  });

  it('have no breach', () => {
    expect(report.violations).toEqual([]);
  });
});

/** Modules of a small tree: path, and what each imports. What no breach names is there to be allowed. */
const TREE: Readonly<Record<string, readonly string[]>> = {
  'protocol/wire.ts': ['production'],
  'protocol/reach.ts': ['../hub/core/model.ts'],
  'migrations/steps.ts': ['./ring-a.ts'],
  'migrations/reach.ts': ['../protocol/wire.ts'],
  'migrations/ring-a.ts': ['./ring-b.ts'],
  'migrations/ring-b.ts': ['./ring-a.ts'],
  'migrations/main.ts': ['./steps.ts', '../hub/config.ts'],
  'hub/core/model.ts': [],
  'hub/core/plan.ts': ['./model.ts'],
  'hub/core/reach.ts': ['../../protocol/wire.ts'],
  'hub/core/files.ts': ['node:fs', 'node:sqlite', 'production'],
  'hub/core/plan.test.ts': ['./plan.ts', '../../test/support/databases.ts', 'node:assert', 'development'],
  'hub/core/reach.test.ts': ['../server/session.ts'],
  'hub/store/rows.ts': ['../core/model.ts', '../../migrations/steps.ts'],
  'hub/store/reach.ts': ['../bus/hints.ts'],
  'hub/bus/hints.ts': ['../core/model.ts', '../../migrations/steps.ts'],
  'hub/bus/reach.ts': ['../../protocol/wire.ts'],
  'hub/objects/disk.ts': ['../core/model.ts', 'node:fs'],
  'hub/objects/reach.ts': ['../../migrations/steps.ts'],
  'hub/notify/topic.ts': ['../core/model.ts', 'node:https'],
  'hub/notify/reach.ts': ['../../protocol/wire.ts'],
  'hub/server/session.ts': ['../core/model.ts', '../../protocol/wire.ts', 'node:fs'],
  'hub/server/reach.ts': ['../store/rows.ts'],
  'hub/observe/log.ts': ['../core/model.ts'],
  'hub/observe/reach.ts': ['../server/session.ts'],
  'hub/config.ts': ['./core/model.ts'],
  'hub/reach.ts': ['./server/session.ts'],
  'hub/compose.ts': [
    './store/rows.ts',
    './bus/hints.ts',
    './objects/disk.ts',
    './notify/topic.ts',
    './server/session.ts',
    './observe/log.ts',
    '../api/app.ts',
  ],
  'hub/main.ts': ['./compose.ts', './config.ts'],
  'api/app.ts': ['../hub/core/model.ts', '../protocol/wire.ts', '../migrations/steps.ts'],
  'api/notifications/routes.ts': ['../../hub/core/model.ts'],
  'api/resource-routes.ts': ['./notifications/routes.ts'],
  'api/alerts/deploy.ts': ['value ../notifications/routes.ts'],
  'api/app.test.ts': ['./app.ts', './testing/client.ts', '../hub/compose.ts', '../test/support/databases.ts'],
  'api/testing/client.ts': ['../app.ts', '../../hub/compose.ts', '../../test/support/databases.ts', 'development'],
  'api/testing/reach.ts': ['../../hub/bus/hints.ts'],
  'api/reach-testing.ts': ['./testing/client.ts'],
  'api/reach-server.ts': ['../hub/server/session.ts'],
  'api/reach-store.ts': ['../hub/store/rows.ts'],
  'api/reach-hub.ts': ['../hub/config.ts'],
  'api/reach-test.ts': ['../test/support/databases.ts'],
  'api/reach-main.ts': ['./main-embedded.ts'],
  'api/reach.test.ts': ['../hub/store/rows.ts'],
  'api/main-embedded.ts': ['./app.ts', '../hub/compose.ts'],
  'api/develops.ts': ['development'],
  'api/describes.ts': ['type development'],
  'api/undeclared.ts': ['stranger'],
  'api/missing.ts': ['./nowhere.ts'],
  'api/alone.ts': [],
  'api/player/page.ts': ['../../protocol/wire.ts', 'development'],
  'api/player/reach.ts': ['../app.ts'],
  'api/player/serve.ts': ['../app.ts', 'production'],
  'api/console/page.tsx': ['value ../../protocol/wire.ts', '../app.ts', 'development'],
  'api/console/reach.ts': ['value ../app.ts'],
  'api/console/serve.ts': ['production'],
  'api/reach-console.ts': ['value ./console/page.tsx'],
  'loadtest/fleet.ts': ['../protocol/wire.ts', 'development'],
  'loadtest/reach.ts': ['../hub/core/model.ts'],
  'test/support/databases.ts': [],
};

const BREACHES = [
  'wall-protocol: protocol/reach.ts -> hub/core/model.ts',
  'wall-migrations: migrations/reach.ts -> protocol/wire.ts',
  'no-circular: migrations/ring-a.ts -> migrations/ring-b.ts',
  'wall-core: hub/core/reach.ts -> protocol/wire.ts',
  'core-has-no-io: hub/core/files.ts -> fs',
  'core-has-no-io: hub/core/files.ts -> node:sqlite',
  'core-has-no-io: hub/core/files.ts -> node_modules/production/main.js',
  'wall-core-tests: hub/core/reach.test.ts -> hub/server/session.ts',
  'wall-store: hub/store/reach.ts -> hub/bus/hints.ts',
  'wall-bus: hub/bus/reach.ts -> protocol/wire.ts',
  'wall-objects: hub/objects/reach.ts -> migrations/steps.ts',
  'wall-notify: hub/notify/reach.ts -> protocol/wire.ts',
  'nothing-waits-for-the-outside: api/alerts/deploy.ts -> api/notifications/routes.ts',
  'wall-server: hub/server/reach.ts -> hub/store/rows.ts',
  'wall-observe: hub/observe/reach.ts -> hub/server/session.ts',
  'wall-hub-top: hub/reach.ts -> hub/server/session.ts',
  'wall-api: api/reach-server.ts -> hub/server/session.ts',
  'wall-api: api/reach-store.ts -> hub/store/rows.ts',
  'wall-api: api/reach-hub.ts -> hub/config.ts',
  'wall-api: api/reach-test.ts -> test/support/databases.ts',
  'not-to-tests: api/reach-test.ts -> test/support/databases.ts',
  'not-to-tests: api/reach-testing.ts -> api/testing/client.ts',
  'wall-api-tests: api/testing/reach.ts -> hub/bus/hints.ts',
  'programs-are-entries: api/reach-main.ts -> api/main-embedded.ts',
  'wall-api-tests: api/reach.test.ts -> hub/store/rows.ts',
  'no-dev-dep: api/develops.ts -> node_modules/development/main.js',
  'no-undeclared-dep: api/undeclared.ts -> node_modules/stranger/main.js',
  'no-unresolvable: api/missing.ts -> ./nowhere.ts',
  'no-orphans: api/alone.ts',
  'wall-player-page: api/player/reach.ts -> api/app.ts',
  'wall-console: api/console/reach.ts -> api/app.ts',
  'console-is-not-imported: api/reach-console.ts -> api/console/page.tsx',
  'wall-loadtest: loadtest/reach.ts -> hub/core/model.ts',
];

describe('a control for every wall', () => {
  const root = mkdtempSync(join(tmpdir(), 'podoh-walls-'));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });

  cpSync(join(REPOSITORY_ROOT, CONFIG), join(root, CONFIG));
  write(
    'package.json',
    JSON.stringify({ type: 'module', dependencies: { production: '1' }, devDependencies: { development: '1' } }),
  );
  for (const name of ['production', 'development', 'stranger']) {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', exports: './main.js' }));
    write(`node_modules/${name}/main.js`, 'module.exports = {};\n');
  }
  for (const [path, imports] of Object.entries(TREE)) {
    // A type-only import is an import too: it takes the same room's words along. Of a package it is gone at run time, and a few rules
    // are about values alone.
    const lines = imports.map((name, at) => {
      if (name.startsWith('value ')) return `import { A as A${at} } from '${name.replace('value ', '')}'; A${at};`;
      return name.startsWith('.') || name.startsWith('type ')
        ? `import type { A as A${at} } from '${name.replace('type ', '')}';`
        : `import '${name}';`;
    });
    write(path, [...lines, 'export type A = 1;', ''].join('\n'));
  }
  const report = cruise(root);

  it('reports every breach, and nothing that is allowed', () => {
    expect(report.violations.toSorted()).toEqual(BREACHES.toSorted());
  });

  it('has a breach for every rule of the configuration', async () => {
    const config: unknown = (await import(join(REPOSITORY_ROOT, CONFIG))).default;
    const rules = (config as { forbidden: { name: string }[] }).forbidden.map(({ name }) => name);
    const broken = new Set(BREACHES.map((breach) => breach.split(':')[0]));
    // The tests of every room are walled by the same function: api's and core's controls stand for the others.
    expect(rules.filter((name) => !broken.has(name) && !name.endsWith('-tests'))).toEqual([]);
  });
});
