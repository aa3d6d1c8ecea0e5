/** Health and metrics, at the root. Liveness is the process's own; readiness says whether to send devices here. */
import type { HttpResponse, TemplatedApp } from 'uWebSockets.js';
import type { HubContext } from './hub-context.ts';
import { refuse, reply } from './http-reply.ts';
import { cutAmbiguous } from './request-framing.ts';

/** A hub whose database is away goes on serving from memory; only one that never loaded, or drains, is not ready. */
export function mountOperations(app: TemplatedApp, context: HubContext, expose: () => Promise<string>): void {
  // Anybody may ask, and putting the numbers together costs every process: who asks meanwhile gets the same answer. [INV-8]
  let underWay: Promise<string> | null = null;
  const exposeOnce = (): Promise<string> =>
    (underWay ??= expose().finally(() => {
      underWay = null;
    }));
  app.get('/health/live', (res) => reply(res, 200, {}, { success: true, data: { status: 'live' } }));
  app.get('/health/ready', (res) => {
    const { follower, bus, draining } = context;
    const ready = follower.loaded && !draining;
    const data = {
      status: ready ? 'ready' : 'not-ready',
      draining,
      database: follower.available ? 'up' : 'down',
      bus: bus.state(),
      logAgeSeconds: Math.round(follower.ageMs() / 100) / 10,
    };
    if (ready) {
      reply(res, 200, {}, { success: true, data });
      return;
    }
    const error = {
      code: 'UNAVAILABLE',
      message: draining ? 'the hub is going down' : 'nothing was read from the database yet',
    };
    reply(res, 503, { 'Retry-After': '1' }, { success: false, error, data });
  });
  app.get('/metrics', (res) => {
    let gone = false;
    res.onAborted(() => {
      gone = true;
    });
    exposeOnce().then(
      (text) => {
        if (!gone) sendText(res, text);
      },
      (error: unknown) => {
        context.log.error({ err: error }, 'metrics failed');
        if (!gone) refuse(res, 'INTERNAL', 'metrics failed');
      },
    );
  });
  // A HEAD is answered without a body (RFC 9110 §9.3.2): one would pass for the next answer on a connection that is shared.
  app.head('/*', (res) => reply(res, 404, {}, undefined));
  app.any('/*', (res, req) => {
    if (!cutAmbiguous(res, req, context.settings.trustProxy !== false)) refuse(res, 'NOT_FOUND', 'no such path');
  });
}

function sendText(res: HttpResponse, text: string): void {
  res.cork(() => {
    res.writeHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
    res.end(text);
  });
}
