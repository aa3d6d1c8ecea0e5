/**
 * How often each device may ask for something that costs: a token bucket per device. Only devices whose token was verified get
 * one, so their number is bounded by the fleet's.
 *
 * State: two generations of buckets. A bucket that nobody touched for as long as it takes to fill is full, so forgetting it
 * changes nothing: every TURN_MS the older generation is dropped.
 */
import { takeToken, type TokenBucket } from '../core/token-bucket.ts';

const PER_SECOND = 5;
const BURST = 60;
const TURN_MS = (BURST / PER_SECOND) * 1000;

export class DeviceRates {
  #buckets = new Map<number, TokenBucket>();
  #older = new Map<number, TokenBucket>();
  #turnedAtMs = 0;

  /** Takes one; false when this device is over its rate. */
  mayAsk(deviceId: number, nowMs: number): boolean {
    if (nowMs - this.#turnedAtMs >= TURN_MS) {
      this.#older = this.#buckets;
      this.#buckets = new Map();
      this.#turnedAtMs = nowMs;
    }
    let bucket = this.#buckets.get(deviceId);
    if (bucket === undefined) {
      bucket = this.#older.get(deviceId) ?? { tokens: BURST, filledAtMs: nowMs };
      this.#buckets.set(deviceId, bucket);
    }
    return takeToken(bucket, PER_SECOND, BURST, nowMs);
  }
}
