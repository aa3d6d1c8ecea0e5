/**
 * The reference merge of a player: what a device keeps, and how each message from the hub changes it. Pure and plain data: it
 * runs in a browser, in a WebView and in tests, and imports nothing at run time. README.md says the same rules in prose.
 *
 * States of a screen:
 * - empty: `epoch` is null; no state was ever received. Pushes cannot be merged; a state can.
 * - known: `epoch` is the hub's; everything merges by rev.
 * - lost: the session's welcome named another epoch (`sessionEpoch`). What is held goes on being shown, but pushes of that
 *   session are not comparable with it and are left out, unconfirmed, until a state comes.
 *
 * Invariants:
 * - Within an epoch `rev` and `stateRev` never go back, and `stateRev <= rev` [INV-5].
 * - The content equals the hub's at `stateRev` plus the pushes with a higher rev that have arrived. Frames between may have been
 *   lost, so `stateRev`, not `rev`, is what the device may claim to have in full.
 * - A deployment with a tombstone is never held again in this epoch [INV-2]. A tombstone is forgotten only when `stateRev`
 *   covers it, because then every start of that deployment is too old to be accepted.
 * - The result depends on the set of messages, not on their order or number [INV-7].
 */
import type { Alert, Command, Config, DesiredState, Severity } from './desired-state.ts';
import type { DownFrame, DownFrameOf } from './down.ts';
import type { HeartbeatResponse } from './sync.ts';

/** Tombstones kept after a state covers them; those that no state covers are kept whatever their number. */
export const TOMBSTONES_MAX = 1_000;
/** How long past their expiry alerts and commands are still kept (not shown, not done), in milliseconds. */
export const EXPIRED_KEPT_MS = 86_400_000;
/** Closed as slow: frames were dropped. */
const CLOSED_AS_SLOW = 4101;

export interface HeldAlert {
  readonly rev: number;
  readonly alert: Alert;
}
export interface HeldCommand {
  readonly rev: number;
  readonly command: Command;
}
/** A command that this device has begun, so that it is never begun again, not even after a reboot. */
export interface TakenCommand {
  readonly issuedAt: string;
  readonly expiresAt: string;
}

export interface Screen {
  /** Identity of the history that the revs belong to; null before the first state. */
  readonly epoch: number | null;
  /** The epoch that the current session's welcome named; null before a welcome. Not saved. */
  readonly sessionEpoch: number | null;
  /** Highest rev seen in this epoch: what `applied` confirms. */
  readonly rev: number;
  /** Rev of the last complete state, -1 before the first: what `hello` and the heartbeat say. */
  readonly stateRev: number;
  /** By deploymentId. */
  readonly alerts: Readonly<Record<string, HeldAlert>>;
  /** Stopped deployments: deploymentId to the rev of the stop. */
  readonly tombstones: Readonly<Record<string, number>>;
  readonly scheduleVersion: number | null;
  readonly scheduleRev: number;
  readonly config: Config;
  readonly configRev: number;
  /** By commandId: what the hub wants done. `commandsToDo` says what is left of it. */
  readonly commands: Readonly<Record<string, HeldCommand>>;
  /** By commandId. */
  readonly taken: Readonly<Record<string, TakenCommand>>;
}

/** What a player has to do after a message, in order. */
export type ScreenEvent =
  /** Save the screen, then send `applied {rev}`. */
  | { readonly kind: 'applied'; readonly rev: number }
  /** A new alert is held: after saving the screen send the receipt `received`; once painted, `displayed`. */
  | { readonly kind: 'alert-held'; readonly alert: Alert }
  /** The deployment is over: take it off the glass; once it is gone, send the receipt `cleared`. */
  | { readonly kind: 'alert-dropped'; readonly deploymentId: number }
  /** Fetch `/sync/schedule`; null: nothing is scheduled. */
  | { readonly kind: 'schedule'; readonly version: number | null }
  | { readonly kind: 'config'; readonly config: Config }
  /** A command that was neither held nor taken before. See `commandsToDo`. */
  | { readonly kind: 'command'; readonly command: Command }
  /** The screen cannot be trusted to be complete: close with 1000 and connect again with a small jitter. */
  | { readonly kind: 'resync'; readonly why: 'no-state' | 'other-epoch' | 'too-many-tombstones' };

