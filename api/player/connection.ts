/**
 * The way to the hub, kept open: does what link.ts decides. At most one socket; the token it was opened with is renewed while
 * it lives; heartbeats run where no socket holds; pairing where no credential does.
 *
 * Invariant: whatever fails here, the next try is set, except while `outdated`, which ends with the page.
 */
import type { DownFrame } from '../../protocol/down.ts';
import type { UpFrame } from '../../protocol/up.ts';
import type { HeartbeatLoop } from './heartbeat-loop.ts';
import type { HubHttp } from './hub-http.ts';
import { HubSocket } from './hub-socket.ts';
import { NEW_LINK, stepLink, type Link, type LinkEffect, type LinkEvent } from './link.ts';
import type { PairingLoop } from './pairing-loop.ts';
import type { Paired } from './pairing.ts';
import { timerStepMs } from './pause.ts';
import { createTokenKeeper, type TokenKeeper } from './token-keeper.ts';

/** Between two tries to renew a token in a live session, in milliseconds. */
const RENEW_RETRY_MS = 15_000;
/** A player too old for its hub looks for a newer one after this, and up to twice this, in milliseconds. */
const OUTDATED_MS = 300_000;
/** Longest obedience to a Retry-After, in milliseconds: a mistaken proxy must not switch a screen off. */
const RETRY_AFTER_MAX_MS = 300_000;

export interface ConnectionParts {
  /** The hub's WebSocket address. */
  readonly address: string;
  readonly http: HubHttp;
  readonly pairing: () => Pick<PairingLoop, 'start' | 'hurry'>;
  readonly heartbeats: () => Pick<HeartbeatLoop, 'start' | 'stop' | 'poke'>;
  readonly monotonicMs: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly isAlerting: () => boolean;
  readonly sayHello: () => void;
  readonly onFrame: (frame: DownFrame) => void;
  /** Heartbeats begin: what an old connection may have lost is due again. */
  readonly onHeartbeats: () => void;
  readonly onNoise: () => void;
  /** Something worth a line in the diary. */
  readonly note: (what: string) => void;
  /** This player is too old for its hub. */
  readonly fetchNewer: () => void;
  readonly onChanged: () => void;
}

export class Connection {
  readonly #parts: ConnectionParts;
  #link: Link = NEW_LINK;
  #tokens: TokenKeeper | null = null;
  #socket: HubSocket | null = null;
  #renewTriedMs: number | null = null;
  #retry: ReturnType<typeof setTimeout> | null = null;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
  }

  get link(): Link {
    return this.#link;
  }

  get tokens(): TokenKeeper | null {
    return this.#tokens;
  }

  /** When the last ping went out; null when none did. */
  get pingSentAtMs(): number | null {
    return this.#socket?.pingSentAtMs ?? null;
  }

  start(paired: Paired | null): void {
    if (paired !== null) this.#takeTokens(paired);
    this.dispatch({ kind: 'start', paired: paired !== null });
  }

  paired(paired: Paired): void {
    this.#takeTokens(paired);
    this.dispatch({ kind: 'paired' });
  }

  /** Sends over the live socket; answers whether there is one. */
  send(frame: UpFrame): boolean {
    return this.#socket?.send(frame) ?? false;
  }

  dispatch(event: LinkEvent): void {
    const input = { random: this.#parts.random(), alertActive: this.#parts.isAlerting() };
    const { link, effects } = stepLink(this.#link, event, input);
    this.#link = link;
    for (const effect of effects) this.#run(effect);
    this.#parts.onChanged();
  }

  networkBack(): void {
    this.dispatch({ kind: 'network.back' });
    this.#parts.pairing().hurry();
    this.#parts.heartbeats().poke();
  }

  /** The hub is going away in so many milliseconds: this session ends by itself then, if it is still this one. */
  leaveAfter(afterMs: number): void {
    const socket = this.#socket;
    setTimeout(() => {
      if (this.#socket === socket) this.dispatch({ kind: 'goaway' });
    }, timerStepMs(afterMs));
  }

  /** To be called every second: renews the token of a live session in time. */
  tick(): void {
    if (this.#link.phase !== 'live' || this.#tokens?.renewInMs() !== 0) return;
    const nowMs = this.#parts.monotonicMs();
    if (this.#renewTriedMs !== null && nowMs - this.#renewTriedMs < RENEW_RETRY_MS) return;
    this.#renewTriedMs = nowMs;
    void this.#renewToken(this.#tokens);
  }

  #takeTokens(paired: Paired): void {
    this.#tokens = createTokenKeeper(this.#parts.http, paired, this.#parts.monotonicMs);
  }

  #run(effect: LinkEffect): void {
    switch (effect.do) {
      case 'pair':
        this.#parts.pairing().start();
        return;
      case 'get-token':
        void this.#getToken(effect.fresh);
        return;
      case 'open-socket':
        void this.#openSocket();
        return;
      case 'say-hello':
        this.#parts.sayHello();
        return;
      case 'close-socket':
        this.#socket?.abandon(effect.why);
        this.#socket = null;
        return;
      case 'retry':
        this.#retryAfter(Math.min(effect.afterMs, RETRY_AFTER_MAX_MS));
        return;
      case 'start-heartbeats':
        this.#parts.onHeartbeats();
        this.#parts.heartbeats().start();
        return;
      case 'stop-heartbeats':
        this.#parts.heartbeats().stop();
        return;
      case 'fetch-newer-player':
        setTimeout(this.#parts.fetchNewer, OUTDATED_MS * (1 + this.#parts.random()));
        return;
    }
  }

  #retryAfter(delayMs: number): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.dispatch({ kind: 'retry.due' }), delayMs);
  }

  async #getToken(fresh: boolean): Promise<void> {
    const answer = await this.#tokens?.get(fresh);
    if (answer === undefined) this.dispatch({ kind: 'token.refused' });
    else if (answer.ok) this.dispatch({ kind: 'token.ready' });
    else if (answer.refused) this.dispatch({ kind: 'token.refused' });
    else this.dispatch({ kind: 'token.failed', retryAfterMs: answer.retryAfterMs });
  }

  async #openSocket(): Promise<void> {
    const { address, monotonicMs, onFrame, onNoise, note } = this.#parts;
    const token = await this.#tokens?.get(false);
    if (this.#link.phase !== 'opening' || this.#socket !== null) return;
    if (token === undefined || !token.ok) {
      this.dispatch({ kind: 'socket.ended', end: { code: 1006, welcomed: false, livedMs: 0 } });
      return;
    }
    this.#socket = new HubSocket(address, token.token, monotonicMs, {
      onOpen: () => this.dispatch({ kind: 'socket.opened' }),
      onFrame,
      onEnd: (end) => {
        this.#socket = null;
        note(`socket ended ${end.code}`);
        this.dispatch({ kind: 'socket.ended', end });
      },
      onNoise,
    });
  }

  /** Extends the session before its token runs out. */
  async #renewToken(tokens: TokenKeeper): Promise<void> {
    const answer = await tokens.get(true);
    if (tokens !== this.#tokens) return;
    if (answer.ok) this.send({ type: 'auth', accessToken: answer.token });
    else if (answer.refused) this.dispatch({ kind: 'token.refused' });
  }
}
