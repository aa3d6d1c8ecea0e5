/**
 * Hints as one text on a Redis channel: `{"from":"<bus>","hints":[...]}`. What comes in is checked: anybody who reaches the
 * Redis can publish, and an older or newer hub may say more than we know.
 */
import type { Hint } from '../core/ports.ts';

/** Hints that travel. `resync` does not: each bus makes its own. */
export type SentHint = Exclude<Hint, { kind: 'resync' }>;

/** Hints in one message. Past it: another message. */
export const HINTS_PER_MESSAGE_MAX = 256;
/** Characters of a message. Past it: it is not ours. */
const MESSAGE_LENGTH_MAX = 64 * 1024;

export interface HintMessage {
  readonly from: string;
  readonly hints: readonly SentHint[];
}

/** One message's text. */
export function encodeHints(message: HintMessage): string {
  return JSON.stringify(message);
}

/** Reads a message; null when it is not one. Hints of unknown kinds are left out. Never throws. */
export function decodeHints(text: string): HintMessage | null {
  if (text.length > MESSAGE_LENGTH_MAX) return null;
  const value = parse(text);
  if (!isRecord(value)) return null;
  const { from, hints } = value;
  if (typeof from !== 'string' || !Array.isArray(hints) || hints.length > HINTS_PER_MESSAGE_MAX) return null;
  return { from, hints: hints.map(readHint).filter((hint) => hint !== null) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function readHint(value: unknown): SentHint | null {
  if (!isRecord(value)) return null;
  const { kind, rev, deviceId, connEpoch } = value;
  if (kind === 'changes' && isCount(rev)) return { kind, rev };
  if (kind === 'session' && isCount(deviceId) && isCount(connEpoch)) return { kind, deviceId, connEpoch };
  return null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
