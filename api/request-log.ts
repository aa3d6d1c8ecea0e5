/** One metric and at most one log line for each request. Bodies, queries and headers are never logged. */
import type { FastifyInstance } from 'fastify';
import { Histogram, type Registry } from 'prom-client';

/** A request slower than this is worth a line of its own, in milliseconds. */
const SLOW_MS = 1_000;

/** Adds the hook. Changes, failures and slow requests are logged at `info`, the rest at `debug`. */
export function addRequestLog(app: FastifyInstance, registry: Registry): void {
  const seconds = new Histogram({
    name: 'podoh_api_request_duration_seconds',
    help: 'Duration of API requests',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
    const elapsedMs = reply.elapsedTime;
    seconds.observe(
      { method: request.is404 ? 'none' : request.method, route, status: String(reply.statusCode) },
      elapsedMs / 1_000,
    );
    const isNotable = reply.statusCode >= 400 || elapsedMs >= SLOW_MS || (request.method !== 'GET' && route !== 'none');
    const line = {
      method: request.method,
      route,
      status: reply.statusCode,
      elapsedMs: Math.round(elapsedMs),
      ip: request.ip,
      userId: request.actor?.userId ?? null,
    };
    request.log[isNotable ? 'info' : 'debug'](line, 'request');
  });
}
