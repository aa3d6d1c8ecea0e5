/**
 * The ports of the hub and the API. A port stands here only because two real adapters exist for it
 * (design: Clock, Ids, Bus; the store is one SQL text over two databases).
 */

/** Wall clock in epoch milliseconds and a monotonic clock for intervals. */
export interface Clock {
  now(): number;
  monotonicMs(): number;
}

/** Randomness. Everything secret comes from here. */
export interface Ids {
  /** Random bytes as base64url text. */
  secret(bytes: number): string;
  /** A uniformly random integer in [0, below). */
  below(below: number): number;
  uuid(): string;
}

/**
 * A hint: "look again". Hints carry no truth; one that is lost, doubled, late or out of order costs latency and never
 * correctness [INV-6].
 */
export type Hint =
  /** The change log has grown to at least this rev. */
  | { readonly kind: 'changes'; readonly rev: number }
  /** A device has connected somewhere with this connEpoch: older sessions of it are to close. */
  | { readonly kind: 'session'; readonly deviceId: number; readonly connEpoch: number }
  /** Something may have been missed (the bus was away and is back): read everything again. Made by the adapter itself. */
  | { readonly kind: 'resync' };

export type BusState = 'up' | 'down';

export interface Bus {
  /** Connects in the background; resolves at once, whether or not the other side is there. */
  start(): void;
  /** Announces a hint. Never throws, never blocks, never queues without bound: a hint that cannot go out is dropped and counted. */
  publish(hint: Hint): void;
  /** Calls the listener for every hint, those of this process included. Returns the way to stop. */
  subscribe(listener: (hint: Hint) => void): () => void;
  state(): BusState;
  /** Hints dropped since start because the bus was down. */
  dropped(): number;
  /** Stops within a second; later publishes are dropped. */
  close(): Promise<void>;
}

/** Who a CMS access token speaks for. `ver` is the user's token_version when it was issued. */
export interface UserClaims {
  readonly sub: number;
  readonly role: 'admin' | 'manager' | 'user';
  readonly tenant: number;
  readonly ver: number;
  readonly iat: number;
  readonly exp: number;
}

/** Who a device token speaks for. `ver` is the device's credential_version when it was issued. */
export interface DeviceClaims {
  readonly sub: number;
  readonly tenant: number;
  readonly ver: number;
  readonly iat: number;
  readonly exp: number;
}

/** Why a token was refused. */
export type TokenRefusal = 'malformed' | 'expired' | 'invalid';

export type Verified<C> =
  | { readonly ok: true; readonly claims: C }
  | { readonly ok: false; readonly why: TokenRefusal };

/** Issues and verifies RS256 tokens (RFC 7519; algorithm, issuer, audience and type are pinned). Never throws on a bad token. */
export interface Tokens {
  issueUser(claims: {
    sub: number;
    role: UserClaims['role'];
    tenant: number;
    ver: number;
  }): Promise<{ token: string; expiresIn: number }>;
  issueDevice(claims: { sub: number; tenant: number; ver: number }): Promise<{ token: string; expiresIn: number }>;
  verifyUser(token: string): Promise<Verified<UserClaims>>;
  verifyDevice(token: string): Promise<Verified<DeviceClaims>>;
  /** Public keys, RFC 7517. */
  jwks(): { keys: Record<string, unknown>[] };
}

/**
 * The object store cannot be reached, does not answer in time or says that it is overloaded: trying again later is right. Every
 * other failure of a store is a fault of its set-up or of ours.
 */
export class ObjectStoreUnavailableError extends Error {
  override readonly name = 'ObjectStoreUnavailableError';
}

/**
 * Bytes kept under keys that the server makes; a key never comes from a caller. Every method, and the stream of `get`, fails with
 * ObjectStoreUnavailableError within seconds when the store is away.
 */
export interface ObjectStore {
  /**
   * Stores the bytes; a key that exists is overwritten, and holds what it held before unless the put succeeds. Resolves when they
   * are durable. When a stream fails, rejects with the stream's own error.
   */
  put(key: string, bytes: Uint8Array | NodeJS.ReadableStream, contentType: string): Promise<void>;
  /** The bytes as a stream, to be read to its end or destroyed, with their size; null when there is nothing under the key. */
  get(key: string): Promise<StoredObject | null>;
  /** Removes the bytes; a key that does not exist is no error. */
  delete(key: string): Promise<void>;
}

export interface StoredObject {
  readonly stream: NodeJS.ReadableStream;
  readonly contentType: string;
  readonly sizeBytes: number;
}
