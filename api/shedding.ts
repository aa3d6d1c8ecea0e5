/**
 * Load shedding: a process that cannot keep up answers what can wait with 503 and Retry-After, so that what cannot wait (raising and
 * stopping alerts, signing in for it, health checks, metrics) is still answered soon.
 *
 * States: calm, strained (over a limit, for fewer than `looks` looks in a row) and shedding (for at least so many).
 * One look under the limits leads back to calm.
 * Invariant: a route that is `urgent` is never shed.
 *
 * How busy the loop is (its utilisation) is no limit: a process that is always busy with short turns serves everybody.
 */
import { getHeapStatistics } from 'node:v8';
import underPressure from '@fastify/under-pressure';
import type { FastifyInstance } from 'fastify';
import { Counter, Gauge } from 'prom-client';
import type { ApiContext } from './context.ts';
import { retryLater } from './errors.ts';

export interface ShedLimits {
  /** How late a turn of the event loop is on average between two looks, in milliseconds. */
  readonly loopDelayMs: number;
  /** Used part of the largest heap that V8 may have. */
  readonly heapShare: number;
  /** Between two looks, in milliseconds. */
  readonly lookEveryMs: number;
  /** Looks over a limit in a row before anything is shed: a start or one large answer is no overload. */
  readonly looks: number;
}

export const SHED_LIMITS: ShedLimits = { loopDelayMs: 250, heapShare: 0.92, lookEveryMs: 500, looks: 4 };

/** When to come again, in seconds. */
const RETRY_SECONDS = 2;

type Strain = 'loop delay' | 'heap';

/** Which limit the process is over, or null. */
function strainOf(app: FastifyInstance, limits: ShedLimits, heapBytesMax: number): Strain | null {
  const { eventLoopDelay, heapUsed } = app.memoryUsage();
  if (eventLoopDelay > limits.loopDelayMs) return 'loop delay';
  return heapUsed > limits.heapShare * heapBytesMax ? 'heap' : null;
}

/** Starts looking. Returns what is shed for, as of the last look. */
function watchStrain(app: FastifyInstance, ctx: ApiContext, limits: ShedLimits): () => Strain | null {
  const heapBytesMax = getHeapStatistics().heap_size_limit;
  const gauge = new Gauge({
    name: 'podoh_api_shedding',
    help: '1 while the process answers only what cannot wait',
    registers: [ctx.registry],
  });
  let strained = 0;
  let sheddingFor: Strain | null = null;
  const look = setInterval(() => {
    const strain = strainOf(app, limits, heapBytesMax);
    strained = strain === null ? 0 : strained + 1;
    const before = sheddingFor;
    sheddingFor = strained >= limits.looks ? strain : null;
    gauge.set(sheddingFor === null ? 0 : 1);
    if (before === null && sheddingFor !== null) {
      ctx.log.warn({ strain: sheddingFor, ...app.memoryUsage() }, 'overloaded: what can wait is answered 503');
    } else if (before !== null && sheddingFor === null) ctx.log.info('not overloaded any more');
  }, limits.lookEveryMs);
  look.unref();
  app.addHook('onClose', async () => clearInterval(look));
  return () => sheddingFor;
}

/** Adds load shedding to the application. Call it before the gate, which costs more than a refusal. */
export function addShedding(app: FastifyInstance, ctx: ApiContext, limits: ShedLimits): void {
  // Its measurements alone: its own limits know neither urgent routes nor how long a strain lasts.
  app.register(underPressure, { sampleInterval: limits.lookEveryMs });
  app.after(() => {
    const sheddingFor = watchStrain(app, ctx, limits);
    const shed = new Counter({
      name: 'podoh_api_shed_total',
      help: 'Requests that were answered 503 because the process could not keep up',
      registers: [ctx.registry],
    });
    app.addHook('onRequest', async (request) => {
      if (sheddingFor() === null || request.routeOptions.config.urgent === true) return;
      shed.inc();
      throw retryLater('UNAVAILABLE', 'Too much to do at the moment; try again', RETRY_SECONDS);
    });
  });
}
