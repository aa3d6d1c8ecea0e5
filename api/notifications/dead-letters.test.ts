import { beforeEach, expect, test } from 'vitest';
import { Registry } from 'prom-client';
import { NotDeliveredError } from '../../hub/core/ports.ts';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import type { TestUser } from '../testing/api-fixture.ts';
import { GIVE_UP_AFTER_MS } from './next-attempt.ts';
import { createNotificationMetrics } from './notification-metrics.ts';
import { pruneNotifications } from './prune-notifications.ts';
import { isAway, openNotifications, takes, type NotificationsFixture, type TestNode } from './testing/outside-world.ts';

const URL = '/api/v1/notifications';
const HOOK = 'https://hook.example';
const DAY_MS = 24 * 3_600_000;

describeEachDatabase('dead letters, and how notifications are doing', (open) => {
  let db: TestDatabase;
  let fixture: NotificationsFixture;
  let node: TestNode;
  let webhookId: number;
  beforeEach(async () => {
    db = await open();
    fixture = await openNotifications(db);
    node = fixture.newNode('a');
    webhookId = await fixture.newWebhook(HOOK);
    fixture.world.webhook(HOOK).behave(async () => {
      throw new NotDeliveredError('the webhook answered 410', false);
    });
  });

  const get = async (path: string, as?: TestUser) =>
    fixture.api.send('GET', `${URL}${path}`, { as: as ?? (await fixture.signIn()) });
  const retry = async (id: number, as?: TestUser) =>
    fixture.api.send('POST', `${URL}/dead-letters/${id}/retry`, { as: as ?? (await fixture.signIn()) });
  const status = async (as?: TestUser) => (await get('/status', as)).json().data;
  const letters = async (query = '') => (await get(`/dead-letters${query}`)).json();
  const tables = async () => ({
    notifications: (await db.sql.selectFrom('notifications').select('id').execute()).length,
    deliveries: (await db.sql.selectFrom('notification_deliveries').select('id').execute()).length,
    letters: (await db.sql.selectFrom('notification_dead_letters').select('id').execute()).length,
  });

  test('are listed, filtered, shown with their event, and delivered after all', async () => {
    const deploymentId = await fixture.raise();
    await fixture.stop(deploymentId);
    await node.run();
    expect((await letters('?sort=id&limit=1')).meta).toEqual({ page: 1, limit: 1, total: 2 });
    const { data } = await letters('?kind=alert.started');
    expect(data[0]).toEqual({
      id: data[0].id,
      eventId: data[0].eventId,
      kind: 'alert.started',
      channel: 'webhook',
      webhookId,
      webhookName: 'Hook',
      attempts: 1,
      lastError: 'the webhook answered 410',
      toldAt: '2026-11-20T09:00:00.000Z',
      diedAt: '2026-11-20T09:00:00.000Z',
    });
    for (const [query, total] of [
      ['?kind=alert.stopped', 1],
      ['?channel=sns', 0],
      [`?channel=webhook&webhookId=${webhookId}`, 2],
      ['?webhookId=999999', 0],
      ['?q=STARTED', 1],
      ['?q=410', 2],
      ['?q=%25', 0],
    ] as const) {
      expect([query, (await letters(query)).meta.total]).toEqual([query, total]);
    }
    const one = (await get(`/dead-letters/${data[0].id}`)).json().data;
    expect(one).toMatchObject({ ...data[0], event: { kind: 'alert.started', deployment: { deploymentId } } });
    expect(await status()).toEqual({ cursorLag: 0, pending: 0, dead: 2, sns: 'configured' });

    fixture.world.webhook(HOOK).behave(takes);
    expect((await retry(data[0].id)).statusCode).toBe(200);
    expect((await retry(data[0].id)).statusCode).toBe(404);
    expect(await status()).toEqual({ cursorLag: 0, pending: 1, dead: 1, sns: 'configured' });
    await node.run();
    expect(fixture.world.webhook(HOOK).taken.map(({ eventId }) => eventId)).toEqual([data[0].eventId]);
    expect(await status()).toEqual({ cursorLag: 0, pending: 0, dead: 1, sns: 'configured' });
  });

  test('where there is nobody to deliver to, trying again is a conflict', async () => {
    await fixture.raise();
    await node.run();
    const [letter] = (await letters()).data;
    await db.sql.updateTable('webhooks').set({ enabled: 0 }).execute();
    expect((await retry(letter.id)).json().error.code).toBe('CONFLICT');
    await db.sql.deleteFrom('webhooks').execute();
    expect((await retry(letter.id)).statusCode).toBe(409);
    expect((await letters()).data).toMatchObject([{ id: letter.id, webhookId, webhookName: null }]);
    const bare = await openNotifications(db, false);
    await db.sql
      .updateTable('notification_dead_letters')
      .set({ channel: 'sns', webhook_id: null, tenant_id: bare.tenantId })
      .execute();
    const answer = await bare.api.send('POST', `${URL}/dead-letters/${letter.id}/retry`, { as: bare.admin });
    expect(answer.json().error).toMatchObject({ code: 'CONFLICT', message: 'There is no topic to publish to' });
    expect((await bare.api.send('GET', `${URL}/status`, { as: bare.admin })).json().data.sns).toBe('absent');
  });

  test('[INV-10] another tenant sees none of it, nor how much of it there is; other roles see nothing', async () => {
    await fixture.raise();
    await node.run();
    await fixture.raise();
    const [letter] = (await letters()).data;
    const stranger = await fixture.api.newUser(await fixture.api.newTenant('stranger'), 'admin');
    expect((await get('/dead-letters', stranger)).json().data).toEqual([]);
    expect((await get(`/dead-letters/${letter.id}`, stranger)).statusCode).toBe(404);
    expect((await retry(letter.id, stranger)).statusCode).toBe(404);
    expect(await status(stranger)).toEqual({ cursorLag: 0, pending: 0, dead: 0, sns: 'configured' });
    expect(await status()).toMatchObject({ cursorLag: 1, dead: 1 });
    for (const role of ['manager', 'user'] as const) {
      const user = await fixture.api.newUser(fixture.tenantId, role, [fixture.groupId]);
      for (const path of ['/status', '/dead-letters', `/dead-letters/${letter.id}`])
        expect((await get(path, user)).statusCode).toBe(403);
      expect((await retry(letter.id, user)).statusCode).toBe(403);
    }
  });

  test('a webhook takes what waits for it along when it is deleted', async () => {
    fixture.world.webhook(HOOK).behave(isAway);
    await fixture.raise();
    await node.run();
    expect(await tables()).toEqual({ notifications: 1, deliveries: 1, letters: 0 });
    await fixture.api.send('DELETE', `/api/v1/webhooks/${webhookId}`, { as: fixture.admin });
    expect(await tables()).toEqual({ notifications: 1, deliveries: 0, letters: 0 });
  });

  test('what is a month old goes, but not what may still be sent', async () => {
    const metrics = createNotificationMetrics(new Registry());
    const prune = () => pruneNotifications(fixture.api.ctx, metrics);
    fixture.world.topic.behave(isAway);
    await fixture.raise();
    await node.run();
    expect(await tables()).toEqual({ notifications: 1, deliveries: 1, letters: 1 });
    fixture.api.clock.advance(29 * DAY_MS);
    await fixture.raise();
    await node.run();
    await node.run();
    await prune();
    // Both died of age or at once; the newer one's delivery to the topic is put off.
    expect(await tables()).toEqual({ notifications: 2, deliveries: 1, letters: 3 });
    fixture.api.clock.advance(2 * DAY_MS);
    await prune();
    // The old one has a letter that died two days ago; the other of its letters is gone.
    expect(await tables()).toEqual({ notifications: 2, deliveries: 1, letters: 2 });
    await node.run();
    fixture.api.clock.advance(31 * DAY_MS);
    await prune();
    expect(await tables()).toEqual({ notifications: 0, deliveries: 0, letters: 0 });
  });

  test('what waits for a topic that nobody has any more is buried after a day', async () => {
    await fixture.raise();
    await node.consumer.step();
    const bare = await openNotifications(db, false);
    const registry = new Registry();
    const metrics = createNotificationMetrics(registry);
    await pruneNotifications({ ...bare.api.ctx, clock: fixture.api.clock }, metrics);
    expect(await tables()).toMatchObject({ deliveries: 2, letters: 0 });
    fixture.api.clock.advance(GIVE_UP_AFTER_MS + 3_600_001);
    await pruneNotifications({ ...bare.api.ctx, clock: fixture.api.clock }, metrics);
    // The webhook's is the sender's to try.
    expect(await tables()).toMatchObject({ deliveries: 1, letters: 1 });
    expect((await letters('?channel=sns')).data).toMatchObject([{ lastError: 'there is no topic', webhookId: null }]);
    expect(await registry.getSingleMetricAsString('podoh_notifications_dead_total')).toContain('{channel="sns"} 1');
  });
});
