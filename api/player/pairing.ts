/**
 * Getting paired: what to do with each answer of `/sync/register`.
 *
 * States: no code (null) -> pending (a code is on the screen, its secret is polled with) -> paired. A code that has run out is
 * replaced by a new one, for ever; the hub is the judge of that, because the player's own clock may be wrong, and a player
 * that has counted past a code's life asks for another by itself.
 */
import type { RegisterRequest, RegisterResponse } from '../../protocol/sync.ts';
import type { Answer } from './hub-http.ts';
import { parseObject } from './saved-text.ts';

/** Life of a pairing code by the contract, and a little more, in milliseconds: after it a new one is asked for unprompted. */
export const CODE_LIFE_MS = 10 * 60_000 + 15_000;
/** Wait after a failed call before the next: doubles from the first to the second, in milliseconds, with full jitter. */
const RETRY_MIN_MS = 2_000;
const RETRY_MAX_MS = 30_000;

export interface Pending {
  readonly pairingCode: string;
  readonly pollSecret: string;
  /** When this player first saw the code, on the clock that the caller keeps over reloads. */
  readonly sinceMs: number;
}

export interface Paired {
  readonly deviceId: number;
  readonly credential: string;
}

export interface PairingState {
  readonly pending: Pending | null;
  readonly failures: number;
}

export type PairingStep =
  | { readonly kind: 'paired'; readonly paired: Paired }
  | { readonly kind: 'wait'; readonly state: PairingState; readonly delayMs: number };

/** What to send next: with the secret of the pending code, unless that code has outlived itself. */
export function registerRequest(
  state: PairingState,
  about: Omit<RegisterRequest, 'pollSecret'>,
  nowMs: number,
): RegisterRequest {
  const { pending } = state;
  const alive = pending !== null && nowMs - pending.sinceMs < CODE_LIFE_MS;
  return alive ? { ...about, pollSecret: pending.pollSecret } : about;
}

/** What an answer means. `random` is uniform in [0, 1). */
export function stepPairing(
  state: PairingState,
  answer: Answer<RegisterResponse>,
  nowMs: number,
  random: number,
): PairingStep {
  if (answer.ok) {
    if (answer.data.status === 'paired') {
      return { kind: 'paired', paired: { deviceId: answer.data.deviceId, credential: answer.data.credential } };
    }
    const { pairingCode, pollSecret, pollAfterSeconds } = answer.data;
    const same = state.pending?.pairingCode === pairingCode;
    const sinceMs = same && state.pending !== null ? state.pending.sinceMs : nowMs;
    const delayMs = Math.max(1, pollAfterSeconds) * 1000;
    return { kind: 'wait', state: { pending: { pairingCode, pollSecret, sinceMs }, failures: 0 }, delayMs };
  }
  const failures = state.failures + 1;
  const ceiling = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** (failures - 1));
  const delayMs = Math.max(answer.retryAfterMs ?? 0, 500 + random * ceiling);
  // The hub has answered and knows no such code (any more): ask for a new one. Without an answer, keep showing the old.
  const gone = answer.status >= 400 && answer.status < 500 && answer.status !== 429;
  return { kind: 'wait', state: { pending: gone ? null : state.pending, failures }, delayMs };
}

export function restorePending(text: string | null): Pending | null {
  const saved = parseObject(text);
  if (saved === null) return null;
  const { pairingCode, pollSecret, sinceMs } = saved;
  if (typeof pairingCode !== 'string' || typeof pollSecret !== 'string' || typeof sinceMs !== 'number') return null;
  return { pairingCode, pollSecret, sinceMs };
}

export function restorePaired(text: string | null): Paired | null {
  const saved = parseObject(text);
  if (saved === null) return null;
  const { deviceId, credential } = saved;
  if (!Number.isSafeInteger(deviceId) || typeof credential !== 'string' || credential === '') return null;
  return { deviceId: deviceId as number, credential };
}
