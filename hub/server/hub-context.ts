/** What the parts of one hub node share; made once by hub-server.ts. */
import type { HubModel } from '../core/hub-model.ts';
import type { HubStore } from '../core/hub-store.ts';
import type { Bus, Clock, Ids, ObjectStore, Tokens } from '../core/ports.ts';
import type { Authenticator } from './authenticator.ts';
import type { DeviceDirectory } from './device-directory.ts';
import type { FanOut } from './fan-out.ts';
import type { HeartbeatWaiters } from './heartbeat-waiters.ts';
import type { HubLog } from './hub-log.ts';
import type { HubMetrics } from './hub-metrics.ts';
import type { Ingest } from './ingest.ts';
import type { LogFollower } from './log-follower.ts';
import type { Presence } from './presence.ts';
import type { SessionRegistry } from './session-registry.ts';

export interface HubSettings {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Whether other hub processes listen on the same port; else a port that is taken is an error. */
  readonly sharePort: boolean;
  /** Origins that browsers may come from; requests without an Origin (players) always may. */
  readonly allowedOrigins: readonly string[];
  /** Whose X-Forwarded-For is believed: everybody's, nobody's, or that of proxies with these addresses and CIDRs. */
  readonly trustProxy: boolean | readonly string[];
  /** Sockets that are open but not authenticated yet; past it upgrades are answered 503. */
  readonly pendingSessionsMax: number;
  readonly sessionsMax: number;
  /** Unauthenticated or failed requests per address and minute. */
  readonly addressPerMinute: number;
  readonly pollMinMs: number;
  readonly pollMaxMs: number;
  /** How long a drain spreads its goodbyes, in milliseconds. */
  readonly drainMs: number;
  /** Default of a device's `statusSeconds`. */
  readonly statusSeconds: number;
  /** Seconds between heartbeats of a device without a socket. */
  readonly heartbeatSeconds: number;
  /**
   * Where players fetch media: an address, or `:port` on the host that they asked. Asked at every request, because an API in the same
   * process has its port after the hub; `:0` until then.
   */
  readonly publicApiUrl: () => string;
}

export interface HubContext {
  readonly settings: HubSettings;
  readonly model: HubModel;
  readonly store: HubStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly tokens: Tokens;
  readonly objects: ObjectStore;
  readonly log: HubLog;
  readonly metrics: HubMetrics;
  readonly authenticator: Authenticator;
  readonly directory: DeviceDirectory;
  readonly registry: SessionRegistry;
  readonly waiters: HeartbeatWaiters;
  readonly fanOut: FanOut;
  readonly ingest: Ingest;
  readonly follower: LogFollower;
  readonly presence: Presence;
  /** True once the drain began: no new sessions, readiness off. */
  draining: boolean;
}
