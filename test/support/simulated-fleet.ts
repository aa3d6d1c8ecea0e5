/**
 * Hubs and screens without sockets, timers or a database: the hub's own rules (the read model, its effects, when a device is
 * current, what a record is after a change) and the player's own merge, with every wire between them in the test's hands.
 * Hints are lost and repeated, frames lost, repeated and swapped, nodes lag and restart, devices come, go and forget.
 *
 * What `Rules` names can be taken out one by one, to see that a property fails without it.
 */
import type { Effect } from '../../hub/core/hub-model.ts';
import { composeState, isCurrent } from '../../hub/core/desired-state.ts';
import { applyToRecord } from '../../hub/core/device-records.ts';
import { HubModel } from '../../hub/core/hub-model.ts';
import type { DeviceRecord, DeviceState } from '../../hub/core/model.ts';
import { isoTime, wireAlert, wireCommand, wireConfig, wireState } from '../../hub/server/frames.ts';
import type { DownFrame } from '../../protocol/down.ts';
import {
  applyDown,
  applyHeartbeat,
  EMPTY_SCREEN,
  helloFor,
  visibleAlerts,
  type Screen,
} from '../../protocol/screen.ts';
import type { FactWorld } from './fact-world.ts';

export interface Rules {
  /** When a device that claims a rev is told nothing. */
  readonly isCurrent: typeof isCurrent;
  /** Nodes look into the log by themselves, not only when a hint says so. */
  readonly polls: boolean;
  /** A row that is ahead of the model is waited for before state is handed out. */
  readonly waitsForRow: boolean;
  /** The log has no gap in commit order: a cursor passes nothing over. */
  readonly gaplessLog: boolean;
  /** A push that is not confirmed is followed by the whole state. */
  readonly resends: boolean;
}

export const RULES: Rules = { isCurrent, polls: true, waitsForRow: true, gaplessLog: true, resends: true };

/** One connection of one device, as both ends see it. */
interface Link {
  readonly queue: DownFrame[];
  /** Highest rev pushed, and confirmed by the device. */
  sentRev: number;
  appliedRev: number;
  /** Highest rev that was lost on the way; a frame that arrives after it leaves a hole. */
  lostRev: number;
  holed: boolean;
}

function revOf(frame: DownFrame): number {
  return 'rev' in frame ? frame.rev : 0;
}

export class SimulatedNode {
  readonly #world: FactWorld;
  readonly #rules: Rules;
  readonly #records = new Map<number, DeviceRecord>();
  readonly #links = new Map<number, Link>();
  model = new HubModel();
  /** What went wrong; empty while every law holds. */
  readonly broken: string[] = [];

  constructor(world: FactWorld, rules: Rules) {
    this.#world = world;
    this.#rules = rules;
    this.model.load(world.snapshot());
  }

  /** Dies and comes back: it knows the facts of now and nothing of what was before; its connections are gone. */
  restart(): void {
    this.model = new HubModel();
    this.model.load(this.#world.snapshot());
    this.#records.clear();
    this.#links.clear();
  }

  holds(link: Link | null): boolean {
    return [...this.#links.values()].some((held) => held === link);
  }

  /** Reads the log from its cursor, up to a rev or to its end. */
  read(upTo = this.#world.facts.rev): void {
    for (const change of this.#world.log.slice(this.model.rev, upTo)) {
      const passedOver = !this.#rules.gaplessLog && change.rev % 4 === 3;
      const effect = this.model.apply(passedOver ? { ...change, change: { kind: 'user.changed', userId: 1 } } : change);
      if (effect !== null) this.#tell(effect);
    }
  }

  #tell(effect: Effect): void {
    if ('deviceId' in effect) {
      const known = this.#records.get(effect.deviceId);
      if (known !== undefined) this.#records.set(effect.deviceId, applyToRecord(known, effect));
      const link = this.#links.get(effect.deviceId);
      if (link === undefined) return;
      if (effect.kind === 'device') this.#push(link, this.#stateFrame(effect.deviceId));
      if (effect.kind === 'command') {
        this.#push(link, { type: 'command', rev: effect.rev, command: wireCommand(effect.command) });
      }
      return;
    }
    for (const [deviceId, link] of this.#links) {
      const record = this.#record(deviceId);
      const { tenantId, groupIds, deviceIds, ungrouped = false } = effect.audience;
      const inGroups = record.groupId === null ? ungrouped : groupIds.includes(record.groupId);
      const concerned = deviceIds.includes(deviceId) || inGroups;
      if (record.tenantId !== tenantId || !concerned) continue;
      const frame = this.#frameOf(effect, record);
      if (frame !== null) this.#push(link, frame);
    }
  }

  #frameOf(effect: Exclude<Effect, { readonly deviceId: number }>, record: DeviceRecord): DownFrame | null {
    const tenant = this.model.tenant(record.tenantId);
    const { rev } = effect;
    switch (effect.kind) {
      case 'alert.start':
        if (effect.alert.expiresAt <= this.#world.now) return null;
        return { type: 'alert.start', rev, alert: wireAlert(effect.alert) };
      case 'alert.stop':
        return { type: 'alert.stop', rev, deploymentId: effect.deploymentId };
      case 'schedule': {
        const version = tenant.scheduleVersion(record);
        return version === null ? null : { type: 'schedule.changed', rev, version };
      }
      case 'config':
        return { type: 'config.changed', rev, config: wireConfig(tenant.configFor(record)) };
      case 'state':
        return this.#stateFrame(record.deviceId);
    }
  }

  #push(link: Link, frame: DownFrame): void {
    link.queue.push(frame);
    link.sentRev = Math.max(link.sentRev, revOf(frame));
  }