export interface Merged {
  readonly screen: Screen;
  readonly events: readonly ScreenEvent[];
}

export const EMPTY_SCREEN: Screen = {
  epoch: null,
  sessionEpoch: null,
  rev: 0,
  stateRev: -1,
  alerts: {},
  tombstones: {},
  scheduleVersion: null,
  scheduleRev: -1,
  config: {},
  configRev: -1,
  commands: {},
  taken: {},
};

/**
 * Merges one frame from the hub. `nowMs` is the hub's time as `serverNow` tells it, or null while that is not known; it only
 * clears away what expired long ago. Frames that do not concern the screen (ack, pong, ...) and unknown types change nothing.
 */
export function applyDown(screen: Screen, frame: DownFrame, nowMs: number | null): Merged {
  switch (frame.type) {
    case 'welcome':
      return applyWelcome({ ...screen, sessionEpoch: frame.epoch }, frame, nowMs);
    case 'state':
      return applyState({ ...screen, sessionEpoch: frame.state.epoch }, frame.state, nowMs);
    case 'alert.start':
    case 'alert.stop':
    case 'schedule.changed':
    case 'config.changed':
    case 'command':
      return applyPush(screen, frame, nowMs);
    default:
      return { screen, events: [] };
  }
}

/** Merges the answer to a heartbeat whose request carried `helloFor(screen)`: the same document by the other transport. */
export function applyHeartbeat(screen: Screen, answer: HeartbeatResponse, nowMs: number | null): Merged {
  if (answer.state !== undefined) return applyState(screen, answer.state, nowMs);
  if (answer.epoch !== screen.epoch) return { screen, events: [{ kind: 'resync', why: 'other-epoch' }] };
  return { screen: completeAsOf(screen, answer.rev), events: [] };
}

/**
 * What the device says it has in full: the fields `epoch` and `rev` of `hello` and of the heartbeat. Without them the hub sends
 * the whole state. After a close with 4101 frames are known to have been dropped, so the rev is left out.
 */
export function helloFor(screen: Screen, lastCloseCode?: number): { epoch?: number; rev?: number } {
  if (screen.epoch === null) return {};
  if (screen.stateRev < 0 || lastCloseCode === CLOSED_AS_SLOW) return { epoch: screen.epoch };
  return { epoch: screen.epoch, rev: screen.stateRev };
}

/**
 * The alerts to show at this moment, the most important first: by severity, then the newest start, then the higher deploymentId.
 * Never one past its expiry [INV-3]; none at all while the time is not known (null), because then nothing can be ruled out.
 */
export function visibleAlerts(screen: Screen, nowMs: number | null): Alert[] {
  if (nowMs === null) return [];
  return Object.values(screen.alerts)
    .map((held) => held.alert)
    .filter((alert) => nowMs < Date.parse(alert.expiresAt))
    .sort(byImportance);
}

/** When the next visible alert expires, in the hub's epoch milliseconds; null when none is visible. */
export function nextExpiryMs(screen: Screen, nowMs: number | null): number | null {
  const expiries = visibleAlerts(screen, nowMs).map((alert) => Date.parse(alert.expiresAt));
  return expiries.length === 0 ? null : Math.min(...expiries);
}

/** Commands to acknowledge and do, oldest first: held, not taken before, not expired; none while the time is not known. */
export function commandsToDo(screen: Screen, nowMs: number | null): Command[] {
  if (nowMs === null) return [];
  return Object.values(screen.commands)
    .map((held) => held.command)
    .filter((command) => !isTaken(screen, command) && nowMs < Date.parse(command.expiresAt))
    .sort((one, other) => one.commandId - other.commandId);
}

/** Marks a command as begun. Do this and save the screen before acting: a command seen again is then not done again. */
export function takeCommand(screen: Screen, command: Command): Screen {
  const taken = { issuedAt: command.issuedAt, expiresAt: command.expiresAt };
  return { ...screen, taken: { ...screen.taken, [command.commandId]: taken } };
}

const LOUDNESS: Readonly<Record<Severity, number>> = { info: 0, warning: 1, critical: 2 };

