/**
 * When and how a device comes back after its socket ended. Pure: randomness is an argument. Full jitter (a uniformly random wait
 * below a ceiling that doubles) keeps a fleet that lost its sockets together from coming back together.
 *
 * State: `failures`, the sockets in a row that did not hold: never welcomed, or ended by trouble before they had lived a minute.
 * A device never gives up: only `stop-until-paired` stops the socket, and then it goes on with `/sync/register`.
 */
import { CLOSE_CODES, closeAction, type CloseAction } from './close-codes.ts';

/** The ceiling of the wait, in milliseconds. */
export const RECONNECT_MAX_MS = 60_000;
/** The ceiling while an alert is on the screen, in milliseconds: its end should be seen soon. */
export const RECONNECT_ALERT_MAX_MS = 10_000;
/** The first ceiling, in milliseconds, until a welcome says another (`reconnect.minMs`). */
export const RECONNECT_MIN_MS = 1_000;
/** The first ceiling is never below this, in milliseconds, whatever the hub says: waits must be able to grow. */
const FIRST_CEILING_MIN_MS = 250;
/** A session that lived this long, in milliseconds, was a good one: failures start from nothing. */
export const STEADY_AFTER_MS = 60_000;
/** Failed sockets in a row after which the device heartbeats over HTTP as well, and keeps trying the socket. */
export const HTTP_AFTER_FAILURES = 3;
/** What a device waits that another session has replaced, in milliseconds, unless the close reason gives a wait: from this to twice this. */
export const REPLACED_WAIT_MS = 30_000;
/** Longest wait taken from a close reason, in milliseconds. */
export const GIVEN_WAIT_MAX_MS = 600_000;

export interface Reconnect {
  readonly failures: number;
}
export const FRESH_RECONNECT: Reconnect = { failures: 0 };

export interface SocketEnd {
  /** The close code; 1006 when the socket ended without one or could not be opened at all. */
  readonly code: number;
  /** The close reason. In 4200-4299 it may end in a number: the wait that the hub gives, in milliseconds. */
  readonly reason?: string;
  /** Whether `welcome` had arrived. */
  readonly welcomed: boolean;
  /** From open to end, in milliseconds; 0 when it never opened. */
  readonly livedMs: number;
}

export interface ReconnectInput {
  /** Uniform in [0, 1). */
  readonly random: number;
  readonly alertActive: boolean;
  /** `reconnect` of the last welcome, if there was one. */
  readonly hub?: { readonly minMs: number; readonly maxMs: number };
}

export interface ReconnectPlan {
  readonly state: Reconnect;
  readonly action: CloseAction;
  /** Wait this long before the next socket, in milliseconds; null: none until paired again. */
  readonly delayMs: number | null;
  /** Get a new access token first. */
  readonly freshToken: boolean;
  /** Heartbeat over HTTP until a socket is welcomed again. */
  readonly useHttp: boolean;
}

/** What to do after a socket has ended. */
export function planReconnect(state: Reconnect, end: SocketEnd, input: ReconnectInput): ReconnectPlan {
  const action = closeAction(end.code);
  const failures = failuresAfter(state, end, action);
  const plan = {
    state: { failures },
    action,
    freshToken: needsToken(end, failures),
    useHttp: failures >= HTTP_AFTER_FAILURES,
  };
  if (action === 'stop-until-paired') return { ...plan, freshToken: false, useHttp: false, delayMs: null };
  const waitMs = action === 'reconnect-after-wait' ? givenWaitMs(end) : null;
  if (waitMs !== null) return { ...plan, delayMs: Math.round(waitMs * (1 + input.random)) };
  return { ...plan, delayMs: Math.floor(input.random * ceilingMs(failures, input)) };
}

/** The wait that a close of 4200-4299 asks for, or null when backoff decides. */
function givenWaitMs(end: SocketEnd): number | null {
  const given = / ([0-9]{1,9})$/.exec(end.reason ?? '')?.[1];
  if (given !== undefined) return Math.min(Number(given), GIVEN_WAIT_MAX_MS);
  return end.code === CLOSE_CODES.REPLACED.code ? REPLACED_WAIT_MS : null;
}

function failuresAfter(state: Reconnect, end: SocketEnd, action: CloseAction): number {
  if (!end.welcomed) return state.failures + 1;
  if (action !== 'reconnect-backoff') return 0;
  return end.livedMs >= STEADY_AFTER_MS ? 1 : state.failures + 1;
}

/**
 * The codes of 4200-4299 ask for a token, except that a replaced session had a good one. Browsers do not see the 401 of a refused
 * upgrade, only that the socket did not open: from the second time on a new token is part of trying.
 */
function needsToken(end: SocketEnd, failures: number): boolean {
  if (closeAction(end.code) === 'reconnect-after-wait') return end.code !== CLOSE_CODES.REPLACED.code;
  return !end.welcomed && failures >= 2;
}

function ceilingMs(failures: number, input: ReconnectInput): number {
  const most = Math.min(
    input.hub?.maxMs ?? RECONNECT_MAX_MS,
    input.alertActive ? RECONNECT_ALERT_MAX_MS : RECONNECT_MAX_MS,
  );
  const first = Math.max(FIRST_CEILING_MIN_MS, input.hub?.minMs ?? RECONNECT_MIN_MS);
  return Math.min(Math.max(most, FIRST_CEILING_MIN_MS), first * 2 ** Math.max(0, failures - 1));
}
