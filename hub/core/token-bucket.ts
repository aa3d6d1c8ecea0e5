/** Token bucket as plain data and one pure step, so that a session can keep its two numbers itself. */

export interface TokenBucket {
  tokens: number;
  filledAtMs: number;
}

/**
 * Takes one token. Returns false when there is none: the caller is over its rate.
 * @param nowMs a monotonic instant in milliseconds
 */
export function takeToken(bucket: TokenBucket, ratePerSecond: number, burst: number, nowMs: number): boolean {
  const refill = ((nowMs - bucket.filledAtMs) / 1000) * ratePerSecond;
  if (refill > 0) {
    bucket.tokens = Math.min(burst, bucket.tokens + refill);
    bucket.filledAtMs = nowMs;
  }
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}
