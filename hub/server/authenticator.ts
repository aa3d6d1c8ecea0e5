/**
 * Who is speaking: device tokens, verified once. A token seen before skips the cryptography; its expiry is still checked.
 *
 * Invariants: nothing is read or sent for a token before its signature was verified; a device known to be revoked is
 * refused whatever its token says. [INV-9]
 */
import { hash } from 'node:crypto';
import type { Effect } from '../core/hub-model.ts';
import type { Clock, DeviceClaims, Tokens, Verified } from '../core/ports.ts';
import { TOKEN_BYTES_MAX } from '../../protocol/limits.ts';

/** Tokens remembered; the oldest goes first. About 200 bytes each. */
const REMEMBERED_MAX = 100_000;

/** Three base64url parts: all that is checked before the socket opens. */
const TOKEN_SHAPE = /^[\w-]+\.[\w-]+\.[\w-]+$/;

export function isTokenShaped(token: string): boolean {
  return token.length <= TOKEN_BYTES_MAX && TOKEN_SHAPE.test(token);
}

export class Authenticator {
  readonly #tokens: Tokens;
  readonly #clock: Clock;
  readonly #remembered = new Map<string, DeviceClaims>();
  #revoked = new Set<number>();
  #hits = 0;

  constructor(tokens: Tokens, clock: Clock) {
    this.#tokens = tokens;
    this.#clock = clock;
  }

  get cacheHits(): number {
    return this.#hits;
  }

  /** Starts from the devices that the database says were revoked lately. */
  load(revokedDeviceIds: readonly number[]): void {
    this.#revoked = new Set(revokedDeviceIds);
  }

  apply(effect: Effect): void {
    if (effect.kind !== 'credential') return;
    if (effect.reason === 'rotated') this.#revoked.delete(effect.deviceId);
    else this.#revoked.add(effect.deviceId);
  }

  isRevoked(deviceId: number): boolean {
    return this.#revoked.has(deviceId);
  }

  /** The device a token claims to be, unverified: only ever a reason to refuse. */
  claimsRevoked(token: string): boolean {
    if (this.#revoked.size === 0) return false;
    const payload = token.split('.')[1] ?? '';
    try {
      const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
      return typeof claims === 'object' && claims !== null && 'sub' in claims && this.#revoked.has(Number(claims.sub));
    } catch (error) {
      // Not JSON: verification will say so.
      if (error instanceof SyntaxError) return false;
      throw error;
    }
  }

  /** Whether this very token was verified before and has not run out: knowing so costs no cryptography. */
  remembers(token: string): boolean {
    if (!isTokenShaped(token)) return false;
    const known = this.#remembered.get(hash('sha256', token, 'base64'));
    return known !== undefined && known.exp * 1000 > this.#clock.now();
  }

  async verify(token: string): Promise<Verified<DeviceClaims>> {
    if (!isTokenShaped(token)) return { ok: false, why: 'malformed' };
    const key = hash('sha256', token, 'base64');
    const known = this.#remembered.get(key);
    if (known !== undefined) {
      if (known.exp * 1000 > this.#clock.now()) {
        this.#hits += 1;
        return { ok: true, claims: known };
      }
      this.#remembered.delete(key);
      return { ok: false, why: 'expired' };
    }
    const verified = await this.#tokens.verifyDevice(token);
    if (verified.ok) {
      if (this.#remembered.size >= REMEMBERED_MAX) {
        const oldest = this.#remembered.keys().next().value;
        if (oldest !== undefined) this.#remembered.delete(oldest);
      }
      this.#remembered.set(key, verified.claims);
    }
    return verified;
  }
}
