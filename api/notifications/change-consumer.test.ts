import { Value } from 'typebox/value';
import { beforeEach, expect, test } from 'vitest';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { insertDevice } from '../testing/device-rows.ts';
import { ChangeConsumer, CONSUMER, ensureCursor, LEASE_MS, POISON_TRIES } from './change-consumer.ts';
import { AlertEvent } from './event-json.ts';
import { createNotificationMetrics } from './notification-metrics.ts';
import { openNotifications, told, type NotificationsFixture } from './testing/outside-world.ts';
import { Registry } from 'prom-client';

describeEachDatabase('following the change log for notifications', (open) => {
  let db: TestDatabase;
  let fixture: NotificationsFixture;
  beforeEach(async () => {
    db = await open();
    fixture = await openNotifications(db);
  });

  const cursor = () => db.sql.selectFrom('consumers').selectAll().where('name', '=', CONSUMER).execute();
  const stored = async (): Promise<string[]> => {
    const rows = await db.sql.selectFrom('notifications').select(['event_id']).orderBy('id').execute();
    return rows.map((row) => row.event_id.replace(/:\d+:/, ' '));
  };
  const deliveries = async () => {
    const rows = await db.sql
      .selectFrom('notification_deliveries')
      .select(['channel', 'webhook_id', 'tenant_id'])
      .orderBy('id')
      .execute();
    return rows.map((row) => [row.channel, row.webhook_id, row.tenant_id]);
  };
  const head = async (): Promise<number> =>
    (await db.sql.selectFrom('counters').select('value').where('name', '=', 'rev').executeTakeFirstOrThrow()).value;

  test('a new cursor begins at the head, and several that start at once make one', async () => {
    await db.sql.deleteFrom('consumers').execute();
    const past = await fixture.raise();
    const handles = [db, db.reopen(), db.reopen()];
    await Promise.all(handles.map((handle) => ensureCursor({ ...fixture.api.ctx, db: handle })));
    expect(await cursor()).toMatchObject([{ rev: await head(), lease_owner: null }]);
    const next = await fixture.raise();
    await ensureCursor(fixture.api.ctx);
    expect(await fixture.newNode('a').consumer.step()).toEqual({ reads: true, stored: 1 });
    expect(await stored()).toEqual([`alert.started ${next}`]);
    expect(past).toBeLessThan(next);
  });

  test('start and stop are told once, in full, to the topic and to who asked for them', async () => {
    const device = await insertDevice(db, fixture.tenantId, { group_id: fixture.groupId, status: 'online' });
    const alone = await insertDevice(db, fixture.tenantId);
    const all = await fixture.newWebhook('https://all.example');
    const stops = await fixture.newWebhook('https://stops.example', ['alert.stopped']);
    const disabled = await fixture.newWebhook('https://disabled.example');
    await db.sql.updateTable('webhooks').set({ enabled: 0 }).where('id', '=', disabled).execute();
    const stranger = await fixture.api.newTenant('stranger');
    await fixture.newWebhook('https://stranger.example', undefined, await fixture.api.newUser(stranger, 'admin'));

    const id = await fixture.raise({ deviceIds: [alone], expiresInSeconds: 60, drill: true });
    fixture.api.clock.advance(1_500);
    await fixture.stop(id);
    const { consumer } = fixture.newNode('a');
    expect(await consumer.step()).toEqual({ reads: true, stored: 5 });
    expect(await consumer.step()).toEqual({ reads: true, stored: 0 });
    expect(await stored()).toEqual([`alert.started ${id}`, `alert.stopped ${id}`]);
    expect(await deliveries()).toEqual([
      ['sns', null, fixture.tenantId],
      ['webhook', all, fixture.tenantId],
      ['sns', null, fixture.tenantId],
      ['webhook', all, fixture.tenantId],
      ['webhook', stops, fixture.tenantId],
    ]);
    const rows = await db.sql.selectFrom('notifications').select(['event_id', 'payload']).orderBy('id').execute();
    const [started, stopped] = rows.map((row) => JSON.parse(row.payload));
    for (const event of [started, stopped]) expect([...Value.Errors(AlertEvent, event)]).toEqual([]);
    const { value: epoch } = await db.sql
      .selectFrom('settings')
      .select('value')
      .where('name', '=', 'epoch')
      .executeTakeFirstOrThrow();
    const deployment = {
      deploymentId: id,
      alertId: null,
      severity: 'critical',
      title: 'Fire',
      message: 'Leave',
      drill: true,
      startedAt: '2026-11-20T09:00:00.000Z',
      expiresAt: '2026-11-20T09:01:00.000Z',
      targets: { groupIds: [fixture.groupId], deviceIds: [alone], total: 2, online: 1 },
    };
    expect(started).toEqual({
      eventId: `alert.started:${epoch}:${id}`,
      kind: 'alert.started',
      at: '2026-11-20T09:00:00.000Z',
      tenantId: fixture.tenantId,
      deployment,
    });
    expect(stopped).toEqual({
      eventId: `alert.stopped:${epoch}:${id}`,
      kind: 'alert.stopped',
      at: '2026-11-20T09:00:01.500Z',
      tenantId: fixture.tenantId,
      deployment: { ...deployment, stoppedAt: '2026-11-20T09:00:01.500Z' },
    });
    expect(device).toBeGreaterThan(0);
  });

  test('where nobody listens nothing is kept but the watch, and the cursor moves on', async () => {
    const silent = await openNotifications(await open(), false);
    await silent.raise();
    expect(await silent.newNode('a').consumer.step()).toEqual({ reads: true, stored: 0 });
    const { sql } = silent.api.ctx.db;
    expect(await sql.selectFrom('notifications').select('id').execute()).toEqual([]);
    expect(await sql.selectFrom('alert_watches').select('due_at').execute()).toEqual([
      { due_at: silent.api.clock.now() + 30_000 },
    ]);
    const [row] = await sql.selectFrom('consumers').select('rev').execute();
    const [counter] = await sql.selectFrom('counters').select('value').where('name', '=', 'rev').execute();
    expect(row?.rev).toBe(counter?.value);
  });

  test('one process reads at a time; another takes over when the lease has run out, or when it is given back', async () => {
    const a = fixture.newNode('a').consumer;
    const b = fixture.newNode('b', db.reopen()).consumer;
    const first = await fixture.raise();
    expect(await a.step()).toEqual({ reads: true, stored: 1 });
    const second = await fixture.raise();
    expect(await b.step()).toEqual({ reads: false, stored: 0 });
    fixture.api.clock.advance(LEASE_MS - 1);
    expect(await b.step()).toEqual({ reads: false, stored: 0 });
    fixture.api.clock.advance(1);
    expect(await b.step()).toEqual({ reads: true, stored: 1 });
    expect(await a.step()).toEqual({ reads: false, stored: 0 });
    await b.release();
    const third = await fixture.raise();
    expect(await a.step()).toEqual({ reads: true, stored: 1 });
    expect(await stored()).toEqual([first, second, third].map((id) => `alert.started ${id}`));
  });

  test('processes that all believe to have the lease tell of everything once', async () => {
    const consumers = ['a', 'b', 'c'].map((name) => fixture.newNode(name, db.reopen()).consumer);
    const ids: number[] = [];
    for (let round = 0; round < 5; round++) {
      ids.push(await fixture.raise());
      // Every clock says that the other's lease has run out.
      fixture.api.clock.advance(LEASE_MS);
      await Promise.allSettled(consumers.map((consumer) => consumer.step()));
    }
    fixture.api.clock.advance(LEASE_MS);
    await consumers[0]?.step();
    expect(await stored()).toEqual(ids.map((id) => `alert.started ${id}`));
    expect(await deliveries()).toHaveLength(ids.length);
  });

  test('a process that dies between storing and moving the cursor has stored nothing; the next one tells it', async () => {
    const id = await fixture.raise();
    const dying = new ChangeConsumer(
      {
        ...fixture.api.ctx,
        metrics: createNotificationMetrics(new Registry()),
        settings: {
          ...fixture.api.ctx.settings,
          // Read after the events are stored and before the cursor moves.
          get unconfirmedSeconds(): number {
            throw new Error('killed');
          },
        },
      },
      'dying',
    );
    await expect(dying.step()).rejects.toThrow('killed');
    expect([await stored(), await deliveries()]).toEqual([[], []]);
    fixture.api.clock.advance(LEASE_MS);
    expect(await fixture.newNode('heir').consumer.step()).toEqual({ reads: true, stored: 1 });
    expect(await stored()).toEqual([`alert.started ${id}`]);
  });

  test('a change that cannot be turned holds up the log for a few tries, and is passed over with a line in the log', async () => {
    const before = await fixture.raise();
    const poisoned = await fixture.raise();
    const after = await fixture.raise();
    const { rev } = await db.sql
      .selectFrom('alert_deployments')
      .select('rev')
      .where('id', '=', poisoned)
      .executeTakeFirstOrThrow();
    await db.sql.updateTable('changes').set({ payload: '{"alert":' }).where('rev', '=', rev).execute();
    const { consumer, registry } = fixture.newNode('a');
    for (let tries = 1; tries < POISON_TRIES; tries++) {
      await expect(consumer.step()).rejects.toThrow(SyntaxError);
      expect(await stored()).toEqual([`alert.started ${before}`]);
    }
    expect(await consumer.step()).toEqual({ reads: true, stored: 1 });
    expect(await stored()).toEqual([`alert.started ${before}`, `alert.started ${after}`]);
    expect(fixture.api.logLines.filter((line) => line.includes('passed over'))).toHaveLength(1);
    expect(await registry.getSingleMetricAsString('podoh_notifications_skipped_total')).toContain('_total 1');
  });

  test('a log that was pruned past the cursor is read on from what is there', async () => {
    await fixture.raise();
    await db.sql.deleteFrom('changes').execute();
    const { consumer } = fixture.newNode('a');
    expect(await consumer.step()).toEqual({ reads: true, stored: 0 });
    expect(await cursor()).toMatchObject([{ rev: await head() }]);
    await fixture.raise();
    const [gone, kept] = [await head(), await fixture.raise()];
    await db.sql.deleteFrom('changes').where('rev', '<=', gone).execute();
    expect(await consumer.step()).toEqual({ reads: true, stored: 1 });
    expect(await stored()).toEqual([`alert.started ${kept}`]);
    expect(fixture.api.logLines.filter((line) => line.includes('pruned past the cursor'))).toHaveLength(2);
  });

  test('a cursor ahead of the log, as after a restore, goes back to its head', async () => {
    await db.sql.updateTable('consumers').set({ rev: 1_000_000 }).execute();
    const { consumer } = fixture.newNode('a');
    await consumer.step();
    const id = await fixture.raise();
    expect(await consumer.step()).toEqual({ reads: true, stored: 1 });
    expect(await stored()).toEqual([`alert.started ${id}`]);
  });

  test('many changes, of which few concern the outside, are read in pages', async () => {
    const { tenantId } = fixture;
    const first = await fixture.raise();
    const at = await head();
    const filler = Array.from({ length: 1_200 }, (_, index) => ({
      rev: at + 1 + index,
      tenant_id: tenantId,
      kind: 'user.changed',
      payload: 'no JSON: nobody reads it',
      created_at: 1,
    }));
    for (let from = 0; from < filler.length; from += 400) {
      await db.sql
        .insertInto('changes')
        .values(filler.slice(from, from + 400))
        .execute();
    }
    await db.sql
      .updateTable('counters')
      .set({ value: at + filler.length })
      .where('name', '=', 'rev')
      .execute();
    const last = await fixture.raise();
    const node = fixture.newNode('a');
    await node.run();
    expect(told(fixture.world.topic.taken)).toEqual([`alert.started ${first}`, `alert.started ${last}`]);
    expect(await node.registry.getSingleMetricAsString('podoh_notifications_cursor_lag')).toContain('cursor_lag 0');
  });
});
