/** Starting the REST process's parts, alone or beside a hub: routes, player page, first admin, listening. */
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { buildApp } from './app.ts';
import { serveConsole } from './console/serve.ts';
import type { ApiContext } from './context.ts';
import { ApiError } from './errors.ts';
import { startNotifications, type Notifications } from './notifications/start-notifications.ts';
import { serveDocs } from './openapi/serve-docs.ts';
import { servePlayer } from './player/serve.ts';
import { resourceRoutes } from './resource-routes.ts';
import { bootstrapFirstAdmin, type NewTenant } from './tenants/create-tenant.ts';

export interface StartOptions {
  readonly host: string;
  readonly port: number;
  readonly adminUsername: string;
  readonly adminPassword: string | undefined;
  /** Absolute path of the folder with the built pages, `console/` and `player/`. */
  readonly webRoot: string;
  readonly publicHubUrl: string;
  /** How long a stop waits before it closes, so that balancers see readiness go first, in milliseconds. */
  readonly drainMs: number;
}

export interface StartedApi {
  readonly app: FastifyInstance;
  /** Where it listens, as an address for this machine. */
  readonly url: string;
  /** The first tenant and its admin, when this start made them. */
  readonly made: NewTenant | null;
  stop(): Promise<void>;
}

function buildApi(context: ApiContext, options: Pick<StartOptions, 'webRoot' | 'publicHubUrl'>): FastifyInstance {
  const app = buildApp(context, resourceRoutes());
  app.register(serveDocs);
  app.register(serveConsole, { root: join(options.webRoot, 'console') });
  app.register(servePlayer, { root: join(options.webRoot, 'player'), hubUrl: options.publicHubUrl });
  return app;
}

/** A username or password that will not do is told under the name of its variable. */
async function makeFirstAdmin(context: ApiContext, options: StartOptions): Promise<NewTenant | null> {
  try {
    return await bootstrapFirstAdmin(context, { username: options.adminUsername, password: options.adminPassword });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'VALIDATION_ERROR') throw error;
    const { field, message } = error.details?.[0] ?? { field: 'password', message: error.message };
    const variable = field === 'username' ? 'PODOH_ADMIN_USERNAME' : 'PODOH_ADMIN_PASSWORD';
    throw new Error(`${variable}: ${message}`, { cause: error });
  }
}

export async function startApi(context: ApiContext, options: StartOptions): Promise<StartedApi> {
  const app = buildApi(context, options);
  // Nobody is answered, nor told that this is ready, before there is somebody to sign in as.
  const begun = Promise.withResolvers<void>();
  app.addHook('onRequest', () => begun.promise);
  let notifications: Notifications | null = null;
  app.addHook('onClose', () => notifications?.stop());
  await app.listen({ host: options.host, port: options.port });
  // Only who listens makes the admin: a generated password is shown once, and a start that fails shows nothing.
  const made = await startNotifications(context)
    .then((started) => {
      notifications = started;
      return makeFirstAdmin(context, options);
    })
    .finally(() => begun.resolve())
    .catch(async (error: unknown) => {
      await app.close();
      throw error;
    });
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    app,
    url: `http://${options.host === '0.0.0.0' || options.host === '::' ? 'localhost' : options.host}:${port}`,
    made,
    async stop() {
      app.beginDrain();
      await new Promise((resolve) => setTimeout(resolve, options.drainMs));
      await app.close();
    },
  };
}

/** What a person who started it needs to know; the generated password is shown this once. */
export function welcomeLines(started: StartedApi): string[] {
  const lines = [
    `Podoh is ready`,
    `  Console  ${started.url}/console/`,
    `  Player   ${started.url}/player/`,
    `  API      ${started.url}/api/v1`,
    `  Docs     ${started.url}/docs`,
  ];
  if (started.made !== null) {
    lines.push(`  Admin    ${started.made.username}`);
    if (started.made.generatedPassword !== null)
      lines.push(`  Password ${started.made.generatedPassword}   (shown this once)`);
  }
  return lines;
}
