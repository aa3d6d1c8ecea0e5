/**
 * One hub node: built from its ports, started, drained, stopped.
 *
 * States: built -> starting (model loaded, lease taken) -> serving -> draining (readiness off, no new sessions, goodbyes
 * spread) -> stopped. Nothing that was acknowledged is lost by a drain; what was not is sent again by the devices.
 */
import { createServer } from 'node:net';
import * as uws from 'uWebSockets.js';
import type { TemplatedApp, us_listen_socket } from 'uWebSockets.js';
import type { Hint } from '../core/ports.ts';
import { Admission } from './admission.ts';
import { assembleHub, type HubDependencies } from './assemble-hub.ts';
import { drain } from './drain.ts';
import { FrameHandler } from './frame-handler.ts';
import type { HubContext } from './hub-context.ts';
import type { HubGauges } from './hub-metrics.ts';
import { mountMediaRedirect } from './media-redirect.ts';
import { mountOperations } from './operations-endpoints.ts';
import { SessionLife } from './session-life.ts';
import { SyncEndpoints } from './sync-endpoints.ts';
import { mountWebSocket } from './ws-endpoint.ts';

export interface HubServer {
  /** Loads, listens; resolves with the port. Rejects when the port is taken or the database cannot be read. */
  start(): Promise<number>;
  /** Sends everybody away gently, writes what is queued, closes. Safe to call twice. */
  stop(): Promise<void>;
  gauges(): HubGauges;
}

const CONFIRM_SWEEP_MS = 500;
const SESSION_SWEEP_MS = 2_000;
const SLOW_SWEEP_MS = 30_000;
/** Changes older than this are pruned, but never the newest CHANGES_KEEP. */
const CHANGES_MAX_AGE_MS = 86_400_000;
const CHANGES_KEEP = 10_000;
/** A consumer of the log that was not heard of for this long holds nothing back any more. */
const CONSUMER_DEAD_MS = 7 * 86_400_000;

/** LIBUS_LISTEN_EXCLUSIVE_PORT */
const EXCLUSIVE_PORT = 1;

/** uWebSockets.js takes host and options together; its published types do not say so. */
interface ListensOn {
  listen(host: string, port: number, options: number, callback: (socket: us_listen_socket | false) => void): void;
}

/** uWebSockets.js does not say why it cannot listen: a socket of Node's on any free port of the same host does. */
function whyNotListening(host: string, port: number): Promise<Error> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(new Error(`HUB_HOST: ${host} is no address of this machine`)));
    probe.listen(0, host, () => {
      probe.close(() => resolve(new Error(`HUB_PORT: cannot listen on ${host}:${port}, is it taken?`)));
    });
  });
}

export function createHub(dependencies: HubDependencies): HubServer {
  return new Hub(dependencies);
}

class Hub implements HubServer {
  readonly #context: HubContext;
  readonly #app: TemplatedApp;
  readonly #life: SessionLife;
  readonly #handler: FrameHandler;
  readonly #sync: SyncEndpoints;
  #listening: us_listen_socket | null = null;
  #unsubscribe: (() => void) | null = null;
  #timers: NodeJS.Timeout[] = [];
  #stopping: Promise<void> | null = null;

  constructor(dependencies: HubDependencies) {
    this.#app = uws.App();
    this.#context = assembleHub(dependencies, {
      app: () => this.#app,
      sent: (session, deploymentId, at) => this.#handler.sent(session, deploymentId, at),
      replace: (session) => this.#life.replace(session),
      dropWaiting: () => this.#life.dropWaiting(),
    });
    this.#handler = new FrameHandler(this.#context);
    const admission = new Admission({
      perMinute: dependencies.settings.addressPerMinute,
      trustProxy: dependencies.settings.trustProxy,
    });
    this.#life = new SessionLife(this.#context, this.#handler, admission);
    this.#sync = new SyncEndpoints(this.#context, admission);
    mountWebSocket(this.#app, this.#context, this.#life, admission);
    this.#sync.mount(this.#app);
    mountMediaRedirect(this.#app, this.#context);
    mountOperations(this.#app, this.#context, () => dependencies.exposeMetrics(this.gauges()));
  }

  async start(): Promise<number> {
    const { settings, bus, follower, presence, log, registry } = this.#context;
    this.#unsubscribe = bus.subscribe((hint) => this.#hinted(hint));
    await follower.start();
    await presence.start();
    const port = await this.#listen();
    this.#timers = [
      setInterval(() => this.#context.fanOut.sweepUnconfirmed(), CONFIRM_SWEEP_MS),
      setInterval(() => this.#life.sweep(), SESSION_SWEEP_MS),
      setInterval(() => void this.#maintain(), SLOW_SWEEP_MS),
    ];
    log.info({ host: settings.host, port, nodeId: presence.nodeId, sessions: registry.size }, 'hub is serving');
    return port;
  }

  #listen(): Promise<number> {
    const { host, port, sharePort } = this.#context.settings;
    // By default sockets share the port (SO_REUSEPORT), and a second hub by mistake would take half of the devices.
    const sharing = sharePort ? 0 : EXCLUSIVE_PORT;
    return new Promise((resolve, reject) => {
      (this.#app as unknown as ListensOn).listen(host, port, sharing, (socket) => {
        if (socket === false) {
          void whyNotListening(host, port).then(reject);
          return;
        }
        this.#listening = socket;
        resolve(uws.us_socket_local_port(socket));
      });
    });
  }

  #hinted(hint: Hint): void {
    const { follower, registry } = this.#context;
    switch (hint.kind) {
      case 'changes':
        follower.hint(hint.rev);
        return;
      case 'resync':
        follower.hint(null);
        return;
      case 'session': {
        const session = registry.byDevice.get(hint.deviceId);
        if (session !== undefined && session.connEpoch < hint.connEpoch) this.#life.replace(session);
        return;
      }
    }
  }

  async #maintain(): Promise<void> {
    const { model, directory, fanOut, store, clock, log } = this.#context;
    const now = clock.now();
    model.sweepExpired(now);
    directory.sweep();
    fanOut.sweep();
    try {
      await store.pruneLog(now - CHANGES_MAX_AGE_MS, CHANGES_KEEP, now - CONSUMER_DEAD_MS);
      await store.deleteExpiredPairings(now - CHANGES_MAX_AGE_MS);
    } catch (error) {
      if (!store.isUnavailable(error)) log.error({ err: error }, 'maintenance failed');
    }
  }

  gauges(): HubGauges {
    const { registry, waiters, directory, ingest, model, follower, bus } = this.#context;
    return {
      sessions: registry.size,
      pendingSessions: this.#life.pending,
      heldHeartbeats: waiters.size,
      devicesInMemory: directory.size,
      ingestQueue: ingest.length,
      activeAlerts: model.activeAlerts(),
      rev: model.rev,
      logAgeSeconds: follower.ageMs() / 1000,
      logLag: follower.lag(),
      busUp: bus.state() === 'up',
      busHintsDropped: bus.dropped(),
      databaseUp: follower.available,
    };
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#context.draining = true;
    await drain(this.#context, this.#handler, this.#sync);
    for (const timer of this.#timers) clearInterval(timer);
    this.#unsubscribe?.();
    this.#context.follower.stop();
    this.#context.fanOut.close();
    if (this.#listening !== null) uws.us_listen_socket_close(this.#listening);
    this.#listening = null;
    this.#app.close();
    this.#context.log.info({}, 'hub stopped');
  }
}
