/**
 * The life of a session from the open socket to the closed one: verify, connect, greet, live. See session.ts for the states.
 *
 * Deadlines: authentication and `hello` together have HELLO_DEADLINE_MS from the open socket, which no traffic extends; then
 * a valid frame or a pong is due every SILENT_MS; the token's end ends the session unless `auth` brought a new one.
 */
import type { WebSocket } from 'uWebSockets.js';
import { composeState, isCurrent, type DeviceClaim } from '../core/desired-state.ts';
import type { DeviceRecord } from '../core/model.ts';
import { decodeFrame } from '../../protocol/codec.ts';
import { BAD_FRAMES_MAX, HELLO_DEADLINE_MS } from '../../protocol/limits.ts';
import type { Hello, UpFrame } from '../../protocol/up.ts';
import type { Admission } from './admission.ts';
import { DeviceRates } from './device-rates.ts';
import { isoTime, wireState, type Codec } from './frames.ts';
import { reportRow } from './device-words.ts';
import type { FrameHandler } from './frame-handler.ts';
import type { HubContext } from './hub-context.ts';
import { PING_SECONDS } from './ping-seconds.ts';
import type { Session, SocketData } from './session.ts';

/** A socket that trickles bytes but says nothing valid is dead to us. */
const SILENT_MS = 30_000;
/** More than this waiting in the send buffer for SLOW_FOR_MS is a slow reader. */
const SLOW_BYTES = 64 * 1024;
const SLOW_FOR_MS = 30_000;
/** How long a connecting device waits for the log to catch up with its row. */
const CATCH_UP_MS = 2_000;
const RECONNECT_MS = { calm: { minMs: 500, maxMs: 60_000 }, alert: { minMs: 250, maxMs: 10_000 } };
/** What a replaced session is asked to wait before it comes back, in milliseconds: two players with one credential must not kick each other in a loop. */
const REPLACED_WAIT_MS = 30_000;

export class SessionLife {
  readonly #context: HubContext;
  readonly #handler: FrameHandler;
  readonly #admission: Admission;
  /** Connecting costs a write and a place among those that wait: no device may take them from the others. [INV-8] */
  readonly #connects = new DeviceRates();
  /** Sockets open or opening that are not live yet. */
  readonly #waiting = new Set<Session>();
  #upgrading = 0;
  #sequence = 0;

  constructor(context: HubContext, handler: FrameHandler, admission: Admission) {
    this.#context = context;
    this.#handler = handler;
    this.#admission = admission;
  }

  /** Sessions that are not live yet. */
  get pending(): number {
    return this.#waiting.size + this.#upgrading;
  }

  /** An upgrade was granted: its socket opens within this turn of the loop. */
  expected(): void {
    this.#upgrading += 1;
  }