  #record(deviceId: number): DeviceRecord {
    const record = this.#records.get(deviceId);
    if (record === undefined) throw new Error(`node holds no record of device ${deviceId}`);
    return record;
  }

  /** A state that is handed out is the database's at its rev. [INV-5] */
  #state(deviceId: number): DeviceState {
    const record = this.#record(deviceId);
    const state = composeState(this.model.tenant(record.tenantId), record, this.model.position, this.#world.now);
    const truth = this.#world.truth(deviceId, this.#world.history[state.rev]);
    const of = (each: Pick<DeviceState, 'alerts' | 'config' | 'scheduleVersion'>): string =>
      JSON.stringify([each.alerts.map(({ deploymentId }) => deploymentId), each.config, each.scheduleVersion]);
    if (of(state) !== of(truth)) this.broken.push(`state at rev ${state.rev}: ${of(state)} instead of ${of(truth)}`);
    return state;
  }

  #stateFrame(deviceId: number): DownFrame {
    const state = wireState(this.#state(deviceId));
    return { type: 'state', epoch: state.epoch, rev: state.rev, state };
  }

  /** What is known of the device, with what the model needs of the log to stand where the record and the device stand. */
  #lookUp(deviceId: number, said: { rev?: number }, fresh: boolean): DeviceRecord {
    const known = this.#records.get(deviceId);
    const row = fresh || known === undefined ? this.#world.record(deviceId) : known;
    const record = known === undefined || row.rev >= known.rev ? row : known;
    this.#records.set(deviceId, record);
    if (this.#rules.waitsForRow) this.read(Math.max(this.model.rev, record.rev, said.rev ?? 0));
    return this.#record(deviceId);
  }

  #isCurrent(record: DeviceRecord, said: { epoch?: number; rev?: number }, displayed?: readonly number[]): boolean {
    const claim = { epoch: said.epoch, rev: said.rev, displayed };
    return this.#rules.isCurrent(
      this.model.tenant(record.tenantId),
      record,
      this.model.position,
      claim,
      this.#world.now,
    );
  }

  welcome(deviceId: number, said: { epoch?: number; rev?: number }, displayed?: readonly number[]): Link {
    // Its older connection is not listened to any more: what that is sent while the log is read does not count.
    this.#links.delete(deviceId);
    const current = this.#isCurrent(this.#lookUp(deviceId, said, true), said, displayed);
    const { epoch, rev } = this.model.position;
    const link: Link = { queue: [], sentRev: rev, appliedRev: current ? rev : 0, lostRev: 0, holed: false };
    const session = { sessionId: 's', connEpoch: 1, pingSeconds: 8, statusSeconds: 60 };
    const times = { serverTime: isoTime(this.#world.now), tokenExpiresAt: isoTime(this.#world.now) };
    link.queue.push({
      type: 'welcome',
      ...session,
      ...times,
      epoch,
      rev,
      reconnect: { minMs: 0, maxMs: 1 },
      ...(current ? {} : { state: wireState(this.#state(deviceId)) }),
    });
    this.#links.set(deviceId, link);
    return link;
  }

  heartbeat(deviceId: number, said: { epoch?: number; rev?: number }, displayed?: readonly number[]) {
    const current = this.#isCurrent(this.#lookUp(deviceId, said, false), said, displayed);
    const state = wireState(this.#state(deviceId));
    return {
      epoch: state.epoch,
      rev: state.rev,
      serverTime: isoTime(this.#world.now),
      hasUpdate: !current,
      scheduleVersion: null,
      alert: false,
      alertContent: null,
      nextHeartbeatSeconds: 1,
      ...(current ? {} : { state }),
    };
  }

  /** Says the whole state again to links whose last push was not confirmed. */
  sweepUnconfirmed(): void {
    if (!this.#rules.resends) return;
    for (const [deviceId, link] of this.#links) {
      if (link.appliedRev < link.sentRev && link.queue.length === 0) link.queue.push(this.#stateFrame(deviceId));
    }
  }
}

export class SimulatedDevice {
  readonly deviceId: number;
  readonly #world: FactWorld;
  screen: Screen = EMPTY_SCREEN;
  link: Link | null = null;
  /** What went wrong; empty while every law holds. */
  readonly broken: string[] = [];
  readonly #stopped = new Set<number>();

  constructor(world: FactWorld, deviceId: number) {
    this.#world = world;
    this.deviceId = deviceId;
  }

  get showing(): number[] {
    return visibleAlerts(this.screen, this.#world.now).map((alert) => alert.deploymentId);
  }

  connect(node: SimulatedNode, saysDisplayed: boolean): void {
    this.link = node.welcome(this.deviceId, helloFor(this.screen), saysDisplayed ? this.showing : undefined);
  }

  heartbeat(node: SimulatedNode, saysDisplayed: boolean): void {
    const answer = node.heartbeat(this.deviceId, helloFor(this.screen), saysDisplayed ? this.showing : undefined);
    this.#become(applyHeartbeat(this.screen, answer, this.#world.now).screen);
  }

  cut(): void {
    this.link = null;
  }

  /** A player that lost its storage. */
  forget(): void {
    this.link = null;
    this.screen = EMPTY_SCREEN;
    this.#stopped.clear();
  }

  /** Takes frames that are under way. */
  receive(count = Number.POSITIVE_INFINITY): void {
    for (let taken = 0; taken < count && this.link !== null; taken += 1) {
      const frame = this.link.queue.shift();
      if (frame === undefined) return;
      this.#take(this.link, frame);
    }
  }

  #take(link: Link, frame: DownFrame): void {
    if (revOf(frame) > link.lostRev && link.lostRev > 0 && !('state' in frame)) link.holed = true;
    const { screen, events } = applyDown(this.screen, frame, this.#world.now);
    this.#become(screen);
    if (frame.type === 'alert.stop') this.#stopped.add(frame.deploymentId);
    for (const event of events) {
      if (event.kind === 'applied') link.appliedRev = Math.max(link.appliedRev, event.rev);
      // A player that cannot merge what it hears comes back for the whole state.
      if (event.kind === 'resync') this.link = null;
    }
  }

  #become(screen: Screen): void {
    if (
      screen.epoch === this.screen.epoch &&
      (screen.rev < this.screen.rev || screen.stateRev < this.screen.stateRev)
    ) {
      this.broken.push(`revs went back from ${this.screen.rev} to ${screen.rev}`);
    }
    this.screen = screen;
    for (const id of this.showing) if (this.#stopped.has(id)) this.broken.push(`alert ${id} is back after its stop`);
  }

  /** How the screen differs from what it should show and be; null when it does not. */
  difference(): string | null {
    const truth = this.#world.truth(this.deviceId);
    const { config, scheduleVersion, commands } = this.screen;
    const said = JSON.stringify([this.showing, config, scheduleVersion]);
    const right = JSON.stringify([
      truth.alerts.map(({ deploymentId }) => deploymentId),
      truth.config,
      truth.scheduleVersion,
    ]);
    if (said !== right) return `device ${this.deviceId}: ${said} instead of ${right}`;
    const missing = truth.commands.filter(({ commandId }) => commands[commandId] === undefined);
    return missing.length === 0 ? null : `device ${this.deviceId} lacks command ${missing[0]?.commandId}`;
  }
}
