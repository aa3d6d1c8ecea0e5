/**
 * Scenario `rest`: how long operators wait. A mix of reads and writes at a fixed rate, by many users, each request timed from the
 * instant it was due, so that a slow server cannot hide behind requests that were never sent (no coordinated omission).
 */
import { RestClient } from './rest-client.ts';
import { percentile, rounded } from './statistics.ts';

export interface RestOptions {
  readonly apiUrl: string;
  readonly username: string;
  readonly password: string;
  /** Requests per second. */
  readonly rate: number;
  readonly seconds: number;
  /** Users that take turns: one user alone would meet the rate limit. */
  readonly users: number;
  readonly devices: number;
}

export interface OperationFigures {
  readonly operation: string;
  readonly requests: number;
  readonly failures: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

interface Subject {
  readonly groupId: number;
  readonly deviceIds: readonly number[];
}

interface Operation {
  readonly name: string;
  /** Share of the mix. */
  readonly weight: number;
  run(user: RestClient, subject: Subject, turn: number): Promise<unknown>;
}

/** What a console does all day, most of it reading. */
const OPERATIONS: readonly Operation[] = [
  {
    name: 'GET /devices',
    weight: 30,
    run: (user, _subject, turn) => user.get(`/devices?limit=50&page=${1 + (turn % 4)}`),
  },
  {
    name: 'GET /devices/:id',
    weight: 12,
    run: (user, { deviceIds }, turn) => user.get(`/devices/${pick(deviceIds, turn)}`),
  },
  {
    name: 'GET /devices/:id/state',
    weight: 8,
    run: (user, { deviceIds }, turn) => user.get(`/devices/${pick(deviceIds, turn)}/state`),
  },
  { name: 'GET /groups', weight: 10, run: (user) => user.get('/groups?limit=200') },
  { name: 'GET /alerts/deployments', weight: 10, run: (user) => user.get('/alerts/deployments?limit=20') },
  { name: 'GET /content', weight: 6, run: (user) => user.get('/content?limit=50') },
  { name: 'GET /schedules', weight: 6, run: (user) => user.get('/schedules?limit=50') },
  { name: 'GET /reports/usage', weight: 4, run: (user) => user.get('/reports/usage?groupBy=content') },
  { name: 'GET /auth/me', weight: 4, run: (user) => user.get('/auth/me') },
  {
    name: 'POST /devices/:id/commands',
    weight: 3,
    run: (user, { deviceIds }, turn) => identify(user, pick(deviceIds, turn)),
  },
  {
    name: 'POST /groups',
    weight: 2,
    run: (user, { groupId }, turn) => user.post('/groups', { name: `g${turn}`, parentId: groupId }),
  },
  { name: 'POST /alerts/deploy and stop', weight: 5, run: (user, { groupId }) => drill(user, groupId) },
];

function pick(ids: readonly number[], turn: number): number {
  return ids[turn % ids.length] ?? 0;
}

async function identify(user: RestClient, deviceId: number): Promise<void> {
  await user.post(`/devices/${deviceId}/commands`, { name: 'identify', expiresInSeconds: 5 });
}

async function drill(user: RestClient, groupId: number): Promise<void> {
  const alert = { severity: 'info', title: 'Measurement', message: 'An exercise' };
  const { deploymentId } = await user.post<{ deploymentId: number }>('/alerts/deploy', {
    alert,
    groupIds: [groupId],
    expiresInSeconds: 60,
    drill: true,
  });
  await user.post('/alerts/stop', { deploymentId });
}

/** Every operation as often as its weight says, in an order that spreads them. */
function mixOf(): Operation[] {
  const total = OPERATIONS.reduce((sum, { weight }) => sum + weight, 0);
  const due = OPERATIONS.map((operation) => ({ operation, debt: 0 }));
  return Array.from({ length: total }, () => {
    for (const entry of due) entry.debt += entry.operation.weight;
    const next = due.reduce((most, entry) => (entry.debt > most.debt ? entry : most));
    next.debt -= total;
    return next.operation;
  });
}

async function provision(options: RestOptions, admin: RestClient): Promise<{ subject: Subject; users: RestClient[] }> {
  const prefix = `rest-${Date.now().toString(36)}`;
  const { id: groupId } = await admin.post<{ id: number }>('/groups', { name: prefix });
  const imported = await admin.importDevices(prefix, options.devices, groupId, ['identify']);
  const users: RestClient[] = [];
  for (let at = 0; at < options.users; at += 1) {
    const username = `${prefix}-${at}`;
    await admin.post('/users', { username, password: options.password, role: 'admin' });
    const user = new RestClient(options.apiUrl);
    await user.login(username, options.password);
    users.push(user);
  }
  return { subject: { groupId, deviceIds: imported.map(({ deviceId }) => deviceId) }, users };
}

/** Runs the mix; rejects only when the system cannot be provisioned. A failed request is counted, and its time too. */
export async function runRest(options: RestOptions): Promise<OperationFigures[]> {
  const admin = new RestClient(options.apiUrl);
  await admin.login(options.username, options.password);
  const { subject, users } = await provision(options, admin);
  const mix = mixOf();
  const taken = new Map<string, { ms: number[]; failures: string[] }>();
  const total = Math.round(options.rate * options.seconds);
  const begunAtMs = performance.now() + 100;
  const underWay: Promise<void>[] = [];
  for (let turn = 0; turn < total; turn += 1) {
    const dueAtMs = begunAtMs + (turn * 1_000) / options.rate;
    const earlyMs = dueAtMs - performance.now();
    if (earlyMs > 0) await new Promise((resolve) => setTimeout(resolve, earlyMs));
    const operation = mix[turn % mix.length];
    const user = users[turn % users.length];
    if (operation === undefined || user === undefined) throw new Error('no operation or no user to measure with');
    const figures = taken.get(operation.name) ?? { ms: [], failures: [] };
    taken.set(operation.name, figures);
    underWay.push(
      operation
        .run(user, subject, turn)
        .catch((error: unknown) => void figures.failures.push(String(error)))
        .then(() => void figures.ms.push(performance.now() - dueAtMs)),
    );
  }
  await Promise.all(underWay);
  for (const [name, { failures }] of taken) {
    if (failures.length > 0) process.stderr.write(`${name}: ${failures.length} failed, the first: ${failures[0]}\n`);
  }
  const all = [...taken.values()];
  return [
    ...[...taken].map(([name, { ms, failures }]) => figuresOf(name, ms, failures.length)),
    figuresOf(
      'all',
      all.flatMap(({ ms }) => ms),
      all.reduce((sum, { failures }) => sum + failures.length, 0),
    ),
  ];
}

function figuresOf(operation: string, ms: readonly number[], failures: number): OperationFigures {
  return {
    operation,
    requests: ms.length,
    failures,
    p50Ms: rounded(percentile(ms, 50)),
    p95Ms: rounded(percentile(ms, 95)),
    p99Ms: rounded(percentile(ms, 99)),
    maxMs: rounded(percentile(ms, 100)),
  };
}
