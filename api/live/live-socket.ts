/**
 * One console's socket.
 *
 * States: waiting (nothing but `auth` is read, under a deadline) -> checking (nothing is read at all) -> live (with a token, an
 * actor and a place in an audience) -> closed. A live one goes through checking again for every further `auth`.
 * Invariants: nothing is sent before live; what waits for a slow reader never exceeds bufferedBytesMax; a closed one sends nothing.
 */
import type { WebSocket } from 'ws';
import type { Actor } from '../context.ts';
import { LIVE_CLOSE, type LiveCloseName, type LiveLimits } from './live-limits.ts';
import type { LiveServerMessage, LiveTopic } from './live-messages.ts';

/** `readyState` of an open socket. */
const OPEN = 1;

/** Where a socket comes from, for the checks of its tokens. */
export interface LiveOrigin {
  readonly ip: string;
  readonly requestId: string;
}

/** Who a socket speaks for, and until when, in epoch milliseconds. */
export interface Credentials {
  readonly token: string;
  readonly actor: Actor;
  readonly expiresAt: number;
}

export class LiveSocket {
  readonly origin: LiveOrigin;
  readonly #ws: WebSocket;
  readonly #limits: LiveLimits;
  #state: 'waiting' | 'checking' | 'live' | 'closed' = 'waiting';
  #credentials: Credentials | null = null;
  #topics: ReadonlySet<LiveTopic> | null = null;
  #deploymentIds: ReadonlySet<number> | null = null;
  /** Has to be told where things stand before it is told of changes. */
  isNew = true;
  /** Was told before, with another scope: what it shows may be wrong. */
  isStale = false;
  #missedPings = 0;
  #window = { since: 0, messages: 0 };

  constructor(ws: WebSocket, origin: LiveOrigin, limits: LiveLimits) {
    this.#ws = ws;
    this.origin = origin;
    this.#limits = limits;
    ws.on('pong', () => {
      this.#missedPings = 0;
    });
  }

  get state(): 'waiting' | 'checking' | 'live' | 'closed' {
    return this.#state;
  }

  /** Null until a token was accepted. */
  get credentials(): Credentials | null {
    return this.#credentials;
  }

  /** Reads nothing until the outcome is known. */
  beginCheck(): void {
    if (this.#state === 'closed') return;
    this.#state = 'checking';
    this.#ws.pause();
  }

  /** Takes what a check found; false when the socket has closed meanwhile. */
  accept(credentials: Credentials): boolean {
    if (this.#state === 'closed') return false;
    this.#credentials = credentials;
    this.#state = 'live';
    this.#ws.resume();
    return true;
  }

  /** The same token's user, as of now; false when the socket has closed meanwhile. */
  renew(actor: Actor): boolean {
    if (this.#state === 'closed' || this.#credentials === null) return false;
    this.#credentials = { ...this.#credentials, actor };
    return true;
  }

  narrow(topics: readonly LiveTopic[] | undefined, deploymentIds: readonly number[] | undefined): void {
    this.#topics = topics === undefined ? null : new Set(topics);
    this.#deploymentIds = deploymentIds === undefined ? null : new Set(deploymentIds);
  }

  wants(topic: LiveTopic): boolean {
    return this.#state !== 'closed' && (this.#topics === null || this.#topics.has(topic));
  }

  /** The deployments that it wants to hear of; null: all. */
  get deploymentIds(): ReadonlySet<number> | null {
    return this.#deploymentIds;
  }

  /** Counts a message or a ping of the client; false when there were too many. */
  mayTalk(nowMs: number): boolean {
    if (nowMs - this.#window.since >= this.#limits.messageWindowMs) this.#window = { since: nowMs, messages: 0 };
    this.#window.messages += 1;
    return this.#window.messages <= this.#limits.messagesPerWindow;
  }

  say(message: LiveServerMessage): void {
    this.sendText(JSON.stringify(message));
  }

  /** Sends a message that is text already. A reader that lets too much wait is closed. */
  sendText(text: string): void {
    if (this.#state === 'closed' || this.#ws.readyState !== OPEN) return;
    if (this.#ws.bufferedAmount + text.length > this.#limits.bufferedBytesMax) this.close('SLOW');
    else this.#ws.send(text);
  }

  /** Pings; a peer that missed two pings is cut. */
  ping(): void {
    if (this.#state === 'closed' || this.#ws.readyState !== OPEN) return;
    if (this.#missedPings >= 2) {
      this.cut();
      return;
    }
    this.#missedPings += 1;
    this.#ws.ping();
  }

  /** Closes with a code; a peer that does not answer is cut after a moment. */
  close(name: LiveCloseName): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    const { code, reason } = LIVE_CLOSE[name];
    // A paused socket would never read the other side's goodbye.
    this.#ws.resume();
    this.#ws.close(code, reason);
    const timer = setTimeout(() => this.#ws.terminate(), this.#limits.goodbyeMs);
    this.#ws.once('close', () => clearTimeout(timer));
  }

  /** Ends the connection without a word. */
  cut(): void {
    this.#state = 'closed';
    this.#ws.terminate();
  }

  /** The connection has ended. */
  ended(): void {
    this.#state = 'closed';
  }
}
