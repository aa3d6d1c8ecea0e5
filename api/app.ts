/**
 * The REST application, built without listening.
 *
 * States: serving, draining (`beginDrain`: not ready, every answer closes its connection, requests still served) and closed
 * (`close`: no new connections, open requests end, idle connections are swept until none is left).
 */
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import fastify, { LogController, type FastifyInstance } from 'fastify';
import { MEDIA_BASE } from '../hub/core/content-url.ts';
import { auditRoutes } from './audit/routes.ts';
import { addGate } from './auth/authenticate.ts';
import { authRoutes } from './auth/routes.ts';
import type { ApiContext } from './context.ts';
import { apiError } from './errors.ts';
import { answerFailure, answerSocketError, failureOf, sendFailure } from './failure-answer.ts';
import { healthRoutes } from './health.ts';
import { startHousekeeping } from './housekeeping.ts';
import { readJsonBodies } from './json-body.ts';
import { serveLive } from './live/serve-live.ts';
import { MEDIA_CORS } from './media/routes.ts';
import { addRequestLog } from './request-log.ts';
import { guardPolicies, registerRoutes } from './register-routes.ts';
import type { Route } from './route.ts';
import { addShedding, SHED_LIMITS } from './shedding.ts';
import { readOff, UPLOAD_MS_MAX } from './upload-bodies.ts';
import { validatorCompiler } from './validation.ts';

/** Largest JSON body, in bytes. Past it: 413. */
const BODY_BYTES_MAX = 256 * 1024;
/** How long things may take, in milliseconds. */
export interface Timeouts {
  /** Until the headers have arrived, past it: 408; and how long the body of a request that was answered already is read off. */
  readonly requestMs: number;
  /** From the headers to the answer. Past it: 503, or 408 when the body has not arrived. Raw answers have RAW_TIMEOUT_MS. */
  readonly handlerMs: number;
}
const TIMEOUTS: Timeouts = { requestMs: 15_000, handlerMs: 10_000 };
/** How often connections are looked at for that, in milliseconds; Node's own 30 s would double the time a slow one has. */
const TIMEOUT_CHECK_MS = 5_000;
/** Longer than a load balancer keeps an idle connection (60 s), so that it is never we who close one in use. */
const KEEP_ALIVE_MS = 72_000;
/** How often idle connections are swept while closing, in milliseconds. */
const SWEEP_EVERY_MS = 500;

declare module 'fastify' {
  interface FastifyInstance {
    /** Takes the process out of rotation; `close` comes later. */
    beginDrain(): void;
  }
}

function addSecurityHeaders(app: FastifyInstance, ctx: ApiContext): void {
  app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'self'"],
        objectSrc: ["'none'"],
        scriptSrc: ["'self'"],
        scriptSrcAttr: ["'none'"],
        // The console's component library sets styles at run time.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:', 'blob:', 'https:'],
        mediaSrc: ["'self'", 'blob:', 'https:'],
        fontSrc: ["'self'", 'data:'],
        connectSrc: ["'self'", 'ws:', 'wss:'],
      },
    },
    crossOriginResourcePolicy: { policy: 'same-site' },
  });
  const { allowedOrigins } = ctx.settings;
  const ownCors = {
    origin: allowedOrigins.length === 0 ? false : [...allowedOrigins],
    methods: ['GET', 'POST', 'PUT', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'If-None-Match'],
    exposedHeaders: ['Content-Disposition', 'ETag', 'Idempotent-Replayed', 'Retry-After', 'X-Request-Id'],
    maxAge: 600,
    strictPreflight: false,
  };
  app.register(cors, {
    delegator: (request, done) => done(null, request.url.startsWith(MEDIA_BASE) ? MEDIA_CORS : ownCors),
  });
}

function addDrain(app: FastifyInstance): () => boolean {
  let isDraining = false;
  app.decorate('beginDrain', () => {
    isDraining = true;
  });
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id);
    if (isDraining) reply.header('connection', 'close');
  });
  app.addHook('preClose', async () => {
    isDraining = true;
    // A connection that was busy when close() came is idle later: without the sweep it would hold us for its keep-alive.
    const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_EVERY_MS);
    app.server.once('close', () => clearInterval(sweep));
    if (!app.server.listening) clearInterval(sweep);
  });
  return () => isDraining;
}

/** Builds the application with the routes of its own and those given. Throws when a route is declared wrongly. */
export function buildApp(
  ctx: ApiContext,
  routes: readonly Route[] = [],
  timeouts = TIMEOUTS,
  shedLimits = SHED_LIMITS,
): FastifyInstance {
  const app = fastify({
    loggerInstance: ctx.log,
    // request-log.ts writes the one line instead.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => ctx.ids.uuid(),
    trustProxy: ctx.settings.trustProxy,
    bodyLimit: BODY_BYTES_MAX,
    // Node has one for all requests: uploads need it long, and the others have handlerTimeout and readOff.
    requestTimeout: UPLOAD_MS_MAX,
    http: { connectionsCheckingInterval: TIMEOUT_CHECK_MS, headersTimeout: timeouts.requestMs },
    handlerTimeout: timeouts.handlerMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    exposeHeadRoutes: false,
    // While closing, requests that still arrive are served; the load balancer learns from the readiness check.
    return503OnClosing: false,
    clientErrorHandler: answerSocketError,
    // Before any hook: a path that no route can have.
    frameworkErrors: (error, request, reply) =>
      void sendFailure(reply.header('x-request-id', request.id), failureOf(error)),
  });
  guardPolicies(app);
  readJsonBodies(app);
  app.setValidatorCompiler(validatorCompiler);
  app.setErrorHandler(answerFailure);
  app.setNotFoundHandler((request, reply) => answerFailure(apiError('NOT_FOUND', 'No such route'), request, reply));
  const isDraining = addDrain(app);
  app.addHook('onResponse', async (request) => readOff(request, timeouts.requestMs));
  addSecurityHeaders(app, ctx);
  addShedding(app, ctx, shedLimits);
  // After the plugins, so that a preflight is answered before the gate.
  app.after(() => {
    addGate(app, ctx);
    addRequestLog(app, ctx.registry);
  });
  registerRoutes(app, ctx, [...healthRoutes(isDraining), ...authRoutes(), ...auditRoutes(), ...routes]);
  app.register(serveLive, { ctx });
  const stopHousekeeping = startHousekeeping(ctx);
  ctx.content.start();
  app.addHook('onClose', async () => {
    stopHousekeeping();
    await ctx.content.stop();
    ctx.limiter.close();
  });
  return app;
}
