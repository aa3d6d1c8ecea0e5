/** Trying a webhook out: one event, now, while the caller waits for what becomes of it. */
import Type, { type Static } from 'typebox';
import { NotDeliveredError } from '../../hub/core/ports.ts';
import { retryLater } from '../errors.ts';
import { toIso } from '../iso-time.ts';
import { mutate, type Mutation } from '../mutation.ts';
import type { Call } from '../route.ts';
import { eventText } from './event-json.ts';
import { openWebhookSecret } from './webhook-secret.ts';
import { getWebhook, lockWebhook } from './webhooks.ts';

/** Tests of one tenant in a minute. Past it: RATE_LIMITED. */
const TESTS_PER_MINUTE = 10;

export const TestOutcome = Type.Object({
  eventId: Type.String({ description: 'Of the event that was sent; its kind is `webhook.test`' }),
  delivered: Type.Boolean({ description: 'The webhook answered 2xx' }),
  error: Type.Union([Type.String(), Type.Null()], { description: 'Why it was not delivered; null when it was' }),
  elapsedMs: Type.Integer({ minimum: 0, description: 'Milliseconds until the outcome was known' }),
});
type TestOutcome = Static<typeof TestOutcome>;

/**
 * Sends a test event and tells what became of it; it is not tried again. A repeat under the same Idempotency-Key sends the same
 * event again. NOT_FOUND; RATE_LIMITED past TESTS_PER_MINUTE.
 */
export async function testWebhook(call: Call<{ id: number }, unknown, unknown>): Promise<TestOutcome> {
  const { ctx, actor, params } = call;
  const waitMs = await ctx.limiter.take(`webhook-test:${actor.tenantId}`, TESTS_PER_MINUTE);
  if (waitMs > 0) throw retryLater('RATE_LIMITED', 'Too many tests of webhooks', waitMs / 1000);
  // Written down before it is done: no transaction may wait for somebody else's server.
  const { eventId, at } = await mutate(call, async (tx, now): Promise<Mutation<{ eventId: string; at: string }>> => {
    const { id, name } = await lockWebhook(tx, call);
    return {
      data: { eventId: `webhook.test:${ctx.ids.uuid()}`, at: toIso(now) },
      changes: [],
      audit: { action: 'webhook.tested', entity: 'webhook', entityId: id, detail: { name } },
    };
  });
  const { id, name, url } = await getWebhook(call);
  const { secret } = await ctx.db.sql
    .selectFrom('webhooks')
    .select('secret')
    .where('id', '=', params.id)
    .where('tenant_id', '=', actor.tenantId)
    .executeTakeFirstOrThrow();
  const { tenantId } = actor;
  const kind = 'webhook.test';
  const body = eventText({ eventId, kind, at, tenantId, webhook: { id, name } });
  const begunAt = ctx.clock.monotonicMs();
  const outcome = (error: string | null): TestOutcome => ({
    eventId,
    delivered: error === null,
    error,
    elapsedMs: Math.max(0, Math.round(ctx.clock.monotonicMs() - begunAt)),
  });
  try {
    const opened = openWebhookSecret(ctx, tenantId, secret);
    await ctx.webhooks.open({ url, secret: opened }).publish({ eventId, kind, tenantId, body });
    return outcome(null);
  } catch (error) {
    if (!(error instanceof NotDeliveredError)) throw error;
    return outcome(error.message);
  }
}
