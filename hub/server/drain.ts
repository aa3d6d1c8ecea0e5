/**
 * Going down without losing anything: everybody is told when to come back and closed at that moment, spread over the drain's
 * time so that the other nodes are not stormed; then what devices said is written. What could not be acknowledged any more
 * they say again elsewhere.
 */
import type { FrameHandler } from './frame-handler.ts';
import type { HubContext } from './hub-context.ts';
import type { SyncEndpoints } from './sync-endpoints.ts';

/** Devices that got their `goaway` are given this long beyond their own moment, in milliseconds. */
const GRACE_MS = 250;
const WRITE_WITHIN_MS = 5_000;
const REQUESTS_WITHIN_MS = 2_000;
const TICK_MS = 50;

export async function drain(context: HubContext, handler: FrameHandler, sync: SyncEndpoints): Promise<void> {
  const { registry, settings, ids, ingest, presence, waiters, log, clock } = context;
  log.info({ sessions: registry.size, drainMs: settings.drainMs }, 'draining');
  const startedAtMs = clock.monotonicMs();
  const moments = [...registry.byDevice.values()].map((session) => ({
    session,
    afterMs: ids.below(settings.drainMs + 1),
  }));
  for (const { session, afterMs } of moments) session.send({ type: 'goaway', afterMs, reason: 'drain' });
  // A held heartbeat is answered now: its device asks again, elsewhere.
  waiters.wakeAll();
  moments.sort((a, b) => a.afterMs - b.afterMs);
  let next = 0;
  while (next < moments.length) {
    const elapsedMs = clock.monotonicMs() - startedAtMs;
    for (
      let moment = moments[next];
      moment !== undefined && moment.afterMs + GRACE_MS <= elapsedMs;
      moment = moments[next]
    ) {
      moment.session.close('DRAIN');
      next += 1;
    }
    if (next < moments.length) await pause(TICK_MS);
  }
  await ingest.close(WRITE_WITHIN_MS);
  handler.flush();
  for (let waitedMs = 0; sync.underWay > 0 && waitedMs < REQUESTS_WITHIN_MS; waitedMs += TICK_MS) await pause(TICK_MS);
  // Whoever connected while we were at it.
  for (const session of [...registry.byDevice.values()]) session.close('DRAIN');
  await presence.close(WRITE_WITHIN_MS);
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
