/**
 * One WebSocket to the hub, from opening to its end.
 *
 * States: opening -> open -> welcomed -> ended. Invariants: `onEnd` is called exactly once, whatever happens, and nothing is
 * called after it; a hub that is gone without a word is noticed: the handshake and the welcome have deadlines, and after
 * that the application's own ping must be answered, because a browser neither sees nor can send the protocol's.
 */
import type { DownFrame } from '../../protocol/down.ts';
import type { SocketEnd } from '../../protocol/reconnect.ts';
import type { UpFrame } from '../../protocol/up.ts';
import { BEARER_SUBPROTOCOL_PREFIX, type Subprotocol } from '../../protocol/version.ts';

/** From the start to open, and from open to welcome, in milliseconds. */
export const GREETING_DEADLINE_MS = 10_000;
/** Between two pings, in milliseconds; one that is not answered before the next is due ends the socket: 18 s at most. */
export const PING_MS = 9_000;

const SUBPROTOCOL: Subprotocol = 'podoh.v1.json';

export interface HubSocketEvents {
  onOpen(): void;
  onFrame(frame: DownFrame): void;
  onEnd(end: SocketEnd): void;
  /** Something arrived that is not a frame of the contract; it was left out. */
  onNoise(what: string): void;
}

export class HubSocket {
  readonly #socket: WebSocket;
  readonly #monotonicMs: () => number;
  readonly #events: HubSocketEvents;
  #state: 'opening' | 'open' | 'welcomed' | 'ended' = 'opening';
  #openedAtMs: number | null = null;
  #pingSentAtMs: number | null = null;
  #heardSincePing = true;
  #deadline: ReturnType<typeof setTimeout>;
  #pings: ReturnType<typeof setInterval> | null = null;

  /** Begins to open it. */
  constructor(address: string, accessToken: string, monotonicMs: () => number, events: HubSocketEvents) {
    this.#monotonicMs = monotonicMs;
    this.#events = events;
    this.#deadline = setTimeout(() => this.#end(1006, 'no answer'), GREETING_DEADLINE_MS);
    this.#socket = new WebSocket(address, [SUBPROTOCOL, `${BEARER_SUBPROTOCOL_PREFIX}${accessToken}`]);
    this.#socket.addEventListener('open', () => this.#onOpen());
    this.#socket.addEventListener('message', (message: MessageEvent<unknown>) => this.#onMessage(message.data));
    // Fired only when the connection failed, which is code 1006; some engines do not say `close` after it.
    this.#socket.addEventListener('error', () => this.#end(1006, 'failed'));
    this.#socket.addEventListener('close', (closing) => this.#end(closing.code, 'closed'));
  }

  /** When the last ping was sent, for the round trip of its pong; null when none was. */
  get pingSentAtMs(): number | null {
    return this.#pingSentAtMs;
  }

  /** Answers whether the frame was handed to the socket. */
  send(frame: UpFrame): boolean {
    if (this.#state === 'ended' || this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Ends it from this side; `onEnd` is not called. */
  abandon(why: string): void {
    if (this.#state === 'ended') return;
    this.#stop();
    this.#socket.close(1000, why);
  }

  #onOpen(): void {
    if (this.#state !== 'opening') return;
    this.#state = 'open';
    this.#openedAtMs = this.#monotonicMs();
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#end(1006, 'no welcome'), GREETING_DEADLINE_MS);
    this.#events.onOpen();
  }

  #onMessage(data: unknown): void {
    if (this.#state === 'ended') return;
    this.#heardSincePing = true;
    const frame = readFrame(data);
    if (frame === null) {
      this.#events.onNoise('not a frame');
      return;
    }
    if (frame.type === 'welcome' && this.#state === 'open') {
      this.#state = 'welcomed';
      clearTimeout(this.#deadline);
      this.#pings = setInterval(() => this.#ping(), PING_MS);
    }
    this.#events.onFrame(frame);
  }

  #ping(): void {
    if (!this.#heardSincePing) {
      this.#end(1006, 'silent');
      return;
    }
    this.#heardSincePing = false;
    this.#pingSentAtMs = this.#monotonicMs();
    this.send({ type: 'ping' });
  }

  /** The end as this side sees it. A dead peer never finishes the close, so its close event is not waited for. */
  #end(code: number, why: string): void {
    if (this.#state === 'ended') return;
    const welcomed = this.#state === 'welcomed';
    this.#stop();
    this.#socket.close(1000, why);
    this.#events.onEnd({
      code,
      welcomed,
      livedMs: this.#openedAtMs === null ? 0 : this.#monotonicMs() - this.#openedAtMs,
    });
  }

  #stop(): void {
    this.#state = 'ended';
    clearTimeout(this.#deadline);
    if (this.#pings !== null) clearInterval(this.#pings);
  }
}

/** A flat object with a type, or null. What its type promises is the hub's word; screen.ts ignores types it does not know. */
function readFrame(data: unknown): DownFrame | null {
  if (typeof data !== 'string') return null;
  try {
    const value: unknown = JSON.parse(data);
    const isFrame =
      typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
    return isFrame ? (value as DownFrame) : null;
  } catch (cause) {
    if (cause instanceof SyntaxError) return null;
    throw cause;
  }
}
