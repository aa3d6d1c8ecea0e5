import { expect, test } from 'vitest';
import { GIVE_UP_AFTER_MS, nextAttemptAt } from './next-attempt.ts';

const least = { below: () => 0 };
const most = { below: (below: number) => below - 1 };
const NOW = 1_000_000_000;

test.each([
  [1, 500, 1_000],
  [2, 1_000, 2_000],
  [5, 8_000, 16_000],
  [10, 256_000, 512_000],
  [11, 450_000, 900_000],
  [5_000, 450_000, 900_000],
])('after %i attempts it waits %i to %i ms', (attempts, leastMs, mostMs) => {
  const failed = { attempts, createdAt: NOW, retryAfterMs: null };
  expect(nextAttemptAt(failed, NOW, least)).toBe(NOW + leastMs);
  expect(nextAttemptAt(failed, NOW, most)).toBe(NOW + mostMs);
});

test('a longer wait that was asked for is kept, a shorter one is not', () => {
  expect(nextAttemptAt({ attempts: 1, createdAt: NOW, retryAfterMs: 60_000 }, NOW, most)).toBe(NOW + 60_000);
  expect(nextAttemptAt({ attempts: 11, createdAt: NOW, retryAfterMs: 5 }, NOW, least)).toBe(NOW + 450_000);
});

test('a day after it was made it is given up, not before', () => {
  const failed = { attempts: 1, createdAt: NOW - GIVE_UP_AFTER_MS + 500, retryAfterMs: null };
  expect(nextAttemptAt(failed, NOW, least)).toBe(NOW + 500);
  expect(nextAttemptAt({ ...failed, createdAt: failed.createdAt - 1 }, NOW, least)).toBeNull();
});
