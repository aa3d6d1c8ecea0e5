import { Value } from 'typebox/value';
import { beforeEach, expect, test } from 'vitest';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { insertDevice, insertReceipt } from '../testing/device-rows.ts';
import { POISON_TRIES } from './change-consumer.ts';
import { AlertEvent, EVENT_DEVICES_MAX } from './event-json.ts';
import { openNotifications, type NotificationsFixture, type TestNode } from './testing/outside-world.ts';

/** The default of PODOH_UNCONFIRMED_SECONDS. */
const UNCONFIRMED_MS = 30_000;

describeEachDatabase('alerts that stay unconfirmed', (open) => {
  let db: TestDatabase;
  let fixture: NotificationsFixture;
  let node: TestNode;
  beforeEach(async () => {
    db = await open();
    fixture = await openNotifications(db);
    node = fixture.newNode('a');
  });

  const device = (name: string) => insertDevice(db, fixture.tenantId, { group_id: fixture.groupId, name });
  const receipt = (deploymentId: number, deviceId: number, columns: object) =>
    insertReceipt(db, fixture.tenantId, deploymentId, deviceId, columns);
  const unconfirmed = (): AlertEvent[] =>
    fixture.world.topic.taken
      .filter(({ kind }) => kind === 'alert.unconfirmed')
      .map(({ body }) => JSON.parse(body) as AlertEvent);
  const watches = () => db.sql.selectFrom('alert_watches').select('deployment_id').execute();

  test('the outside is told once, at the time, which screens are missing and why', async () => {
    const [shown, silent, broken, late] = [
      await device('Shown'),
      await device('Silent'),
      await device('Broken'),
      await device('Late'),
    ];
    const id = await fixture.raise();
    await receipt(id, shown, { displayed_at: 1 });
    await receipt(id, late, { received_at: 1 });
    await receipt(id, broken, { failed_at: 1, reason: 'no room' });
    await node.run();
    fixture.api.clock.advance(UNCONFIRMED_MS - 1);
    await node.run();
    expect([unconfirmed(), await watches()]).toEqual([[], [{ deployment_id: id }]]);
    fixture.api.clock.advance(1);
    await node.run();
    await node.run();
    const [event, ...others] = unconfirmed();
    expect([others, await watches()]).toEqual([[], []]);
    expect([...Value.Errors(AlertEvent, event)]).toEqual([]);
    expect(event).toMatchObject({
      kind: 'alert.unconfirmed',
      at: '2026-11-20T09:00:30.000Z',
      tenantId: fixture.tenantId,
      deployment: { deploymentId: id, title: 'Fire', targets: { total: 4 } },
      ladder: { targeted: 4, displayed: 1, failed: 1, received: 3, unconfirmed: 2 },
      devices: [
        { deviceId: broken, name: 'Broken', state: 'failed', reason: 'no room' },
        { deviceId: silent, name: 'Silent', state: 'unconfirmed', reason: null },
        { deviceId: late, name: 'Late', state: 'unconfirmed', reason: null },
      ],
    });
    expect(event?.eventId).toMatch(new RegExp(`^alert\\.unconfirmed:\\d+:${id}$`));
  });

  test('nothing is told of what is on every screen, stopped, over, or aimed at nobody', async () => {
    const screen = await device('Screen');
    const everywhere = await fixture.raise();
    await receipt(everywhere, screen, { displayed_at: 1 });
    await fixture.stop(await fixture.raise());
    await fixture.raise({ expiresInSeconds: 30 });
    await fixture.raise({ groupIds: [await fixture.api.newGroup(fixture.tenantId, 'Empty')] });
    await node.run();
    expect(await watches()).toHaveLength(4);
    fixture.api.clock.advance(UNCONFIRMED_MS);
    await node.run();
    expect([unconfirmed(), await watches()]).toEqual([[], []]);
  });

  test('of many screens the first are named and all are counted', async () => {
    for (let at = 0; at < EVENT_DEVICES_MAX + 5; at++) await device(`Screen ${at}`);
    await fixture.raise();
    await node.run();
    fixture.api.clock.advance(UNCONFIRMED_MS);
    await node.run();
    const [event] = unconfirmed();
    expect(event?.devices).toHaveLength(EVENT_DEVICES_MAX);
    expect(event?.ladder?.unconfirmed).toBe(EVENT_DEVICES_MAX + 5);
  });

  test('two that look at the same time tell of it once', async () => {
    await device('Screen');
    await fixture.raise();
    await node.run();
    fixture.api.clock.advance(UNCONFIRMED_MS);
    const other = fixture.newNode('b', db.reopen());
    const stored = await Promise.all([node.watcher.step(), other.watcher.step()]);
    expect(stored.toSorted()).toEqual([0, 1]);
    await node.run();
    expect(unconfirmed()).toHaveLength(1);
  });

  test('who stands still on that kind alone is told of nothing else, and nobody counts screens for nobody', async () => {
    const quiet = await openNotifications(await open(), false);
    await quiet.newWebhook('https://only.example', ['alert.unconfirmed']);
    await quiet.newWebhook('https://others.example', ['alert.started', 'alert.stopped']);
    await insertDevice(quiet.api.ctx.db, quiet.tenantId, { group_id: quiet.groupId });
    await quiet.raise();
    const own = quiet.newNode('a');
    await own.run();
    quiet.api.clock.advance(UNCONFIRMED_MS);
    await own.run();
    const kinds = (url: string) => quiet.world.webhook(url).taken.map(({ kind }) => kind);
    expect(kinds('https://only.example')).toEqual(['alert.unconfirmed']);
    expect(kinds('https://others.example')).toEqual(['alert.started']);
  });

  test('one that cannot be looked at keeps no other from being told, and is passed over after a few tries', async () => {
    await device('Screen');
    const sick = await fixture.raise();
    const well = await fixture.raise();
    await node.run();
    await db.sql
      .updateTable('alert_deployments')
      .set({ expires_at: Number.MAX_SAFE_INTEGER })
      .where('id', '=', sick)
      .execute();
    fixture.api.clock.advance(UNCONFIRMED_MS);
    for (let tries = 1; tries < POISON_TRIES; tries++) await node.watcher.step();
    expect(await watches()).toEqual([{ deployment_id: sick }]);
    await node.run();
    expect(await watches()).toEqual([]);
    expect(unconfirmed().map(({ deployment }) => deployment.deploymentId)).toEqual([well]);
    expect(await node.registry.getSingleMetricAsString('podoh_notifications_skipped_total')).toContain('_total 1');
  });
});
