/** Deletes what nobody will ask for again: old idempotency keys, expired refresh tokens, forgotten login failures, old presence. */
import { keepContent } from './content/keep-content.ts';
import { FORGET_FAILURES_MS, FORGET_KNOWN_MS } from './auth/login-throttle.ts';
import type { ApiContext } from './context.ts';
import { prunePresence } from './devices/presence-retention.ts';
import { loggedError } from './failure-answer.ts';
import { IDEMPOTENCY_KEPT_MS } from './mutation.ts';

/** How often, in milliseconds, give or take a tenth so that several processes do not meet. */
const EVERY_MS = 10 * 60_000;
/** A family's last token stays this long after it expired, so that its late reuse is still told from a made-up token. */
const EXPIRED_REFRESH_KEPT_MS = 24 * 3_600_000;

/** Runs the housekeeping once. */
export async function keepHouse({ db, clock }: Pick<ApiContext, 'db' | 'clock'>): Promise<void> {
  const now = clock.now();
  await db.sql
    .deleteFrom('idempotency_keys')
    .where('created_at', '<', now - IDEMPOTENCY_KEPT_MS)
    .execute();
  await db.sql
    .deleteFrom('refresh_tokens')
    .where('expires_at', '<', now - EXPIRED_REFRESH_KEPT_MS)
    .execute();
  await db.sql
    .deleteFrom('login_failures')
    .where('failures', '>', 0)
    .where('last_at', '<', now - FORGET_FAILURES_MS)
    .execute();
  await db.sql
    .deleteFrom('login_failures')
    .where('last_at', '<', now - FORGET_KNOWN_MS)
    .execute();
  await prunePresence(db, now);
}

/** Keeps house every ten minutes until stopped. Returns the way to stop. */
export function startHousekeeping(ctx: ApiContext): () => void {
  const everyMs = EVERY_MS * 0.9 + ctx.ids.below(EVERY_MS * 0.2);
  const timer = setInterval(() => {
    for (const chore of [keepHouse, keepContent]) {
      chore(ctx).catch((error: unknown) =>
        ctx.log.warn({ error: loggedError(error) }, 'housekeeping failed; it runs again'),
      );
    }
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
