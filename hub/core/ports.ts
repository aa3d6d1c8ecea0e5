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
  /**
   * The bytes, or a part of them, as a stream to be read to its end or destroyed; null when there is nothing under the key. A range
   * lies within the object: `stat` tells how long it is.
   */
  get(key: string, range?: ByteRange): Promise<StoredObject | null>;
  /** Size and type without the bytes; null when there is nothing under the key. */
  stat(key: string): Promise<StoredFacts | null>;
  /**
   * An address at which anybody can fetch the bytes for so long, with the content type and, if given, as a download of this name;
   * null where the store has no addresses of its own and the caller serves the bytes.
   */
  downloadUrl(key: string, options: DownloadOptions): Promise<string | null>;
  /**
   * How to send the bytes straight to the store: exactly so many, of this type, for so long; null where the store has no addresses of
   * its own and the caller takes the bytes.
   */
  uploadUrl(key: string, options: UploadOptions): Promise<{ url: string; headers: Record<string, string> } | null>;
  /** Removes the bytes; a key that does not exist is no error. */
  delete(key: string): Promise<void>;
}

/** Both ends are included (RFC 9110 §14.1.2). */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface StoredFacts {
  readonly contentType: string;
  /** Of the whole object. */
  readonly sizeBytes: number;
}

export interface StoredObject extends StoredFacts {
  readonly stream: NodeJS.ReadableStream;
}

export interface DownloadOptions {
  readonly expiresInSeconds: number;
  readonly contentType: string;
  /** Present: sent as an attachment of this name. */
  readonly fileName?: string;
}

export interface UploadOptions {
  readonly expiresInSeconds: number;
  readonly sizeBytes: number;
  readonly contentType: string;
}

/** An event for the outside, as every channel carries it. */
export interface OutsideEvent {
  /** Names the event: a repeat has the same. */
  readonly eventId: string;
  readonly kind: string;
  readonly tenantId: number;
  /** The event as JSON text, the same bytes at every attempt. */
  readonly body: string;
}

/** Why a delivery failed, and whether another attempt can help. */
export class NotDeliveredError extends Error {
  override readonly name = 'NotDeliveredError';
  readonly retry: boolean;
  /** How long the other side asked us to wait, in milliseconds; null when it did not say. */
  readonly retryAfterMs: number | null;

  /** @param message one line for operators, without the address and without what the other side sent */
  constructor(message: string, retry: boolean, options?: ErrorOptions & { readonly retryAfterMs?: number | null }) {
    super(message, options);
    this.retry = retry;
    this.retryAfterMs = options?.retryAfterMs ?? null;
  }
}

/** One channel to the outside: an SNS topic, or a webhook. */
export interface Notifier {
  /** Resolves when the other side has taken it. Rejects with NotDeliveredError within seconds. */
  publish(event: OutsideEvent): Promise<void>;
}

/** Where a webhook's events go, and what signs them. */
export interface WebhookTarget {
  readonly url: string;
  readonly secret: string;
}

/** Channels to the tenants' own webhooks. */
export interface Webhooks {
  /** Why nothing may ever be sent to this address, or null. Looks at the text alone: names are looked up when something is sent. */
  refusal(url: string): string | null;
  /** The channel to one webhook; costs nothing to make. */
  open(target: WebhookTarget): Notifier;
}
