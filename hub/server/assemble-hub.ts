/** The parts of one hub node, made and tied together. hub-server.ts gives them a life. */
import type { TemplatedApp } from 'uWebSockets.js';
import type { Change } from '../core/changes.ts';
import { HubModel, type ModelSnapshot } from '../core/hub-model.ts';
import type { HubStore, ReceiptRow } from '../core/hub-store.ts';
import type { Bus, Clock, Ids, ObjectStore, Tokens } from '../core/ports.ts';
import { Authenticator } from './authenticator.ts';
import { DeviceDirectory } from './device-directory.ts';
import { FanOut } from './fan-out.ts';
import { HeartbeatWaiters } from './heartbeat-waiters.ts';
import type { HubContext, HubSettings } from './hub-context.ts';
import type { HubLog } from './hub-log.ts';
import type { HubGauges, HubMetrics } from './hub-metrics.ts';
import { Ingest } from './ingest.ts';
import { LogFollower } from './log-follower.ts';
import { Presence } from './presence.ts';
import type { Session } from './session.ts';
import { SessionRegistry } from './session-registry.ts';

export interface HubDependencies {
  readonly settings: HubSettings;
  readonly store: HubStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly tokens: Tokens;
  readonly objects: ObjectStore;
  readonly log: HubLog;
  readonly metrics: HubMetrics;
  /** Prometheus text of the registry that holds `metrics` and the gauges. */
  readonly exposeMetrics: (gauges: HubGauges) => Promise<string>;
}

/** What the parts need of those made after them. */
export interface HubReach {
  readonly app: () => TemplatedApp;
  /** An alert was written to a session and no receipt came soon. */
  readonly sent: (session: Session, deploymentId: number, at: number) => void;
  /** A newer session of the same device exists. */
  readonly replace: (session: Session) => void;
  /** Sessions that are not live yet are to begin anew. */
  readonly dropWaiting: () => void;
}

type Core = Pick<HubContext, 'model' | 'authenticator' | 'registry' | 'waiters'>;

const WAITERS_MAX = 50_000;
const DEVICE_QUEUE_MAX = 50_000;
const HTTP_SILENT_MIN_MS = 75_000;

export function assembleHub(dependencies: HubDependencies, reach: HubReach): HubContext {
  const { settings, store, bus, clock, ids, tokens, objects, log, metrics } = dependencies;
  const core: Core = {
    model: new HubModel(),
    authenticator: new Authenticator(tokens, clock),
    registry: new SessionRegistry(),
    waiters: new HeartbeatWaiters(WAITERS_MAX),
  };
  const presence = new Presence({
    store,
    clock,
    ids,
    log,
    held: () => [...core.registry.byDevice.values()],
    httpSilentMs: Math.max(HTTP_SILENT_MIN_MS, settings.heartbeatSeconds * 2_500),
    onLeaseLost: () => {
      reach.dropWaiting();
      dropAll(core.registry);
    },
  });
  const directory = new DeviceDirectory({
    store,
    clock,
    log,
    nodeId: () => presence.nodeId,
    queueMax: DEVICE_QUEUE_MAX,
  });
  const fanOut = new FanOut({
    ...core,
    app: reach.app,
    directory,
    clock,
    log,
    onSent: reach.sent,
    onPublished: (kind, sessions) => metrics.fannedOut.inc({ kind }, sessions),
    onResync: () => metrics.resyncs.inc(),
  });
  const ingest = new Ingest({
    store,
    clock,
    log,
    onReplaced: (deviceId, connEpoch) => {
      // The newer connection may be here, and be this session.
      const session = core.registry.byDevice.get(deviceId);
      if (session !== undefined && session.connEpoch <= connEpoch) reach.replace(session);
    },
    onAppended: (rev) => bus.publish({ kind: 'changes', rev }),
    onReceipt: (row, outcome) => countReceipt(dependencies, core.model, row, outcome.accepted),
  });
  const follower = makeFollower(dependencies, core, directory, fanOut);
  return {
    ...core,
    settings,
    store,
    bus,
    clock,
    ids,
    tokens,
    objects,
    log,
    metrics,
    directory,
    fanOut,
    ingest,
    follower,
    presence,
    draining: false,
  };
}

function makeFollower(
  { store, clock, ids, log, settings, metrics }: HubDependencies,
  { model, authenticator, registry }: Core,
  directory: DeviceDirectory,
  fanOut: FanOut,
): LogFollower {
  const onChange = (change: Change): void => {
    const effect = model.apply(change);
    if (effect === null) return;
    authenticator.apply(effect);
    try {
      fanOut.run(effect);
    } catch (error) {
      // The model has the change and some sessions may not: everybody is told the whole state instead. [INV-1]
      log.error({ err: error, rev: change.rev }, 'fan-out of a change failed: sending everybody the whole state');
      fanOut.resyncAll();
    }
    if (effect.kind === 'alert.start')
      metrics.acceptedToPublished.observe(Math.max(0, clock.now() - effect.alert.startedAt) / 1000);
  };
  const onReload = (snapshot: ModelSnapshot): void => {
    authenticator.load(snapshot.revokedDeviceIds);
    directory.reload().then(
      () => fanOut.resyncAll(),
      (error: unknown) => {
        log.warn({ err: error }, 'devices not read again after a reload: dropping the sessions instead');
        dropAll(registry);
      },
    );
  };
  return new LogFollower({
    store,
    model,
    clock,
    ids,
    log,
    pollMinMs: settings.pollMinMs,
    pollMaxMs: settings.pollMaxMs,
    onChange,
    onLoaded: (snapshot) => authenticator.load(snapshot.revokedDeviceIds),
    onReload,
  });
}

/** Every session ends and comes back for its state. */
function dropAll(registry: SessionRegistry): void {
  for (const session of [...registry.byDevice.values()]) session.close('RESYNC');
}

function countReceipt({ metrics, clock }: HubDependencies, model: HubModel, row: ReceiptRow, accepted: number): void {
  if (accepted === 0) return;
  metrics.receipts.inc({ stage: row.stage });
  if (row.stage !== 'displayed') return;
  const alert = model.tenant(row.tenantId).alerts.get(row.deploymentId)?.alert;
  if (alert !== undefined) metrics.acceptedToDisplayed.observe(Math.max(0, clock.now() - alert.startedAt) / 1000);
}
