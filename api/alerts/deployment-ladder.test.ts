/**
 * The ladder is counted in SQL; the arithmetic that everybody agrees on is hub/core/alert-ladder.ts. Method: draw a world of
 * devices and receipts, write it into the database, and compare every answer with what the pure functions say of it.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  completeLadder,
  countLadder,
  hasStage,
  LADDER_STAGES,
  percentileIndex,
  type StageTimes,
} from '../../hub/core/alert-ladder.ts';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertDevice, insertReceipt } from '../testing/device-rows.ts';
import { alertRoutes } from './routes.ts';

const instant = fc.option(fc.integer({ min: 1, max: 60 }), { nil: null });
const times = fc.record({
  sentAt: instant,
  receivedAt: instant,
  displayedAt: instant,
  clearedAt: instant,
  failedAt: instant,
});
const device = fc.record({
  status: fc.constantFrom('online', 'offline'),
  place: fc.constantFrom('group', 'named', 'both', 'moved away'),
  times: fc.option(times, { nil: null }),
});
const world = fc.array(device, { minLength: 1, maxLength: 12 });
const phases = fc.constantFrom('active', 'stopped', 'expired');

type Drawn = typeof device extends fc.Arbitrary<infer T> ? T : never;
type Phase = typeof phases extends fc.Arbitrary<infer T> ? T : never;

const SILENT: StageTimes = { sentAt: null, receivedAt: null, displayedAt: null, clearedAt: null, failedAt: null };

function percentile(values: readonly (number | null)[], percent: number): number | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  const index = percentileIndex(sorted.length, percent);
  return index === null ? null : (sorted[index] ?? null);
}

describeEachDatabase('the ladder in SQL', (open) => {
  let api: ApiFixture;
  let worlds = 0;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: alertRoutes() });
  });
  afterAll(() => api.close());

  /** Writes a world and deploys to it. */
  const build = async (drawn: readonly Drawn[], phase: Phase) => {
    const { db } = api.ctx;
    const tenantId = await api.newTenant(`world ${(worlds += 1)}`);
    const admin = await api.newUser(tenantId, 'admin');
    const groupId = await api.newGroup(tenantId, 'G');
    const devices: (Drawn & { id: number })[] = [];
    for (const one of drawn) {
      const grouped = one.place === 'group' || one.place === 'both';
      const columns = { group_id: grouped ? groupId : null, status: one.status };
      devices.push({ ...one, id: await insertDevice(db, tenantId, columns) });
    }
    const deviceIds = devices.filter(({ place }) => place === 'named' || place === 'both').map(({ id }) => id);
    const alert = { severity: 'info', title: 'T', message: 'M' };
    const body = { alert, groupIds: [groupId], deviceIds };
    const answer = await api.send('POST', '/api/v1/alerts/deploy', { as: admin, body });
    const id: number = answer.json().data.deploymentId;
    const startedAt = api.clock.now();
    const at = (offset: number | null) => (offset === null ? null : startedAt + offset);
    for (const { id: deviceId, times: said } of devices) {
      if (said === null) continue;
      await insertReceipt(db, tenantId, id, deviceId, {
        sent_at: at(said.sentAt),
        received_at: at(said.receivedAt),
        displayed_at: at(said.displayedAt),
        cleared_at: at(said.clearedAt),
        failed_at: at(said.failedAt),
      });
    }
    const ends = {
      stopped: { status: 'stopped', stopped_at: startedAt + 1 },
      expired: { expires_at: startedAt },
    } as const;
    if (phase !== 'active') {
      await db.sql.updateTable('alert_deployments').set(ends[phase]).where('id', '=', id).execute();
    }
    return { id, admin, devices };
  };

  const read = async (url: string, admin: TestUser) => {
    const answer = await api.send('GET', `/api/v1/alerts/deployments/${url}`, { as: admin });
    expect(answer.statusCode).toBe(200);
    return answer.json().data;
  };

  const compare = async (drawn: readonly Drawn[], phase: Phase): Promise<void> => {
    const { id, admin, devices } = await build(drawn, phase);
    const targeted = devices
      .filter(({ place, times: said }) => place !== 'moved away' || said !== null)
      .map((one) => ({ id: one.id, online: one.status === 'online', times: one.times ?? SILENT }));
    const answer = await read(String(id), admin);
    expect(answer.status).toBe(phase);
    expect(answer.ladder).toEqual(completeLadder(countLadder(targeted), phase));
    const received = targeted.map((one) => one.times.receivedAt ?? one.times.displayedAt);
    const displayed = targeted.map((one) => one.times.displayedAt);
    expect(answer.latency).toEqual({
      receivedP50Ms: percentile(received, 50),
      receivedP99Ms: percentile(received, 99),
      displayedP50Ms: percentile(displayed, 50),
      displayedP99Ms: percentile(displayed, 99),
    });
    for (const stage of LADDER_STAGES) {
      const listed = await read(`${id}/receipts?limit=200&stage=${stage}`, admin);
      const expected = targeted.filter((one) => hasStage(one.times, stage)).map((one) => one.id);
      expect(listed.map(({ deviceId }: { deviceId: number }) => deviceId)).toEqual(expected);
    }
  };

  test('whatever the receipts, the database counts as the pure ladder does', async () => {
    await fc.assert(fc.asyncProperty(world, phases, compare), { numRuns: 20, endOnFailure: true });
  });
});
