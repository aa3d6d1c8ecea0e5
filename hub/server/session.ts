/**
 * One device's live WebSocket connection.
 *
 * States:
 *   authenticating  the socket is open, its token is being verified and its device read; frames wait (bounded)
 *   greeting        authenticated; the first frame must be `hello`
 *   catching-up     its hello cites a rev that this node has yet to read from the log; frames wait (bounded)
 *   live            welcomed: subscribed, gets every change
 *   closed          nothing may be sent; the socket is gone or going
 * Invariants: uWebSockets.js throws on any use of a closed socket, so nobody but this class touches `ws`; after `closed`
 * every method is harmless. Of a device only the session with the highest connEpoch is in the registry.
 */
import type { WebSocket } from 'uWebSockets.js';
import type { TokenBucket } from '../core/token-bucket.ts';
import { CLOSE_CODES, type CloseName } from '../../protocol/close-codes.ts';
import type { DownFrame } from '../../protocol/down.ts';
import { EncodedFrame, type Codec } from './frames.ts';

export type SessionState = 'authenticating' | 'greeting' | 'catching-up' | 'live' | 'closed';

/** Frames a device may send before it is authenticated; its `hello` is all it needs. */
const EARLY_FRAMES_MAX = 4;

/** uWebSockets.js copies the fields of what is given at the upgrade onto its own object: one field, and the session stays itself. */
export interface SocketData {
  readonly session: Session;
}

export class Session implements TokenBucket {
  /** Set when the socket opens; never used after `closed`. */
  ws: WebSocket<SocketData> | null = null;
  state: SessionState = 'authenticating';
  readonly codec: Codec;
  readonly address: string;
  /** The token, until it is verified. */
  token: string | null;
  sequence = 0;
  deviceId = 0;
  tenantId = 0;
  /** The device's group, 0 for none: the topic it is subscribed to. */
  groupId = 0;
  credentialVersion = 0;
  connEpoch = 0;
  /** Epoch milliseconds. */
  tokenExpiresAt = 0;
  /** The highest rev the device said it applied. */
  appliedRev = 0;
  /** The highest rev pushed to this session alone, and when. */
  sentRev = 0;
  sentAtMs = 0;
  /** Whole states sent again because the device did not confirm the push of this rev. */
  resyncs = 0;
  resyncsOfRev = 0;
  /** Last valid frame or pong, monotonic. */
  heardAtMs = 0;
  openedAtMs = 0;
  /** Since when the send buffer is too full, monotonic; 0 when it is not. */
  slowSinceMs = 0;
  /** A frame for it was dropped: it is being closed. */
  isSlow = false;
  badFrames = 0;
  /** Whether it holds the device's record and owes the database a disconnect. */
  pinned = false;
  tokens: number;
  filledAtMs: number;
  early: { bytes: Uint8Array; codec: Codec }[] | null = null;
  /** Who waits for the first frame, or for the end. */
  #onSpoken: (() => void) | null = null;

  constructor(codec: Codec, address: string, token: string, burst: number, nowMs: number) {
    this.codec = codec;
    this.address = address;
    this.token = token;
    this.tokens = burst;
    this.filledAtMs = nowMs;
    this.openedAtMs = nowMs;
    this.heardAtMs = nowMs;
  }

  /** Whether frames are to be kept rather than handled. */
  get waits(): boolean {
    return this.state === 'authenticating' || this.state === 'catching-up';
  }

  /** Keeps a frame that came before the token was verified; false when there are too many. */
  keepEarly(bytes: Uint8Array, codec: Codec): boolean {
    this.early ??= [];
    if (this.early.length >= EARLY_FRAMES_MAX) return false;
    this.early.push({ bytes, codec });
    this.#settleSpoken();
    return true;
  }

  /**
   * Resolves when the device has said something, or is gone. Only then does anybody live at the other end: an upgrade that
   * waited in the kernel while this process stood still may be of a device that has long been elsewhere.
   */
  spoken(): Promise<void> {
    if (this.early !== null || this.state !== 'authenticating') return Promise.resolve();
    return new Promise((resolve) => {
      this.#onSpoken = resolve;
    });
  }

  #settleSpoken(): void {
    this.#onSpoken?.();
    this.#onSpoken = null;
  }

  /** Sends a frame; a device too slow to take it is closed and comes back for its whole state. Returns whether it was written. */
  send(frame: EncodedFrame | DownFrame): boolean {
    if (this.state === 'closed' || this.ws === null) return false;
    const encoded = frame instanceof EncodedFrame ? frame : new EncodedFrame(frame);
    // 2 means dropped: the device has a hole now and must not go on as if it had not. [INV-5]
    if (this.ws.send(encoded.bytes(this.codec), this.codec === 'msgpack') === 2) {
      this.terminate();
      return false;
    }
    return true;
  }

  /** Says why and closes. The close handler of the endpoint does the rest. */
  close(name: CloseName, detail?: string): void {
    if (this.state === 'closed' || this.ws === null) return;
    const { code, reason } = CLOSE_CODES[name];
    this.state = 'closed';
    this.ws.end(code, detail === undefined ? reason : `${reason} ${detail}`);
  }

  /** Cuts the connection without a close frame, which a full buffer would swallow anyway. */
  terminate(): void {
    if (this.state === 'closed' || this.ws === null) return;
    this.state = 'closed';
    this.ws.close();
  }

  /** The socket is gone (the endpoint's close handler). */
  gone(): void {
    this.state = 'closed';
    this.ws = null;
    this.token = null;
    this.early = null;
    this.#settleSpoken();
  }

  bufferedBytes(): number {
    return this.state === 'closed' || this.ws === null ? 0 : this.ws.getBufferedAmount();
  }

  subscribe(topic: string): void {
    if (this.state !== 'closed') this.ws?.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    if (this.state !== 'closed') this.ws?.unsubscribe(topic);
  }
}
