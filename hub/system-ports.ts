/** The real clock and the real randomness. Tests bring their own. */
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import type { Clock, Ids } from './core/ports.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
};

export const systemIds: Ids = {
  secret: (bytes) => randomBytes(bytes).toString('base64url'),
  below: (below) => (below <= 1 ? 0 : randomInt(below)),
  uuid: () => randomUUID(),
};