function byImportance(one: Alert, other: Alert): number {
  return (
    LOUDNESS[other.severity] - LOUDNESS[one.severity] ||
    Date.parse(other.startedAt) - Date.parse(one.startedAt) ||
    other.deploymentId - one.deploymentId
  );
}

/** Ids start again after a restore of the database, so a command is the same only when its moment is, too. */
function isTaken(screen: Screen, command: Command): boolean {
  return screen.taken[command.commandId]?.issuedAt === command.issuedAt;
}

function applyWelcome(screen: Screen, frame: DownFrameOf<'welcome'>, nowMs: number | null): Merged {
  if (frame.state !== undefined) return applyState({ ...screen, sessionEpoch: frame.state.epoch }, frame.state, nowMs);
  if (screen.epoch === null) return { screen, events: [{ kind: 'resync', why: 'no-state' }] };
  if (frame.epoch !== screen.epoch) return { screen, events: [{ kind: 'resync', why: 'other-epoch' }] };
  return { screen: completeAsOf(screen, frame.rev), events: [] };
}

/** The hub answered `helloFor` without a state: nothing has changed for this device up to `rev`. */
function completeAsOf(screen: Screen, rev: number): Screen {
  return { ...screen, rev: Math.max(screen.rev, rev), stateRev: Math.max(screen.stateRev, rev) };
}

function applyState(screen: Screen, state: DesiredState, nowMs: number | null): Merged {
  if (state.epoch !== screen.epoch) {
    const fresh = { ...EMPTY_SCREEN, epoch: state.epoch, sessionEpoch: screen.sessionEpoch, taken: screen.taken };
    return settle(screen, replaceUpTo(fresh, state), nowMs);
  }
  if (state.rev < screen.stateRev) return settle(screen, screen, nowMs);
  return settle(screen, replaceUpTo(screen, state), nowMs);
}

/** Everything that is not newer than the state becomes the state's; pushes with a higher rev stay. */
function replaceUpTo(screen: Screen, state: DesiredState): Screen {
  const { rev } = state;
  const alerts: Record<string, HeldAlert> = {};
  for (const alert of state.alerts) {
    if (screen.tombstones[alert.deploymentId] === undefined) {
      alerts[alert.deploymentId] = { rev: Math.min(alert.rev, rev), alert };
    }
  }
  const commands: Record<string, HeldCommand> = {};
  for (const command of state.commands) commands[command.commandId] = { rev, command };
  return {
    ...screen,
    rev: Math.max(screen.rev, rev),
    stateRev: rev,
    alerts: { ...alerts, ...newerThan(screen.alerts, rev) },
    commands: { ...commands, ...newerThan(screen.commands, rev) },
    ...(screen.scheduleRev > rev ? {} : { scheduleVersion: state.schedule?.version ?? null, scheduleRev: rev }),
    ...(screen.configRev > rev ? {} : { config: state.config, configRev: rev }),
  };
}

function newerThan<H extends { readonly rev: number }>(
  held: Readonly<Record<string, H>>,
  rev: number,
): Record<string, H> {
  return Object.fromEntries(Object.entries(held).filter(([, entry]) => entry.rev > rev));
}

type Push = DownFrameOf<'alert.start' | 'alert.stop' | 'schedule.changed' | 'config.changed' | 'command'>;

function applyPush(screen: Screen, frame: Push, nowMs: number | null): Merged {
  if (screen.epoch === null) return { screen, events: [{ kind: 'resync', why: 'no-state' }] };
  if (screen.sessionEpoch !== null && screen.sessionEpoch !== screen.epoch) {
    return { screen, events: [{ kind: 'resync', why: 'other-epoch' }] };
  }
  const seen = { ...screen, rev: Math.max(screen.rev, frame.rev) };
  return settle(screen, merged(seen, frame), nowMs);
}

