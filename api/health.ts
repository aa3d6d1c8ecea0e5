/** Health and metrics, at the root and public: `live` says that the process runs, `ready` that it should be sent requests. */
import { sql } from 'kysely';
import Type from 'typebox';
import type { ApiContext } from './context.ts';
import { retryLater } from './errors.ts';
import { route, type Route } from './route.ts';

/** How long one look at the database answers for, in milliseconds. */
const LOOK_EVERY_MS = 1_000;

/** Asks the database at most once in LOOK_EVERY_MS, however many health checks come. */
function databaseLook(): (ctx: ApiContext) => Promise<boolean> {
  let last: { readonly at: number; readonly isUp: Promise<boolean> } | null = null;
  return (ctx) => {
    const now = ctx.clock.monotonicMs();
    if (last === null || now - last.at >= LOOK_EVERY_MS) {
      const isUp = sql`select 1`.execute(ctx.db.sql).then(
        () => true,
        (error: unknown) => {
          ctx.log.warn({ reason: String(error) }, 'health: the database did not answer');
          return false;
        },
      );
      last = { at: now, isUp };
    }
    return last.isUp;
  };
}

/** Routes of health and metrics. `isDraining` is true once the process is on its way out. */
export function healthRoutes(isDraining: () => boolean): Route[] {
  const isDatabaseUp = databaseLook();
  return [
    route({
      method: 'GET',
      url: '/health/live',
      policy: 'public',
      bucket: 'none',
      urgent: true,
      operationId: 'checkLive',
      summary: 'The process runs',
      data: Type.Object({ status: Type.Literal('live') }),
      handler: async () => ({ status: 'live' as const }),
    }),
    route({
      method: 'GET',
      url: '/health/ready',
      policy: 'public',
      bucket: 'none',
      urgent: true,
      operationId: 'checkReady',
      summary: 'The process can do its work: the database answers and it is not draining',
      data: Type.Object({ status: Type.Literal('ready'), bus: Type.Enum(['up', 'down']) }),
      handler: async ({ ctx }) => {
        if (isDraining()) throw retryLater('UNAVAILABLE', 'Draining', 1);
        if (!(await isDatabaseUp(ctx))) throw retryLater('UNAVAILABLE', 'The database is not available', 1);
        return { status: 'ready' as const, bus: ctx.bus.state() };
      },
    }),
    route({
      method: 'GET',
      url: '/metrics',
      policy: 'public',
      raw: true,
      urgent: true,
      operationId: 'getMetrics',
      summary: 'Metrics in the Prometheus text format',
      data: Type.String(),
      handler: async ({ ctx }) => ({ contentType: ctx.registry.contentType, body: await ctx.registry.metrics() }),
    }),
  ];
}
