import { afterAll, beforeAll, expect, test } from 'vitest';
import { NotDeliveredError } from '../../hub/core/ports.ts';
import { describeEachDatabase } from '../../test/support/databases.ts';
import type { TestUser } from '../testing/api-fixture.ts';
import { openNotifications, type NotificationsFixture } from './testing/outside-world.ts';
import { WEBHOOKS_MAX } from './webhooks.ts';

const URL = '/api/v1/webhooks';
const BODY = {
  name: ' Control room ',
  url: 'https://hook.example/a?token=t',
  events: ['alert.stopped', 'alert.started'],
};

describeEachDatabase('webhooks', (open) => {
  let fixture: NotificationsFixture;
  let admin: TestUser;
  beforeAll(async () => {
    fixture = await openNotifications(await open());
    ({ admin } = fixture);
  });
  afterAll(() => fixture.api.close());

  const send = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown, as = admin) =>
    fixture.api.send(method, `${URL}${path}`, { as, ...(body !== undefined && { body }) });
  const made = async (body: object = {}) => {
    const answer = await send('POST', '', { ...BODY, ...body });
    expect(answer.statusCode).toBe(201);
    return answer.json().data;
  };
  const audit = async (action: string) => {
    const { sql } = fixture.api.ctx.db;
    return sql.selectFrom('audit_logs').select(['entity_id', 'detail']).where('action', '=', action).execute();
  };

  test('are made with a secret that is shown once and lies sealed', async () => {
    const { secret, ...webhook } = await made();
    expect(secret).toMatch(/^whsec_[\w-]{43}$/);
    expect(webhook).toEqual({
      id: webhook.id,
      name: 'Control room',
      url: BODY.url,
      events: ['alert.started', 'alert.stopped'],
      enabled: true,
      version: 1,
      createdAt: '2026-11-20T09:00:00.000Z',
      updatedAt: '2026-11-20T09:00:00.000Z',
    });
    expect((await send('GET', `/${webhook.id}`)).json().data).toEqual(webhook);
    const list = (await send('GET', '?q=CONTROL&enabled=true&sort=-id&limit=1')).json();
    expect([list.data, list.meta]).toEqual([[webhook], { page: 1, limit: 1, total: 1 }]);
    const { sql } = fixture.api.ctx.db;
    const row = await sql.selectFrom('webhooks').selectAll().where('id', '=', webhook.id).executeTakeFirstOrThrow();
    expect(JSON.stringify(row)).not.toContain(secret);
    // A path or query may hold a token: the audit names the host alone.
    const [line] = (await audit('webhook.created')).filter((entry) => entry.entity_id === webhook.id);
    expect(JSON.parse(line?.detail ?? '')).toEqual({
      name: 'Control room',
      host: 'hook.example',
      events: BODY.events,
      enabled: true,
    });
    expect(fixture.api.logLines.join('')).not.toMatch(/whsec_|token=t/);
    expect((await send('DELETE', `/${webhook.id}`)).statusCode).toBe(200);
  });

  test('the same Idempotency-Key makes one, and gives the same secret again', async () => {
    const options = { as: admin, body: BODY, key: 'make-one' };
    const [first, second] = [
      await fixture.api.send('POST', URL, options),
      await fixture.api.send('POST', URL, options),
    ];
    expect(second.json()).toEqual(first.json());
    expect(second.headers['idempotent-replayed']).toBe('true');
    expect((await send('GET', '')).json().meta.total).toBe(1);
    await send('DELETE', `/${first.json().data.id}`);
  });

  test('are changed field by field, under their version', async () => {
    const { id } = await made();
    const changed = await send('PUT', `/${id}`, { enabled: false, version: 1 });
    expect(changed.json().data).toMatchObject({ id, name: 'Control room', enabled: false, version: 2 });
    const stale = await send('PUT', `/${id}`, { name: 'Other', version: 1 });
    expect([stale.statusCode, stale.json().error.code]).toEqual([409, 'VERSION_CONFLICT']);
    const body = { name: 'New', url: 'https://new.example/', events: ['alert.unconfirmed'], enabled: true, version: 2 };
    const { version: _, ...fields } = body;
    expect((await send('PUT', `/${id}`, body)).json().data).toMatchObject({ ...fields, version: 3 });
    await send('DELETE', `/${id}`);
  });

  test.each([
    [{ url: 'http://hook.example/' }, 'url', 'must begin with https://'],
    [{ url: '' }, 'url', undefined],
    [{ url: `https://${'x'.repeat(2_000)}` }, 'url', undefined],
    [{ events: [] }, 'events', undefined],
    [{ events: ['alert.started', 'alert.started'] }, 'events', undefined],
    [{ events: ['alert.finished'] }, 'events.0', undefined],
    [{ name: '  ' }, 'name', undefined],
    [{ name: 'x'.repeat(121) }, 'name', undefined],
    [{ secret: 'mine' }, 'secret', undefined],
  ])('%j is refused, naming the field', async (wrong, field, message) => {
    const answer = await send('POST', '', { ...BODY, ...wrong });
    expect([answer.statusCode, answer.json().error.code]).toEqual([400, 'VALIDATION_ERROR']);
    expect(answer.json().error.details[0].field).toBe(field);
    if (message !== undefined) expect(answer.json().error.details[0].message).toBe(message);
    const { id } = await made();
    expect((await send('PUT', `/${id}`, { ...wrong, version: 1 })).statusCode).toBe(400);
    await send('DELETE', `/${id}`);
  });

  test('there are so many and no more, however many are made at once', async () => {
    const crowd = await fixture.api.newUser(await fixture.api.newTenant('crowd'), 'admin');
    const answers = await Promise.all(Array.from({ length: WEBHOOKS_MAX + 3 }, () => send('POST', '', BODY, crowd)));
    const statuses = answers.map((answer) => answer.statusCode);
    expect(statuses.filter((status) => status === 201)).toHaveLength(WEBHOOKS_MAX);
    expect(statuses.filter((status) => status === 409)).toHaveLength(3);
  });

  test('a rotated secret signs from then on', async () => {
    const { id, secret } = await made({ url: 'https://rotated.example/' });
    const rotated = (await send('POST', `/${id}/rotate-secret`)).json().data.secret;
    expect(rotated).toMatch(/^whsec_/);
    expect(rotated).not.toBe(secret);
    expect((await send('POST', `/${id}/test`)).json().data.delivered).toBe(true);
    expect(fixture.world.secrets.at(-1)).toBe(rotated);
    expect((await send('GET', `/${id}`)).json().data.version).toBe(2);
    await send('DELETE', `/${id}`);
  });

  test('a test event is sent while the caller waits, who is told what became of it; ten in a minute', async () => {
    const { id } = await made({ url: 'https://tested.example/' });
    fixture.api.clock.advance(120_000);
    const as = await fixture.signIn();
    const hook = fixture.world.webhook('https://tested.example/');
    const good = (await send('POST', `/${id}/test`, undefined, as)).json().data;
    const [event] = hook.taken;
    expect(good).toEqual({ eventId: event?.eventId, delivered: true, error: null, elapsedMs: 0 });
    expect(JSON.parse(event?.body ?? '')).toEqual({
      eventId: good.eventId,
      kind: 'webhook.test',
      at: '2026-11-20T09:02:00.000Z',
      tenantId: fixture.tenantId,
      webhook: { id, name: 'Control room' },
    });
    hook.behave(async () => {
      throw new NotDeliveredError('the webhook answered 500', true);
    });
    const bad = (await send('POST', `/${id}/test`, undefined, as)).json().data;
    expect(bad).toMatchObject({ delivered: false, error: 'the webhook answered 500' });
    // Nothing of it is kept or tried again.
    expect(await fixture.api.ctx.db.sql.selectFrom('notification_deliveries').select('id').execute()).toEqual([]);
    expect((await audit('webhook.tested')).filter((line) => line.entity_id === id)).toHaveLength(2);
    for (let more = 0; more < 8; more++)
      expect((await send('POST', `/${id}/test`, undefined, as)).statusCode).toBe(200);
    const refused = await send('POST', `/${id}/test`, undefined, as);
    expect([refused.statusCode, refused.json().error.code]).toEqual([429, 'RATE_LIMITED']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    await send('DELETE', `/${id}`, undefined, as);
  });

  test('[INV-10] they are the admins’ own: no other role, no other tenant', async () => {
    // The tests of webhooks above are a minute ago and more.
    fixture.api.clock.advance(120_000);
    const as = await fixture.signIn();
    const { id } = (await send('POST', '', BODY, as)).json().data;
    const stranger = await fixture.api.newUser(await fixture.api.newTenant('elsewhere'), 'admin');
    const calls = [
      ['GET', `/${id}`, undefined],
      ['PUT', `/${id}`, { name: 'Taken', version: 1 }],
      ['POST', `/${id}/rotate-secret`, undefined],
      ['POST', `/${id}/test`, undefined],
      ['DELETE', `/${id}`, undefined],
    ] as const;
    for (const [method, path, body] of calls) {
      expect((await send(method, path, body, stranger)).statusCode).toBe(404);
      for (const role of ['manager', 'user'] as const) {
        const user = await fixture.api.newUser(fixture.tenantId, role, [fixture.groupId]);
        expect((await send(method, path, body, user)).statusCode).toBe(403);
      }
      expect((await fixture.api.send(method, `${URL}${path}`, body === undefined ? {} : { body })).statusCode).toBe(
        401,
      );
    }
    expect((await send('GET', '', undefined, stranger)).json().data).toEqual([]);
    expect((await send('GET', `/${id}`, undefined, as)).json().data).toMatchObject({
      id,
      version: 1,
      name: 'Control room',
    });
    await send('DELETE', `/${id}`, undefined, as);
    for (const [method, path, body] of calls) expect((await send(method, path, body, as)).statusCode).toBe(404);
  });
});
