import { beforeEach, expect, test } from 'vitest';
import { NotDeliveredError, type OutsideEvent } from '../../hub/core/ports.ts';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { eventually } from '../../test/support/eventually.ts';
import { DELIVERY_LEASE_MS } from './due-deliveries.ts';
import { GIVE_UP_AFTER_MS } from './next-attempt.ts';
import {
  hangs,
  isAway,
  openNotifications,
  takes,
  told,
  type NotificationsFixture,
  type TestNode,
} from './testing/outside-world.ts';

const HOUR_MS = 3_600_000;
const HOOK = 'https://hook.example';

describeEachDatabase('sending notifications', (open) => {
  let db: TestDatabase;
  let fixture: NotificationsFixture;
  let node: TestNode;
  beforeEach(async () => {
    db = await open();
    fixture = await openNotifications(db);
    node = fixture.newNode('a');
  });

  const pending = () =>
    db.sql
      .selectFrom('notification_deliveries')
      .select(['id', 'channel', 'attempts', 'next_attempt_at', 'lease_until', 'last_error'])
      .orderBy('id')
      .execute();
  const dead = () =>
    db.sql
      .selectFrom('notification_dead_letters')
      .select(['id', 'channel', 'attempts', 'last_error', 'died_at'])
      .orderBy('id')
      .execute();
  const raise = async (count: number): Promise<string[]> => {
    const ids: number[] = [];
    for (let at = 0; at < count; at++) ids.push(await fixture.raise());
    return ids.map((id) => `alert.started ${id}`);
  };

  test('a topic that is away for hours gets everything once it is back, each event once', async () => {
    fixture.world.topic.behave(isAway);
    const early = await raise(12);
    for (let minutes = 0; minutes < 6 * 60; minutes += 20) {
      await node.run();
      fixture.api.clock.advance(20 * 60_000);
    }
    const late = await raise(3);
    await node.run();
    expect(await pending()).toHaveLength(15);
    expect(await dead()).toEqual([]);
    expect(fixture.world.topic.taken).toEqual([]);
    fixture.world.topic.behave(takes);
    // The longest that anything was put off. The first that is taken calls back all the others.
    fixture.api.clock.advance(15 * 60_000);
    await node.run();
    await node.run();
    expect(told(fixture.world.topic.taken).sort()).toEqual([...early, ...late].sort());
    expect(await pending()).toEqual([]);
    const metric = await node.registry.getSingleMetricAsString('podoh_notifications_delivered_total');
    expect(metric).toContain('{channel="sns"} 15');
  });

  test('the same bytes at every attempt, and each attempt later than the one before', async () => {
    fixture.world.topic.behave(isAway);
    await raise(1);
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 12; attempt++) {
      await node.run();
      const [row] = await pending();
      expect(row).toMatchObject({ attempts: attempt, lease_until: null, last_error: 'away' });
      const waitMs = (row?.next_attempt_at ?? 0) - fixture.api.clock.now();
      const fullMs = Math.min(1_000 * 2 ** (attempt - 1), 900_000);
      expect(waitMs).toBeGreaterThanOrEqual(fullMs / 2);
      expect(waitMs).toBeLessThanOrEqual(fullMs);
      waits.push(waitMs);
      fixture.api.clock.advance(waitMs - 1);
      await node.run();
      expect(fixture.world.topic.reached).toHaveLength(attempt);
      fixture.api.clock.advance(1);
    }
    expect(new Set(fixture.world.topic.reached.map((event) => JSON.stringify(event))).size).toBe(1);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(450_000);
  });

  test('given up after a day, kept as a dead letter, and delivered when an operator says so', async () => {
    fixture.world.topic.behave(isAway);
    const [event] = await raise(1);
    for (let passed = 0; passed <= GIVE_UP_AFTER_MS; passed += HOUR_MS) {
      expect(await dead()).toEqual([]);
      await node.run();
      fixture.api.clock.advance(HOUR_MS);
    }
    await node.run();
    const [letter, ...others] = await dead();
    expect([letter?.last_error, others, await pending()]).toEqual(['away', [], []]);
    fixture.world.topic.behave(takes);
    const retried = await fixture.api.send('POST', `/api/v1/notifications/dead-letters/${letter?.id}/retry`, {
      as: await fixture.signIn(),
    });
    expect(retried.statusCode).toBe(200);
    await node.run();
    expect(told(fixture.world.topic.taken)).toEqual([event]);
    expect([await dead(), await pending()]).toEqual([[], []]);
  });

  test('what no other attempt can help is given up at once', async () => {
    fixture.world.topic.behave(async () => {
      throw new NotDeliveredError('refused', false);
    });
    await raise(1);
    await node.run();
    expect(await pending()).toEqual([]);
    expect(await dead()).toMatchObject([{ channel: 'sns', attempts: 1, last_error: 'refused' }]);
    expect(await node.registry.getSingleMetricAsString('podoh_notifications_dead_total')).toContain('} 1');
  });

  test('a wait that the other side asks for is kept', async () => {
    fixture.world.topic.behave(async () => {
      throw new NotDeliveredError('slow down', true, { retryAfterMs: 120_000 });
    });
    await raise(1);
    await node.run();
    expect((await pending())[0]?.next_attempt_at).toBe(fixture.api.clock.now() + 120_000);
  });

  test('a fault of ours is told in the log and tried again', async () => {
    fixture.world.topic.behave(async () => {
      throw new TypeError('a bug');
    });
    await raise(1);
    await node.run();
    expect(await pending()).toMatchObject([{ attempts: 1, last_error: 'the channel failed' }]);
    expect(fixture.api.logLines.some((line) => line.includes('a bug'))).toBe(true);
  });

  test('two processes deliver each event once between them', async () => {
    const other = fixture.newNode('b', db.reopen());
    const events = await raise(20);
    await node.consumer.step();
    for (let round = 0; round < 20; round++) {
      await Promise.all([node.sender.tick(), other.sender.tick()]);
      await Promise.all([node.sender.settled(), other.sender.settled()]);
    }
    expect(told(fixture.world.topic.reached).sort()).toEqual(events.sort());
    expect(await pending()).toEqual([]);
  });

  test('what a process took and never finished is delivered by another when the lease has run out: at least once', async () => {
    const [event] = await raise(1);
    // It reaches the topic, and the process dies before it can say so.
    fixture.world.topic.behave(hangs);
    await node.consumer.step();
    await node.sender.tick();
    fixture.world.topic.behave(takes);
    const other = fixture.newNode('b', db.reopen());
    fixture.api.clock.advance(DELIVERY_LEASE_MS - 1);
    await other.run();
    expect(fixture.world.topic.taken).toEqual([]);
    fixture.api.clock.advance(1);
    await other.run();
    expect(told(fixture.world.topic.taken)).toEqual([event]);
    expect(told(fixture.world.topic.reached)).toEqual([event, event]);
    expect(new Set(fixture.world.topic.reached.map(({ eventId }) => eventId)).size).toBe(1);
  });

  test('who comes back after its lease has run out changes nothing any more', async () => {
    await raise(1);
    const answer = Promise.withResolvers<void>();
    fixture.world.topic.behave(() => answer.promise);
    await node.consumer.step();
    await node.sender.tick();
    fixture.api.clock.advance(DELIVERY_LEASE_MS);
    fixture.world.topic.behave(isAway);
    await fixture.newNode('b', db.reopen()).run();
    const put = await pending();
    expect(put).toMatchObject([{ attempts: 1, last_error: 'away' }]);
    answer.resolve();
    await node.sender.settled();
    // It was the other's to write; so it is delivered twice rather than lost.
    expect((await pending()).map(({ id }) => id)).toEqual(put.map(({ id }) => id));
  });

  test('a stop waits a moment, gives back what is not done, and takes nothing more', async () => {
    await raise(3);
    fixture.world.topic.behave(hangs);
    await node.consumer.step();
    await node.sender.tick();
    expect((await pending()).every(({ lease_until }) => lease_until !== null)).toBe(true);
    await node.sender.stop(1);
    expect((await pending()).every(({ lease_until }) => lease_until === null)).toBe(true);
    await node.sender.tick();
    expect(fixture.world.topic.reached).toHaveLength(3);
    fixture.world.topic.behave(takes);
    await fixture.newNode('b').run();
    expect(fixture.world.topic.taken).toHaveLength(3);
  });

  test('a listener that hangs delays itself alone, and never has more than its share under way', async () => {
    await fixture.newWebhook('https://stuck.example');
    await fixture.newWebhook(HOOK);
    const stuck = fixture.world.webhook('https://stuck.example');
    stuck.behave(hangs);
    const events = await raise(10);
    await node.consumer.step();
    for (let round = 0; round < 10; round++) await node.sender.tick();
    await eventually(() => fixture.world.webhook(HOOK).taken.length === events.length);
    await eventually(() => fixture.world.topic.taken.length === events.length);
    expect(stuck.reached).toHaveLength(2);
  });

  test('a hanging topic and webhook hold up no alert: deploying waits for nothing outside', async () => {
    await fixture.newWebhook(HOOK);
    fixture.world.topic.behave(hangs);
    fixture.world.webhook(HOOK).behave(hangs);
    await raise(1);
    await node.consumer.step();
    await node.sender.tick();
    await eventually(
      () => fixture.world.topic.reached.length === 1 && fixture.world.webhook(HOOK).reached.length === 1,
    );
    // Both hang for good, and alerts are raised and stopped as ever.
    const id = await fixture.raise();
    await fixture.stop(id);
    const rows = await db.sql.selectFrom('changes').select('kind').orderBy('rev', 'desc').limit(2).execute();
    expect(rows.map(({ kind }) => kind)).toEqual(['alert.stopped', 'alert.started']);
    expect(fixture.world.topic.taken).toEqual([]);
  });

  test('a webhook that was disabled, deleted or whose secret cannot be opened is not sent to', async () => {
    const disabled = await fixture.newWebhook(HOOK);
    await raise(1);
    await node.consumer.step();
    await db.sql.updateTable('webhooks').set({ enabled: 0 }).where('id', '=', disabled).execute();
    await node.run();
    expect(await dead()).toMatchObject([{ channel: 'webhook', last_error: 'the webhook is disabled' }]);

    await db.sql.updateTable('webhooks').set({ enabled: 1, secret: 'sealed by another' }).execute();
    await raise(1);
    await node.run();
    const [row] = await pending();
    expect(row?.last_error).toBe('the secret cannot be opened under the present signing key: rotate it');

    await db.sql.deleteFrom('webhooks').execute();
    fixture.api.clock.advance(60_000);
    await node.run();
    expect(await dead()).toHaveLength(2);
    expect(fixture.world.webhook(HOOK).reached).toEqual([]);
  });

  test('a process without a topic leaves the topic to others; the webhooks are sent to', async () => {
    await fixture.newWebhook(HOOK);
    const [event] = await raise(1);
    await node.consumer.step();
    const bare = await openNotifications(db, false);
    await bare.newNode('b').sender.tick();
    // The row goes when the answer was taken, a moment after the webhook has it.
    await eventually(async () => (await pending()).length === 1);
    expect(bare.world.webhook(HOOK).taken).toHaveLength(1);
    expect(await pending()).toMatchObject([{ channel: 'sns', attempts: 0 }]);
    await node.run();
    expect(told(fixture.world.topic.taken)).toEqual([event]);
  });

  test('webhooks get the event as it is, signed with their own secret', async () => {
    const made = await fixture.api.send('POST', '/api/v1/webhooks', {
      as: fixture.admin,
      body: { name: 'Hook', url: HOOK, events: ['alert.started'] },
    });
    const id = await fixture.raise();
    await node.run();
    const [event] = fixture.world.webhook(HOOK).taken as [OutsideEvent];
    expect(event).toMatchObject({ kind: 'alert.started', tenantId: fixture.tenantId });
    expect(JSON.parse(event.body)).toMatchObject({ eventId: event.eventId, deployment: { deploymentId: id } });
    expect(fixture.world.secrets).toEqual([made.json().data.secret]);
  });
});
