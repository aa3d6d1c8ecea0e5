/**
 * The walls between the rooms (docs/decisions, README "Rooms"). `npm run arch` and test/house/walls.test.ts read it.
 *
 * TypeScript 7 has no JavaScript API, so dependency-cruiser must parse with swc: with the default parser it cruises
 * 0 modules and reports no violation.
 */

/** Our own rooms. */
const OURS = '^(protocol|migrations|hub|api|loadtest|scripts|test|infra)/';
/** A test, or what the tests of one room share. */
const TEST_FILE = '([.]test[.]tsx?|\\btesting/[^/]+[.]ts)$';
/** Files that put a program together: they may import everything. */
const COMPOSITION = '^((hub|api)/(compose|main)[^/]*|api/cli|migrations/main)[.]ts$';
/** The console's own code: a program for browsers. */
const CONSOLE = '^api/console/(?!(serve|vite[.]config)[.]ts$)';
/** What a test may reach for beyond what its room may: test/support, and the hub's own top level (config, compose, main). */
const TEST_REACH = ['^test/support/', '^hub/[^/]+[.]ts$'];

/**
 * Two rules for a room: its code may import only `allowed` among what is ours; its tests also `TEST_REACH`.
 * @param {string} name what the room is called in a report
 * @param {string} room a pattern of the room's files
 * @param {string[]} allowed patterns of what it may import
 */
function wall(name, room, allowed) {
  return [
    {
      name: `wall-${name}`,
      severity: 'error',
      comment: `${name} may import only: ${allowed.join(', ')}`,
      from: { path: room, pathNot: [TEST_FILE, COMPOSITION] },
      to: { path: OURS, pathNot: allowed },
    },
    {
      name: `wall-${name}-tests`,
      severity: 'error',
      comment: `tests of ${name} may import only: ${[...allowed, ...TEST_REACH].join(', ')}`,
      from: { path: `${room}.*${TEST_FILE}` },
      to: { path: OURS, pathNot: [...allowed, ...TEST_REACH] },
    },
  ];
}

module.exports = {
  forbidden: [
    ...wall('protocol', '^protocol/', ['^protocol/']),
    ...wall('migrations', '^migrations/', ['^migrations/']),
    ...wall('core', '^hub/core/', ['^hub/core/']),
    ...wall('store', '^hub/store/', ['^hub/store/', '^hub/core/', '^migrations/']),
    ...wall('bus', '^hub/bus/', ['^hub/bus/', '^hub/core/', '^migrations/']),
    ...wall('objects', '^hub/objects/', ['^hub/objects/', '^hub/core/']),
    ...wall('notify', '^hub/notify/', ['^hub/notify/', '^hub/core/']),
    ...wall('server', '^hub/server/', ['^hub/server/', '^hub/core/', '^protocol/']),
    ...wall('observe', '^hub/observe/', ['^hub/observe/', '^hub/core/']),
    ...wall('hub-top', '^hub/[^/]+[.]ts$', ['^hub/[^/]+[.]ts$', '^hub/core/', '^protocol/', '^migrations/']),
    ...wall('api', '^api/', ['^api/', '^hub/core/', '^protocol/', '^migrations/']),
    ...wall('loadtest', '^loadtest/', ['^loadtest/', '^protocol/']),
    {
      name: 'wall-player-page',
      severity: 'error',
      comment:
        'The player page is written as a third party would write one: against the protocol alone, for a browser.',
      from: { path: '^api/player/', pathNot: [TEST_FILE, '^api/player/(serve|vite[.]config)[.]ts$'] },
      to: { path: OURS, pathNot: ['^api/player/', '^protocol/'] },
    },
    {
      name: 'wall-console',
      severity: 'error',
      comment:
        'The console is a client of the REST API: what it takes from the server are types, and of values only the protocol, ' +
        'which is made for browsers.',
      from: { path: CONSOLE, pathNot: TEST_FILE },
      to: { path: OURS, pathNot: ['^api/console/', '^protocol/'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'console-is-not-imported',
      severity: 'error',
      comment: 'The server serves the built console and knows nothing else of it.',
      from: { path: OURS, pathNot: ['^api/console/', '^test/'] },
      to: { path: CONSOLE },
    },
    {
      name: 'nothing-waits-for-the-outside',
      severity: 'error',
      comment:
        'Notifications follow the change log. What answers a request, raising an alert above all, knows nothing of them: only ' +
        'the list of routes and the start of the API do.',
      from: {
        path: '^api/',
        pathNot: [TEST_FILE, '^api/notifications/', '^api/(resource-routes|start-api)[.]ts$'],
      },
      to: { path: '^api/notifications/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'core-has-no-io',
      severity: 'error',
      comment: 'hub/core is pure: no package and no Node module, so that no clock, socket or file can slip in.',
      from: { path: '^hub/core/', pathNot: TEST_FILE },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer'] },
    },
    {
      name: 'not-to-tests',
      severity: 'error',
      comment: 'Code that ships imports no test and no test support.',
      from: { path: '^(protocol|migrations|hub|api|loadtest|scripts)/', pathNot: TEST_FILE },
      to: { path: ['^test/', TEST_FILE] },
    },
    {
      name: 'programs-are-entries',
      severity: 'error',
      comment: 'A main file runs when it is imported: only a test may do that.',
      from: { path: '^(protocol|migrations|hub|api|loadtest|scripts)/', pathNot: TEST_FILE },
      to: { path: '(^|/)main[^/]*[.]tsx?$' },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-undeclared-dep',
      severity: 'error',
      comment: 'A package that package.json does not name is there by accident.',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-dev-dep',
      severity: 'error',
      comment: 'Code that runs in production needs its packages in "dependencies"; what browsers load is bundled.',
      from: {
        path: '^(protocol|migrations|hub|api)/',
        pathNot: [TEST_FILE, '^api/(player|console)/(?!serve[.]ts$)'],
      },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'A file that imports nothing and that nothing imports is dead.',
      from: { orphan: true, path: OURS, pathNot: [TEST_FILE, COMPOSITION, '[.]d[.]ts$', '[.]config[.]ts$'] },
      to: {},
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json'],
    },
  },
};
