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
  /** Begins an object that comes in parts, in any order and over any time. Returns what the store calls it from now on. */
  beginParts(key: string, contentType: string): Promise<string>;
  /** An address that takes the part: exactly so many bytes, for so long, any number of times; null where the caller takes them. */
  partUrl(part: PartName, options: PartUrlOptions): Promise<string | null>;
  /** Stores a part; one that was there is replaced, unless this fails. Rejects with PartsGoneError, or the stream's own error. */
  putPart(part: PartName, bytes: NodeJS.ReadableStream, sizeBytes: number): Promise<void>;
  /** The parts that are there, by number; null when none are kept under this name (any more). */
  listParts(key: string, partsId: string): Promise<StoredPart[] | null>;
  /**
   * Makes the parts 1 to `partCount` the object under the key, in one step, and forgets them. Rejects with MissingPartsError, and
   * nothing has changed, or with PartsGoneError, also when it was done before.
   */
  joinParts(key: string, partsId: string, partCount: number): Promise<void>;
  /** Drops the parts; none is no error. */
  abortParts(key: string, partsId: string): Promise<void>;
}

/** One part of an object that comes in parts. */
export interface PartName {
  readonly key: string;
  /** What `beginParts` returned. */
  readonly partsId: string;
  /** From 1 to 10,000. */
  readonly number: number;
}

export interface PartUrlOptions {
  readonly expiresInSeconds: number;
  readonly sizeBytes: number;
}

export interface StoredPart {
  readonly number: number;
  readonly sizeBytes: number;
}

/** The parts were joined or dropped, or never begun. */
export class PartsGoneError extends Error {
  override readonly name = 'PartsGoneError';
}

/** Parts that are to be joined are not there. */
export class MissingPartsError extends Error {
  override readonly name = 'MissingPartsError';
  /** Their numbers. */
  readonly missing: readonly number[];

  constructor(missing: readonly number[]) {
    super(`parts are missing: ${missing.join(', ')}`);
    this.missing = missing;
  }
}

/** Throws MissingPartsError unless the parts 1 to `partCount` are among these. */
export function requireParts(parts: readonly StoredPart[], partCount: number): void {
  const there = new Set(parts.map(({ number }) => number));
  const missing = Array.from({ length: partCount }, (_, at) => at + 1).filter((number) => !there.has(number));
  if (missing.length > 0) throw new MissingPartsError(missing);
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