  opened(session: Session, ws: WebSocket<SocketData>): void {
    this.#upgrading -= 1;
    session.ws = ws;
    this.#sequence += 1;
    session.sequence = this.#sequence;
    this.#waiting.add(session);
    this.#context.metrics.opened.inc();
    void this.#authenticate(session).catch((error: unknown) => {
      this.#context.log.error({ err: error }, 'authenticating a session failed');
      session.close('INTERNAL');
    });
  }

  async #authenticate(session: Session): Promise<void> {
    const { authenticator, directory, follower, metrics, clock } = this.#context;
    const token = session.token ?? '';
    session.token = null;
    const verified = await authenticator.verify(token);
    if (session.state !== 'authenticating') return;
    if (!verified.ok) {
      metrics.refused.inc({ why: `token-${verified.why}` });
      this.#admission.failed(session.address, clock.monotonicMs());
      session.close(verified.why === 'expired' ? 'TOKEN_EXPIRED' : 'TOKEN_INVALID');
      return;
    }
    const { claims } = verified;
    if (directory.isOutdated(claims.sub, claims.ver)) {
      this.#admission.failed(session.address, clock.monotonicMs());
      session.close(directory.get(claims.sub)?.active === true ? 'CREDENTIAL_ROTATED' : 'REVOKED');
      return;
    }
    if (!this.#connects.mayAsk(claims.sub, clock.monotonicMs())) {
      metrics.refused.inc({ why: 'rate' });
      session.close('RATE_LIMITED');
      return;
    }
    await session.spoken();
    const found = await directory.connect(claims.sub, claims.ver, () => session.state === 'authenticating');
    if (!found.ok) {
      session.close(found.why === 'unknown' && follower.available ? 'UNKNOWN_DEVICE' : 'UNAVAILABLE');
      return;
    }
    session.deviceId = claims.sub;
    session.tenantId = claims.tenant;
    session.credentialVersion = claims.ver;
    session.connEpoch = found.value.connEpoch;
    session.tokenExpiresAt = claims.exp * 1000;
    // The row may be ahead of the model: state is handed out only where both stand at the same rev. [INV-5]
    const reached = await follower.reached(found.value.record.rev, CATCH_UP_MS);
    const refusal = this.#refusal(session) ?? (reached ? null : 'UNAVAILABLE');
    if (session.state !== 'authenticating' || refusal !== null) {
      if (session.connEpoch > 0) this.#context.presence.disconnected(session.deviceId, session.connEpoch);
      if (refusal !== null) {
        // What is our own trouble does not count against the address.
        const theirs = refusal !== 'RESYNC' && refusal !== 'UNAVAILABLE';
        if (theirs) this.#admission.failed(session.address, clock.monotonicMs());
        session.close(refusal);
      }
      return;
    }
    session.pinned = directory.pin(session.deviceId);
    session.state = 'greeting';
    this.#readEarly(session);
  }

  #readEarly(session: Session): void {
    const frames = session.early ?? [];
    session.early = null;
    for (const { bytes, codec } of frames) {
      // A frame may send the session back to waiting: what follows it waits as well.
      if (session.waits) session.keepEarly(bytes, codec);
      else this.received(session, bytes, codec);
    }
  }

  /** Why this device may not speak, by its record as it is now. */
  #refusal(session: Session): 'RESYNC' | 'UNKNOWN_DEVICE' | 'REVOKED' | 'CREDENTIAL_ROTATED' | null {
    const record = this.#context.directory.get(session.deviceId);
    // It was read a moment ago, and everything has been read anew since: whether it is unknown now, the next connect says.
    if (record === undefined) return 'RESYNC';
    if (record.tenantId !== session.tenantId) return 'UNKNOWN_DEVICE';
    if (!record.active) return 'REVOKED';
    return record.credentialVersion === session.credentialVersion ? null : 'CREDENTIAL_ROTATED';
  }

  received(session: Session, bytes: Uint8Array, codec: Codec): void {
    if (session.state === 'closed') return;
    const { metrics, clock } = this.#context;
    const decoded = decodeFrame(bytes, codec);
    if (!decoded.ok) {
      metrics.badFrames.inc({ why: decoded.why });
      this.#bad(session, `frame refused: ${decoded.why}`);
      return;
    }
    session.heardAtMs = clock.monotonicMs();
    if (decoded.frame === undefined) {
      metrics.framesIn.inc({ type: 'unknown' });
      return;
    }
    if (decoded.ignoredFields > 0) metrics.ignoredFields.inc(decoded.ignoredFields);
    metrics.framesIn.inc({ type: decoded.frame.type });
    this.#dispatch(session, decoded.frame);
  }

  #dispatch(session: Session, frame: UpFrame): void {
    if (session.state === 'greeting') {
      if (frame.type === 'hello') this.#catchUp(session, frame);
      else {
        session.send({ type: 'error', code: 'WRONG_ORDER', message: 'the first frame must be hello' });
        this.#bad(session, null);
      }
      return;
    }
    if (frame.type === 'hello') {
      session.send({ type: 'error', code: 'WRONG_ORDER', message: 'hello was said already' });
      this.#bad(session, null);
      return;
    }
    this.#handler.handle(session, frame);
  }

  #bad(session: Session, message: string | null): void {
    session.badFrames += 1;
    if (message !== null) session.send({ type: 'error', code: 'BAD_FRAME', message });
    if (session.badFrames >= BAD_FRAMES_MAX) session.close('BAD_FRAMES');
  }

  /** A device that knows a rev which this node has yet to read: read it first, else it would be told yesterday's state. */
  #catchUp(session: Session, hello: Hello): void {
    const { model, follower, log } = this.#context;
    if (hello.rev === undefined || hello.epoch !== model.epoch || hello.rev <= model.rev) {
      this.#greet(session, hello);
      return;
    }
    session.state = 'catching-up';
    follower
      .reached(hello.rev, CATCH_UP_MS)
      .then(() => {
        if (session.state !== 'catching-up') return;
        this.#greet(session, hello);
        this.#readEarly(session);
      })
      .catch((error: unknown) => {
        log.error({ err: error }, 'greeting a session failed');
        session.close('INTERNAL');
      });
  }

  /** Composes, subscribes and welcomes in one turn of the loop: no change can fall between. [INV-5] */
  #greet(session: Session, hello: Hello): void {
    const { directory, registry, clock, ingest, bus } = this.#context;
    const record = directory.get(session.deviceId);
    // Between the token and the hello the device may have been revoked. [INV-9]
    const refusal = this.#refusal(session);
    if (record === undefined || refusal !== null) {
      session.close(refusal ?? 'RESYNC');
      return;
    }
    const older = registry.byDevice.get(session.deviceId);
    if (older !== undefined && older !== session) {
      if (older.connEpoch > session.connEpoch) {
        session.close('REPLACED', String(REPLACED_WAIT_MS));
        return;
      }
      this.replace(older);
    }
    session.groupId = record.groupId ?? 0;
    session.state = 'live';
    this.#waiting.delete(session);
    registry.add(session);
    bus.publish({ kind: 'session', deviceId: session.deviceId, connEpoch: session.connEpoch });
    this.#welcome(session, record, hello);
    const now = clock.now();
    ingest.report(
      reportRow(session, now, {
        epoch: hello.epoch,
        rev: hello.rev,
        displayed: hello.displayed,
        appVersion: hello.appVersion,
        capabilities: hello.capabilities,
      }),
    );
  }

  #welcome(session: Session, record: DeviceRecord, hello: Hello): void {
    const { model, clock, settings, presence, fanOut } = this.#context;
    const now = clock.now();
    const tenant = model.tenant(record.tenantId);
    const claim: DeviceClaim = { epoch: hello.epoch, rev: hello.rev, displayed: hello.displayed ?? [] };
    const current = isCurrent(tenant, record, model.position, claim, now);
    const state = composeState(tenant, record, model.position, now);
    const written = session.send({
      type: 'welcome',
      sessionId: `${presence.nodeId.slice(0, 8)}-${session.sequence}`,
      connEpoch: session.connEpoch,
      epoch: model.epoch,
      rev: model.rev,
      serverTime: isoTime(now),
      tokenExpiresAt: isoTime(session.tokenExpiresAt),
      pingSeconds: PING_SECONDS,
      statusSeconds: state.config.statusSeconds ?? settings.statusSeconds,
      reconnect: state.alerts.length > 0 ? RECONNECT_MS.alert : RECONNECT_MS.calm,
      ...(current ? {} : { state: wireState(state) }),
    });
    if (!written) return;
    if (current) {
      session.appliedRev = model.rev;
      return;
    }
    fanOut.watch(session, model.rev);
    for (const alert of state.alerts) this.#handler.sent(session, alert.deploymentId, now);
  }

  /** A newer session of the same device exists: this one ends. */
  replace(session: Session): void {
    this.#context.metrics.replaced.inc();
    session.close('REPLACED', String(REPLACED_WAIT_MS));
  }

  /** The socket is gone, whoever closed it. */
  closed(session: Session): void {
    const { registry, directory, presence, metrics } = this.#context;
    this.#waiting.delete(session);
    registry.remove(session);
    session.gone();
    metrics.closed.inc();
    if (!session.pinned) return;
    directory.unpin(session.deviceId);
    presence.disconnected(session.deviceId, session.connEpoch);
  }

  /** Those that are not live yet begin anew. */
  dropWaiting(): void {
    for (const session of [...this.#waiting]) session.close('RESYNC');
  }

  /** Deadlines of every session; call once a second or less often. */
  sweep(): void {
    const { clock, registry, metrics } = this.#context;
    const nowMs = clock.monotonicMs();
    const now = clock.now();
    for (const session of [...this.#waiting]) {
      if (nowMs - session.openedAtMs > HELLO_DEADLINE_MS) session.close('HELLO_TIMEOUT');
    }
    for (const session of [...registry.byDevice.values()]) {
      if (session.tokenExpiresAt <= now) session.close('TOKEN_EXPIRED');
      else if (nowMs - session.heardAtMs > SILENT_MS) session.close('SILENT');
      else if (session.bufferedBytes() > SLOW_BYTES) {
        if (session.slowSinceMs === 0) session.slowSinceMs = nowMs;
        else if (nowMs - session.slowSinceMs > SLOW_FOR_MS) {
          metrics.slowClosed.inc();
          session.terminate();
        }
      } else session.slowSinceMs = 0;
    }
  }
}
