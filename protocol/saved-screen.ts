/**
 * A screen as text for localStorage or a file, and back. Storage is not trusted: text that is damaged, from another version or
 * edited gives the empty screen, whose hello asks for the whole state. No imports at run time but the empty screen.
 */
import type { Alert, Command, Config } from './desired-state.ts';
import { EMPTY_SCREEN, type HeldAlert, type HeldCommand, type Screen, type TakenCommand } from './screen.ts';

/** Another number when what is saved changes its meaning: older text is then not read. */
const SAVED_VERSION = 1;

/** Everything but the session. Write it in one atomic step, before confirming anything to the hub. */
export function saveScreen(screen: Screen): string {
  return JSON.stringify({ version: SAVED_VERSION, ...screen, sessionEpoch: null });
}

/** The screen that `saveScreen` wrote, or the empty one when the text is missing or is not one in every detail. */
export function restoreScreen(text: string | null): Screen {
  const saved = parsed(text);
  if (saved === null || saved['version'] !== SAVED_VERSION) return EMPTY_SCREEN;
  const { epoch, rev, stateRev, alerts, tombstones, scheduleVersion, scheduleRev, config, configRev, commands, taken } =
    saved;
  if (!isCount(epoch) || !isCount(rev) || !isRevOrNone(stateRev) || stateRev > rev) return EMPTY_SCREEN;
  if (scheduleVersion !== null && !isCount(scheduleVersion)) return EMPTY_SCREEN;
  if (!isRevOrNone(scheduleRev) || !isRevOrNone(configRev) || !isConfig(config)) return EMPTY_SCREEN;
  if (!isMapOf(alerts, isHeldAlert) || !isMapOf(commands, isHeldCommand)) return EMPTY_SCREEN;
  if (!isMapOf(tombstones, isCount) || !isMapOf(taken, isTakenCommand)) return EMPTY_SCREEN;
  return {
    epoch,
    sessionEpoch: null,
    rev,
    stateRev,
    alerts,
    tombstones,
    scheduleVersion,
    scheduleRev,
    config,
    configRev,
    commands,
    taken,
  };
}

function parsed(text: string | null): Record<string, unknown> | null {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isRevOrNone(value: unknown): value is number {
  return value === -1 || isCount(value);
}

function isInstant(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}

/** An object whose keys are ids and whose values all pass. */
function isMapOf<V>(value: unknown, isValue: (value: unknown, id: number) => value is V): value is Record<string, V> {
  if (!isObject(value)) return false;
  return Object.entries(value).every(([key, entry]) => /^[1-9][0-9]{0,15}$/.test(key) && isValue(entry, Number(key)));
}

function isHeldAlert(value: unknown, id: number): value is HeldAlert {
  return isObject(value) && isCount(value['rev']) && isAlert(value['alert']) && value['alert'].deploymentId === id;
}

function isAlert(value: unknown): value is Alert {
  if (!isObject(value)) return false;
  const { deploymentId, alertId, rev, severity, title, message, content, startedAt, expiresAt, drill } = value;
  const texts = typeof title === 'string' && typeof message === 'string';
  const ids = isCount(deploymentId) && isCount(rev) && (alertId === null || isCount(alertId));
  const loudness = severity === 'info' || severity === 'warning' || severity === 'critical';
  const life = isInstant(startedAt) && isInstant(expiresAt) && typeof drill === 'boolean';
  return texts && ids && loudness && life && (content === undefined || isContent(content));
}

function isContent(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { id, type, url, sha256 } = value;
  return (
    isCount(id) &&
    typeof type === 'string' &&
    typeof url === 'string' &&
    (sha256 === null || typeof sha256 === 'string')
  );
}

function isHeldCommand(value: unknown, id: number): value is HeldCommand {
  return isObject(value) && isCount(value['rev']) && isCommand(value['command']) && value['command'].commandId === id;
}

function isCommand(value: unknown): value is Command {
  if (!isObject(value)) return false;
  const { commandId, name, args, issuedAt, expiresAt } = value;
  return (
    isCount(commandId) && typeof name === 'string' && isObject(args) && isInstant(issuedAt) && isInstant(expiresAt)
  );
}

function isTakenCommand(value: unknown): value is TakenCommand {
  return isObject(value) && isInstant(value['issuedAt']) && isInstant(value['expiresAt']);
}

/** Config is a flat object of scalars; a key that this version does not know does no harm. */
function isConfig(value: unknown): value is Config {
  return (
    isObject(value) && Object.values(value).every((entry) => typeof entry === 'string' || typeof entry === 'number')
  );
}