/** The screen with the push in it, or as it was when the push is not news: the highest rev wins per alert, command and key. */
function merged(screen: Screen, frame: Push): Screen {
  const { rev } = frame;
  switch (frame.type) {
    case 'alert.start': {
      const id = frame.alert.deploymentId;
      const known = Math.max(screen.stateRev, screen.alerts[id]?.rev ?? -1);
      if (rev <= known || screen.tombstones[id] !== undefined) return screen;
      return { ...screen, alerts: { ...screen.alerts, [id]: { rev, alert: frame.alert } } };
    }
    case 'alert.stop': {
      const { [frame.deploymentId]: _stopped, ...alerts } = screen.alerts;
      const stopRev = Math.max(rev, screen.tombstones[frame.deploymentId] ?? -1);
      return { ...screen, alerts, tombstones: { ...screen.tombstones, [frame.deploymentId]: stopRev } };
    }
    case 'schedule.changed':
      return rev <= screen.scheduleRev ? screen : { ...screen, scheduleVersion: frame.version, scheduleRev: rev };
    case 'config.changed':
      return rev <= screen.configRev ? screen : { ...screen, config: frame.config, configRev: rev };
    case 'command': {
      const id = frame.command.commandId;
      if (rev <= Math.max(screen.stateRev, screen.commands[id]?.rev ?? -1)) return screen;
      return { ...screen, commands: { ...screen.commands, [id]: { rev, command: frame.command } } };
    }
  }
}

/** Clears away what need not be kept, and tells the difference between the two screens as events. */
function settle(before: Screen, after: Screen, nowMs: number | null): Merged {
  const screen = withinBounds(after, nowMs);
  const events: ScreenEvent[] = [{ kind: 'applied', rev: screen.rev }];
  for (const [id, held] of Object.entries(screen.alerts)) {
    if (before.alerts[id] === undefined || before.epoch !== screen.epoch)
      events.push({ kind: 'alert-held', alert: held.alert });
  }
  for (const id of Object.keys(before.alerts)) {
    if (screen.alerts[id] === undefined) events.push({ kind: 'alert-dropped', deploymentId: Number(id) });
  }
  if (screen.scheduleVersion !== before.scheduleVersion || before.epoch !== screen.epoch) {
    events.push({ kind: 'schedule', version: screen.scheduleVersion });
  }
  if (!sameConfig(screen.config, before.config)) events.push({ kind: 'config', config: screen.config });
  for (const [id, held] of Object.entries(screen.commands)) {
    const known = before.commands[id] !== undefined && before.epoch === screen.epoch;
    if (!known && !isTaken(screen, held.command)) events.push({ kind: 'command', command: held.command });
  }
  const uncovered = Object.values(screen.tombstones).filter((rev) => rev > screen.stateRev).length;
  if (uncovered > TOMBSTONES_MAX) events.push({ kind: 'resync', why: 'too-many-tombstones' });
  return { screen, events };
}

function sameConfig(one: Config, other: Config): boolean {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)] as (keyof Config)[]);
  return [...keys].every((key) => one[key] === other[key]);
}

function withinBounds(screen: Screen, nowMs: number | null): Screen {
  const tombstones = boundedTombstones(screen);
  if (nowMs === null) return { ...screen, tombstones };
  const oldest = nowMs - EXPIRED_KEPT_MS;
  return {
    ...screen,
    tombstones,
    alerts: keep(screen.alerts, (held) => Date.parse(held.alert.expiresAt) > oldest),
    commands: keep(screen.commands, (held) => Date.parse(held.command.expiresAt) > oldest),
    taken: keep(screen.taken, (taken) => Date.parse(taken.expiresAt) > oldest),
  };
}

function keep<V>(entries: Readonly<Record<string, V>>, wanted: (value: V) => boolean): Readonly<Record<string, V>> {
  const all = Object.entries(entries);
  const kept = all.filter(([, value]) => wanted(value));
  return kept.length === all.length ? entries : Object.fromEntries(kept);
}

/** The newest thousand, and every one that no state covers yet. */
function boundedTombstones(screen: Screen): Readonly<Record<string, number>> {
  const all = Object.entries(screen.tombstones);
  if (all.length <= TOMBSTONES_MAX) return screen.tombstones;
  all.sort(([oneId, one], [otherId, other]) => other - one || Number(otherId) - Number(oneId));
  return Object.fromEntries(all.filter(([, rev], index) => index < TOMBSTONES_MAX || rev > screen.stateRev));
}
