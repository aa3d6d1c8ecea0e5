/**
 * Turns the effects of a change into bytes: encoded once per codec, published to each group of the audience.
 *
 * What was pushed is watched: a session that has not confirmed the rev within CONFIRM_WITHIN_MS is sent its whole state
 * again, because a socket write proves nothing. [design: only the device may say "received"]
 */
import type { TemplatedApp } from 'uWebSockets.js';
import { composeState } from '../core/desired-state.ts';
import type { Audience, Effect, HubModel } from '../core/hub-model.ts';
import type { DeviceRecord } from '../core/model.ts';
import type { Clock } from '../core/ports.ts';
import { CONFIRM_WITHIN_MS } from '../../protocol/limits.ts';
import type { DeviceDirectory } from './device-directory.ts';
import { EncodedFrame, wireAlert, wireCommand, wireConfig, wireState } from './frames.ts';
import type { HubLog } from './hub-log.ts';
import type { Session } from './session.ts';
import { topicOf, type SessionRegistry } from './session-registry.ts';
import type { HeartbeatWaiters } from './heartbeat-waiters.ts';

export interface FanOutOptions {
  readonly app: () => TemplatedApp;
  readonly model: HubModel;
  readonly registry: SessionRegistry;
  readonly directory: DeviceDirectory;
  readonly waiters: HeartbeatWaiters;
  readonly clock: Clock;
  readonly log: HubLog;
  /** A session was pushed an alert and sent no receipt soon: its `sent` is worth a row of its own. */
  readonly onSent: (session: Session, deploymentId: number, at: number) => void;
  readonly onPublished: (kind: Effect['kind'], sessions: number) => void;
  readonly onResync: () => void;
}

/** Whole states sent again for one push; then the device is left to its next change or heartbeat. */
const RESYNCS_MAX = 3;
/** Sessions told one by one (a moved group) before the loop gets a breath. */
const SLICE = 500;
/** A device's receipt says `sent` as well: wait this long for it before writing a row for `sent` alone. */
const SENT_ROW_AFTER_MS = 1_500;

export class FanOut {
  readonly #options: FanOutOptions;
  /** The last rev published to each group, and when (monotonic). */
  readonly #groupPush = new Map<number, { rev: number; atMs: number }>();
  /** When each active deployment was published here, epoch milliseconds. */
  readonly #publishedAt = new Map<number, number>();
  /** By deployment just published: the devices that have sent a receipt for it. Forgotten when its `sent` rows are due. */
  readonly #heard = new Map<number, Set<number>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #outstanding = false;
  #resyncing = false;
  #resyncAgain = false;

  constructor(options: FanOutOptions) {
    this.#options = options;
  }

  /** When this node pushed the deployment, or null when it did not. */
  publishedAt(deploymentId: number): number | null {
    return this.#publishedAt.get(deploymentId) ?? null;
  }

