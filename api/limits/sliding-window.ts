/**
 * A sliding window of one minute, counted as two fixed windows with the older one weighted by how much of it still
 * overlaps: at an edge between windows a caller cannot get twice the limit, and a key costs two numbers.
 */

export const WINDOW_MS = 60_000;

/** Counts of the window with number `window` and of the one before it. */
export interface WindowCount {
  readonly window: number;
  readonly current: number;
  readonly previous: number;
}

/** Moves a count on to the window that `nowMs` is in. */
export function countAt(count: WindowCount | undefined, nowMs: number): WindowCount {
  const window = Math.floor(nowMs / WINDOW_MS);
  if (count === undefined || count.window < window - 1) return { window, current: 0, previous: 0 };
  if (count.window === window - 1) return { window, current: 0, previous: count.current };
  return count;
}

/** Milliseconds until one more request fits under the limit; 0 when it fits now. `count` is as countAt gives it. */
export function waitMs(count: WindowCount, limit: number, nowMs: number): number {
  if (limit < 1) return WINDOW_MS;
  const elapsed = (nowMs - count.window * WINDOW_MS) / WINDOW_MS;
  if (count.previous * (1 - elapsed) + count.current + 1 <= limit) return 0;
  // The share of a window that has to pass until `older` requests, weighted, leave room beside `newer` and one more.
  const shareFor = (older: number, newer: number): number => 1 - Math.max(0, limit - 1 - newer) / older;
  const wait =
    count.current + 1 <= limit
      ? shareFor(count.previous, count.current) - elapsed
      : 1 - elapsed + shareFor(count.current, 0);
  return Math.max(1, Math.ceil(wait * WINDOW_MS));
}

/**
 * The same for Redis, by Redis's own clock, in one atomic step. KEYS[1] the counter, ARGV[1] the limit, ARGV[2] the window
 * in milliseconds; returns the wait in milliseconds, 0 when the request was counted.
 */
export const WINDOW_SCRIPT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, size = tonumber(ARGV[1]), tonumber(ARGV[2])
local window = math.floor(now / size)
local kept = redis.call('HMGET', KEYS[1], 'window', 'current', 'previous')
local current, previous = 0, 0
if tonumber(kept[1]) == window then
  current, previous = tonumber(kept[2]), tonumber(kept[3])
elseif tonumber(kept[1]) == window - 1 then
  previous = tonumber(kept[2])
end
local elapsed = (now - window * size) / size
if previous * (1 - elapsed) + current + 1 <= limit then
  redis.call('HSET', KEYS[1], 'window', window, 'current', current + 1, 'previous', previous)
  redis.call('PEXPIRE', KEYS[1], 2 * size)
  return 0
end
local wait
if current + 1 <= limit then
  wait = 1 - math.max(0, limit - 1 - current) / previous - elapsed
else
  wait = 1 - elapsed + 1 - math.max(0, limit - 1) / current
end
return math.max(1, math.ceil(wait * size))
`;
