/** The availability report over both databases, against a recount that looks at every transition by itself. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { toIso } from '../iso-time.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertDevice } from '../testing/device-rows.ts';
import { availabilityRoutes } from './availability.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

interface Row {
  readonly deviceId: number;
  readonly name: string;
  readonly onlineSeconds: number;
  readonly offlineSeconds: number;
  readonly availabilityPercent: number | null;
  readonly outages: number;
  readonly longestOutageSeconds: number;
}

describeEachDatabase('the availability report', (open) => {
  let db: TestDatabase;
  let api: ApiFixture;
  let tenantId: number;
  let admin: TestUser;
  let now: number;

  beforeAll(async () => {
    db = await open();
    api = await openApi(db, { routes: availabilityRoutes() });
    tenantId = await api.newTenant('Ours');
    admin = await api.newUser(tenantId, 'admin');
    now = api.clock.now();
    return () => api.close();
  });

  /** Rows of a device's history: `+ms` online and `-ms` offline, so long before now, in the order in which they happened. */
  async function tell(deviceId: number, ...signed: number[]): Promise<void> {
    const rows = signed.map((agoMs) => ({
      tenant_id: tenantId,
      device_id: deviceId,
      status: agoMs > 0 ? ('online' as const) : ('offline' as const),
      transport: agoMs > 0 ? ('http' as const) : null,
      at: now - Math.abs(agoMs),
    }));
    for (let at = 0; at < rows.length; at += 500)
      await db.sql
        .insertInto('device_presence')
        .values(rows.slice(at, at + 500))
        .execute();
  }

  async function report(query: string, as = admin) {
    const answer = await api.send('GET', `/api/v1/reports/availability${query}`, { as });
    return { status: answer.statusCode, ...answer.json() };
  }

  async function rowOf(deviceId: number, query = ''): Promise<Row> {
    const { status, data } = await report(`?deviceId=${deviceId}${query}`);
    expect(status).toBe(200);
    expect(data.rows).toHaveLength(1);
    return data.rows[0];
  }

  const at = (agoMs: number): string => toIso(now - agoMs);

  test('is of the last seven days unless asked otherwise', async () => {
    const deviceId = await insertDevice(db, tenantId, { status: 'online', last_seen_at: now - 5 });
    await tell(deviceId, HOUR_MS * 24 * 8, -2 * HOUR_MS, HOUR_MS);
    const { data, meta } = await report(`?deviceId=${deviceId}`);
    expect(data).toMatchObject({ from: at(7 * DAY_MS), to: at(0), timezone: 'UTC' });
    expect(meta).toEqual({ page: 1, limit: 50, total: 1 });
    expect(data.rows[0]).toEqual({
      deviceId,
      name: expect.any(String),
      groupId: null,
      group: null,
      state: 'active',
      status: 'online',
      onlineSeconds: 167 * 3600,
      offlineSeconds: 3600,
      availabilityPercent: 99.404,
      outages: 1,
      longestOutageSeconds: 3600,
      lastSeen: at(5),
    });
  });

  test('knows what a device was at its start: from the transition before, or the one after, or from what it is', async () => {
    const range = `&from=${at(4 * HOUR_MS)}&to=${at(2 * HOUR_MS)}`;
    const seconds = async (columns: object, ...signed: number[]) => {
      const deviceId = await insertDevice(db, tenantId, columns);
      await tell(deviceId, ...signed);
      return (await rowOf(deviceId, range)).onlineSeconds;
    };
    expect(await seconds({}, 5 * HOUR_MS)).toBe(7200);
    expect(await seconds({ status: 'online' }, 9 * HOUR_MS, -5 * HOUR_MS)).toBe(0);
    expect(await seconds({}, -3 * HOUR_MS)).toBe(3600);
    expect(await seconds({}, 3 * HOUR_MS)).toBe(3600);
    expect(await seconds({}, -HOUR_MS)).toBe(7200);
    expect(await seconds({ status: 'online' }, HOUR_MS)).toBe(0);
    expect(await seconds({ status: 'online' })).toBe(7200);
    expect(await seconds({})).toBe(0);
    // Two nodes told of the last two before the start, and the clock of one was ahead: what happened last stands.
    expect(await seconds({}, 6 * HOUR_MS, -5 * HOUR_MS, 5 * HOUR_MS + 50)).toBe(7200);
  });

  test('counts a device from its creation, and nothing that is still to come', async () => {
    const deviceId = await insertDevice(db, tenantId, { created_at: now - 3 * HOUR_MS });
    await tell(deviceId, 2 * HOUR_MS);
    expect(await rowOf(deviceId)).toMatchObject({ onlineSeconds: 7200, offlineSeconds: 3600, outages: 1 });
    const ahead = await rowOf(deviceId, `&from=${at(HOUR_MS)}&to=${at(-DAY_MS)}`);
    expect(ahead).toMatchObject({ onlineSeconds: 3600, offlineSeconds: 0, availabilityPercent: 100 });
    const nothing = { onlineSeconds: 0, offlineSeconds: 0, availabilityPercent: null, outages: 0 };
    expect(await rowOf(deviceId, `&from=${at(-HOUR_MS)}&to=${at(-DAY_MS)}`)).toMatchObject(nothing);
    expect(await rowOf(deviceId, `&from=${at(5 * HOUR_MS)}&to=${at(4 * HOUR_MS)}`)).toMatchObject(nothing);
  });

  test('says 100 percent of no device that was offline, however briefly', async () => {
    const deviceId = await insertDevice(db, tenantId);
    await tell(deviceId, 300 * DAY_MS, -5, 4);
    expect(await rowOf(deviceId, `&from=${at(300 * DAY_MS)}`)).toMatchObject({
      availabilityPercent: 99.999,
      offlineSeconds: 0.001,
    });
  });

  test('of more transitions than are read at once is exact, and its devices stay apart', async () => {
    const group = await api.newGroup(tenantId, 'Busy');
    const ids = [];
    for (let index = 0; index < 4; index += 1) ids.push(await insertDevice(db, tenantId, { group_id: group }));
    // Online for a second of every three, over 1,500 rounds; the second device has two thirds of a page, the last one nothing.
    const rounds = (count: number): number[] =>
      Array.from({ length: count }, (_, round) => (count - round) * 3000).flatMap((ago) => [ago, -(ago - 1000)]);
    await tell(ids[0] ?? 0, ...rounds(1_500));
    await tell(ids[1] ?? 0, ...rounds(700));
    await tell(ids[2] ?? 0, ...rounds(2_300));
    const { data } = await report(`?groupId=${group}&sort=deviceId&from=${at(6_900_000)}`);
    expect(data.rows.map((row: Row) => [row.deviceId, row.onlineSeconds, row.offlineSeconds, row.outages])).toEqual([
      [ids[0], 1_500, 5_400, 1_501],
      [ids[1], 700, 6_200, 701],
      [ids[2], 2_300, 4_600, 2_300],
      [ids[3], 0, 6_900, 1],
    ]);
  });

  test('agrees with a recount, whatever was told', async () => {
    const group = await api.newGroup(tenantId, 'Any');
    const histories = fc.array(fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 8 }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(histories, fc.integer({ min: 1, max: 100 }), fc.nat(60), async (drawn, fromAgo, length) => {
        const expected: Partial<Row>[] = [];
        const subgroup = await api.newGroup(tenantId, `Draw ${api.ctx.ids.uuid()}`, group);
        for (const times of drawn) {
          const agos = [...new Set(times)].sort((a, b) => b - a);
          const signed = agos.map((ago, index) => (index % 2 === 0 ? ago : -ago) * 1000);
          const deviceId = await insertDevice(db, tenantId, { group_id: subgroup });
          await tell(deviceId, ...signed);
          expected.push({ deviceId, ...recount(signed, fromAgo, Math.max(0, fromAgo - length - 1)) });
        }
        const range = `&from=${at(fromAgo * 1000)}&to=${at(Math.max(0, fromAgo - length - 1) * 1000)}`;
        const { data } = await report(`?groupId=${subgroup}&sort=deviceId${range}`);
        expect(data.rows).toMatchObject(expected);
      }),
      { numRuns: 25 },
    );
  });

  /** Second by second. A device is offline before its first transition. */
  function recount(signed: readonly number[], fromAgo: number, toAgo: number): Partial<Row> {
    const seconds = Array.from({ length: fromAgo - toAgo }, (_, index) => fromAgo - index);
    const isOnline = seconds.map((ago) => (signed.findLast((told) => Math.abs(told) >= ago * 1000) ?? -1) > 0);
    const runs = isOnline
      .map((online) => (online ? ' ' : '#'))
      .join('')
      .split(' ')
      .filter((run) => run !== '');
    return {
      onlineSeconds: isOnline.filter(Boolean).length,
      offlineSeconds: isOnline.filter((online) => !online).length,
      outages: runs.length,
      longestOutageSeconds: Math.max(0, ...runs.map((run) => run.length)),
    };
  }

  describe('as a file', () => {
    test('has every device, however many there are', async () => {
      const group = await api.newGroup(tenantId, 'Large');
      await db.sql.transaction().execute(async (tx) => {
        for (let index = 0; index < 405; index += 1) {
          await insertDevice({ ...db, sql: tx }, tenantId, { group_id: group, name: `=Screen, ${index}` });
        }
      });
      const answer = await api.send('GET', `/api/v1/reports/availability?groupId=${group}&format=csv`, { as: admin });
      expect(answer.statusCode).toBe(200);
      expect(answer.headers['content-type']).toContain('text/csv');
      const lines = answer.body.trimEnd().split('\r\n');
      expect(lines).toHaveLength(406);
      expect(new Set(lines).size).toBe(406);
      expect((await report(`?groupId=${group}&limit=200&page=3`)).data.rows).toHaveLength(5);
    });

    test.each(['csv', 'xlsx', 'pdf'])('is made in %s', async (format) => {
      const deviceId = await insertDevice(db, tenantId);
      const url = `/api/v1/reports/availability?deviceId=${deviceId}&format=${format}`;
      const answer = await api.send('GET', url, { as: admin });
      expect(answer.statusCode).toBe(200);
      expect(answer.headers['content-disposition']).toMatch(
        new RegExp(`^attachment; filename="availability-.*\\.${format}"$`),
      );
      expect(answer.rawPayload.length).toBeGreaterThan(100);
    });
  });

  test('has what the caller may see, and nothing of others', async () => {
    const [ours, theirs] = [await api.newGroup(tenantId, 'Ours'), await api.newGroup(tenantId, 'Theirs')];
    const below = await api.newGroup(tenantId, 'Below', ours);
    const reader = await api.newUser(tenantId, 'user', [ours]);
    const nobody = await api.newUser(tenantId, 'user', []);
    const strangers = await api.newTenant('Strangers');
    const stranger = await api.newUser(strangers, 'admin');
    const seen = [
      await insertDevice(db, tenantId, { group_id: ours, name: 'A' }),
      await insertDevice(db, tenantId, { group_id: below, name: 'B' }),
    ];
    const hidden = await insertDevice(db, tenantId, { group_id: theirs });
    const idsOf = async (query: string, as: TestUser) =>
      (await report(query, as)).data.rows.map((row: Row) => row.deviceId);
    expect(await idsOf('', reader)).toEqual(seen);
    expect(await idsOf('?sort=-name', reader)).toEqual(seen.toReversed());
    expect(await idsOf(`?groupId=${below}`, reader)).toEqual([seen[1]]);
    expect(await idsOf('?q=b', reader)).toEqual([seen[1]]);
    expect(await idsOf('', nobody)).toEqual([]);
    expect(await idsOf('', stranger)).toEqual([]);
    // [INV-10] Out of scope and another tenant's is as good as none.
    for (const [query, as] of [
      [`?deviceId=${hidden}`, reader],
      [`?groupId=${theirs}`, reader],
      [`?deviceId=${seen[0]}`, stranger],
      [`?groupId=${ours}`, stranger],
      ['?deviceId=999999', admin],
    ] as const) {
      expect(await report(query, as)).toMatchObject({ status: 404, error: { code: 'NOT_FOUND' } });
    }
  });

  test.each([
    ['from=yesterday', 'from'],
    ['from=2026-02-30', 'from'],
    ['from=2026-11-02&to=2026-11-02', 'from'],
    ['from=2025-11-01&to=2026-11-20', 'from'],
    ['timezone=Nowhere', 'timezone'],
    ['format=doc', 'format'],
    ['groupId=0', 'groupId'],
  ])('refuses %s', async (query, field) => {
    const { status, error } = await report(`?${query}`);
    expect(status).toBe(400);
    expect(error.code).toBe('VALIDATION_ERROR');
    expect(error.details.map((detail: { field: string }) => detail.field)).toContain(field);
  });
});