  run(effect: Effect): void {
    const { directory, registry, model } = this.#options;
    directory.apply(effect);
    switch (effect.kind) {
      case 'alert.start':
        this.#startAlert(effect);
        return;
      case 'alert.stop':
        this.#publishedAt.delete(effect.deploymentId);
        this.#publish(
          effect,
          new EncodedFrame({ type: 'alert.stop', rev: effect.rev, deploymentId: effect.deploymentId }),
        );
        return;
      case 'schedule':
        this.#tellEach(effect, (record) => {
          const version = this.#tenant(record).scheduleVersion(record);
          return version === null ? null : new EncodedFrame({ type: 'schedule.changed', rev: model.rev, version });
        });
        return;
      case 'config':
        this.#tellEach(
          effect,
          (record) =>
            new EncodedFrame({
              type: 'config.changed',
              rev: model.rev,
              config: wireConfig(this.#tenant(record).configFor(record)),
            }),
        );
        return;
      case 'state':
        this.#tellEach(effect, (record) => this.stateFrame(record));
        return;
      case 'device': {
        const session = registry.byDevice.get(effect.deviceId);
        if (session !== undefined) {
          // The record's group: it may have been read since, and know of a later move.
          const { groupId } = directory.get(effect.deviceId) ?? effect;
          registry.move(session, groupId ?? 0);
          this.sendState(session);
          this.#options.onPublished(effect.kind, 1);
        }
        this.#options.waiters.wakeDevice(effect.deviceId);
        return;
      }
      case 'credential':
        this.#credential(effect);
        return;
      case 'command': {
        const session = registry.byDevice.get(effect.deviceId);
        if (session !== undefined) {
          this.#sendTracked(
            session,
            new EncodedFrame({ type: 'command', rev: effect.rev, command: wireCommand(effect.command) }),
            effect.rev,
          );
          this.#options.onPublished(effect.kind, 1);
        }
        this.#options.waiters.wakeDevice(effect.deviceId);
        return;
      }
      case 'command.finished':
        return;
    }
  }

  #tenant(record: DeviceRecord) {
    return this.#options.model.tenant(record.tenantId);
  }

  #startAlert(effect: Extract<Effect, { kind: 'alert.start' }>): void {
    const { clock, registry } = this.#options;
    const now = clock.now();
    if (effect.alert.expiresAt <= now) return;
    this.#publish(effect, new EncodedFrame({ type: 'alert.start', rev: effect.rev, alert: wireAlert(effect.alert) }));
    this.#publishedAt.set(effect.alert.deploymentId, now);
    const publishedAtMs = clock.monotonicMs();
    const heard = new Set<number>();
    this.#heard.set(effect.alert.deploymentId, heard);
    this.#later(SENT_ROW_AFTER_MS, () => {
      this.#heard.delete(effect.alert.deploymentId);
      for (const session of registry.of(effect.audience.groupIds, effect.audience.deviceIds)) {
        // Who came since was sent its state, with the alert in it or, when that is over already, without.
        if (session.openedAtMs <= publishedAtMs && !heard.has(session.deviceId))
          this.#options.onSent(session, effect.alert.deploymentId, now);
      }
    });
  }

  /** A receipt came: it tells that the alert was sent, so that no row of its own need say so. */
  heard(deploymentId: number, deviceId: number): void {
    this.#heard.get(deploymentId)?.add(deviceId);
  }

  /** The hot path: no work per device in JavaScript. */
  #publish(effect: Effect & { readonly audience: Audience }, frame: EncodedFrame): void {
    const { app, registry, waiters, clock } = this.#options;
    const { groupIds, deviceIds } = effect.audience;
    const uws = app();
    const nowMs = clock.monotonicMs();
    const groups = new Set<number>();
    let sessions = 0;
    for (const groupId of groupIds) {
      const members = registry.inGroup(groupId);
      if (members === undefined) continue;
      groups.add(groupId);
      sessions += members.size;
      // Topics without a subscriber cost nothing; the bytes of a codec are made only where somebody speaks it.
      const json = topicOf(groupId, 'json');
      if (uws.numSubscribers(json) > 0) uws.publish(json, frame.bytes('json'), false);
      const msgpack = topicOf(groupId, 'msgpack');
      if (uws.numSubscribers(msgpack) > 0) uws.publish(msgpack, frame.bytes('msgpack'), true);
      this.#groupPush.set(groupId, { rev: effect.rev, atMs: nowMs });
    }
    for (const deviceId of deviceIds) {
      const session = registry.byDevice.get(deviceId);
      if (session === undefined || groups.has(session.groupId)) continue;
      this.#sendTracked(session, frame, effect.rev);
      sessions += 1;
    }
    this.#outstanding = true;
    waiters.wake(groupIds, deviceIds);
    this.#options.onPublished(effect.kind, sessions);
  }

  /**
   * For what differs from device to device: one by one, in slices. A frame is made when its turn comes, from the model as
   * it is then, and carries the model's rev: between two slices other changes may have gone out.
   */
  #tellEach(
    { kind, audience }: Effect & { readonly audience: Audience },
    frameFor: (record: DeviceRecord) => EncodedFrame | null,
  ): void {
    const { directory, waiters, model } = this.#options;
    let told = 0;
    waiters.wake(audience.groupIds, audience.deviceIds);
    if (audience.ungrouped === true) waiters.wakeUngrouped(audience.tenantId);
    const sessions = this.#sessionsOf(audience);
    const step = (): void => {
      for (let count = 0; count < SLICE; count += 1) {
        const next = sessions.next();
        if (next.done === true) {
          this.#options.onPublished(kind, told);
          return;
        }
        const session = next.value;
        this.#guarded(session, () => {
          const record = directory.get(session.deviceId);
          const frame = record === undefined ? null : frameFor(record);
          if (frame === null) return;
          this.#sendTracked(session, frame, model.rev);
          told += 1;
        });
      }
      setImmediate(step);
    };
    step();
  }

  *#sessionsOf({ tenantId, groupIds, deviceIds, ungrouped }: Audience): Generator<Session> {
    const { registry } = this.#options;
    yield* registry.of(groupIds, deviceIds);
    if (ungrouped === true) yield* registry.ungrouped(tenantId);
  }

  /** What cannot be told to one device ends its session, and neither the round nor, thrown in a later turn, the process. [INV-8] */
  #guarded(session: Session, tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#options.log.error({ err: error, deviceId: session.deviceId }, 'a device could not be told its state');
      session.close('INTERNAL');
    }
  }

  #credential(effect: Extract<Effect, { kind: 'credential' }>): void {
    const { registry, waiters } = this.#options;
    const session = registry.byDevice.get(effect.deviceId);
    if (session !== undefined && session.credentialVersion < effect.credentialVersion) {
      session.close(
        effect.reason === 'rotated' ? 'CREDENTIAL_ROTATED' : effect.reason === 'revoked' ? 'REVOKED' : 'UNKNOWN_DEVICE',
      );
    }
    waiters.wakeDevice(effect.deviceId);
  }

  #sendTracked(session: Session, frame: EncodedFrame, rev: number): void {
    if (session.send(frame)) this.watch(session, rev);
  }

  stateFrame(record: DeviceRecord): EncodedFrame {
    const { model, clock } = this.#options;
    const state = wireState(composeState(this.#tenant(record), record, model.position, clock.now()));
    return new EncodedFrame({ type: 'state', epoch: state.epoch, rev: state.rev, state });
  }

  /** Sends a session its whole state. */
  sendState(session: Session): void {
    const record = this.#options.directory.get(session.deviceId);
    if (record !== undefined) this.#sendTracked(session, this.stateFrame(record), this.#options.model.rev);
  }

  /** This rev was pushed to this session alone and is to be confirmed. */
  watch(session: Session, rev: number): void {
    session.sentRev = Math.max(session.sentRev, rev);
    session.sentAtMs = this.#options.clock.monotonicMs();
    this.#outstanding = true;
  }

  /** Every session is held against the database again: the history changed, or part of it was missed. */
  resyncAll(): void {
    this.#options.waiters.wakeAll();
    // Pushes of another history say nothing of this one.
    this.#groupPush.clear();
    this.#resyncAgain = this.#resyncing;
    if (this.#resyncing) return;
    this.#resyncing = true;
    const sessions = [...this.#options.registry.byDevice.values()];
    const step = (from: number): void => {
      for (const session of sessions.slice(from, from + SLICE)) this.#guarded(session, () => this.#reconcile(session));
      if (from + SLICE < sessions.length) {
        setImmediate(step, from + SLICE);
        return;
      }
      this.#resyncing = false;
      if (this.#resyncAgain) this.resyncAll();
    };
    step(0);
  }

  /** What was missed may be anything: the device's group, its credential, its very existence. */
  #reconcile(session: Session): void {
    const { directory, registry } = this.#options;
    const record = directory.get(session.deviceId);
    if (record === undefined) session.close('UNKNOWN_DEVICE');
    else if (!record.active) session.close('REVOKED');
    else if (record.credentialVersion !== session.credentialVersion) session.close('CREDENTIAL_ROTATED');
    else {
      registry.move(session, record.groupId ?? 0);
      // What it confirmed may have been of another history: only the state that follows counts.
      session.appliedRev = 0;
      session.sentRev = 0;
      this.sendState(session);
    }
  }

  /** Says the whole state again to sessions that did not confirm a push in time. Call a few times a second. */
  sweepUnconfirmed(): void {
    if (!this.#outstanding) return;
    const nowMs = this.#options.clock.monotonicMs();
    let waiting = false;
    for (const session of this.#options.registry.byDevice.values()) {
      const push = this.#groupPush.get(session.groupId);
      const dueRev = Math.max(session.sentRev, push?.rev ?? 0);
      if (session.appliedRev >= dueRev) {
        session.resyncs = 0;
        continue;
      }
      if (session.resyncsOfRev !== dueRev) {
        session.resyncsOfRev = dueRev;
        session.resyncs = 0;
      }
      if (session.resyncs >= RESYNCS_MAX) continue;
      waiting = true;
      const sinceMs = Math.max(session.sentAtMs, push !== undefined && push.rev > session.appliedRev ? push.atMs : 0);
      if (nowMs - sinceMs < CONFIRM_WITHIN_MS * (session.resyncs + 1)) continue;
      session.resyncs += 1;
      this.#options.onResync();
      // Not a push: whatever rev the state has, it answers for the push that was not confirmed.
      this.#guarded(session, () => {
        const record = this.#options.directory.get(session.deviceId);
        if (record !== undefined && session.send(this.stateFrame(record))) session.sentAtMs = nowMs;
      });
    }
    this.#outstanding = waiting;
  }

  /** Forgets what is over. */
  sweep(): void {
    for (const deploymentId of this.#publishedAt.keys()) {
      if (!this.#options.model.isActive(deploymentId)) this.#publishedAt.delete(deploymentId);
    }
    for (const groupId of this.#groupPush.keys()) {
      if (this.#options.registry.inGroup(groupId) === undefined) this.#groupPush.delete(groupId);
    }
  }

  #later(delayMs: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, delayMs);
    this.#timers.add(timer);
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
