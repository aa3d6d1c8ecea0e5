/**
 * The same desired state over plain HTTP, for as long as no socket holds.
 *
 * States: stopped; asking (a call is out, usually held by the hub until something changes); pausing. Invariants: one call at a
 * time; news of our own cut a held call short and go out with the next one; what a failed or cut call carried is due again.
 */
import type { HeartbeatRequest, HeartbeatResponse } from '../../protocol/sync.ts';
import { WAIT_SECONDS_MAX } from '../../protocol/limits.ts';
import { helloFor } from '../../protocol/screen.ts';
import type { Status } from '../../protocol/up.ts';
import type { HubHttp } from './hub-http.ts';
import { Pause } from './pause.ts';
import type { Due, PlayerMemory } from './player-memory.ts';
import type { TokenKeeper } from './token-keeper.ts';

/** Own news gather this long before they cut a held call short, in milliseconds. */
const NEWS_GATHER_MS = 100;
/** A held call that comes back with nothing before this was not held, in milliseconds. */
const HELD_MS = 2_000;
/** Answers that brought a state may follow each other no faster than this, in milliseconds. */
const SPACING_MS = 1_000;
/** Wait after failures: the ceiling doubles from the first to the second, in milliseconds, with full jitter. */
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 30_000;

export interface HeartbeatLoopParts {
  readonly http: Pick<HubHttp, 'heartbeat'>;
  readonly tokens: () => TokenKeeper | null;
  readonly memory: PlayerMemory;
  readonly monotonicMs: () => number;
  readonly random: () => number;
  /** A status when one is due. */
  readonly takeStatus: () => Status | null;
  readonly onAnswer: (answer: HeartbeatResponse) => void;
  /** No answer, or not the expected one: the way over HTTP does not work at the moment. */
  readonly onFailure: () => void;
  /** The hub does not accept the credential. The loop has stopped. */
  readonly onRefused: () => void;
}

export class HeartbeatLoop {
  readonly #parts: HeartbeatLoopParts;
  readonly #pause = new Pause();
  #run = 0;
  #running = false;
  #call: AbortController | null = null;
  #news: ReturnType<typeof setTimeout> | null = null;

  constructor(parts: HeartbeatLoopParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#run += 1;
    void this.#beat(this.#run);
  }

  stop(): void {
    this.#running = false;
    this.#call?.abort();
    this.#pause.cut();
  }

  /** There is something to say, or to ask again. */
  poke(): void {
    if (!this.#running || this.#news !== null) return;
    this.#news = setTimeout(() => {
      this.#news = null;
      this.#call?.abort();
      this.#pause.cut();
    }, NEWS_GATHER_MS);
  }

  #isCurrent(run: number): boolean {
    return this.#running && this.#run === run;
  }

  async #beat(run: number): Promise<void> {
    let failures = 0;
    let freshToken = false;
    let first = true;
    while (this.#isCurrent(run)) {
      const outcome = await this.#once(freshToken, first);
      if (!this.#isCurrent(run)) return;
      if (outcome.kind === 'refused') {
        this.stop();
        this.#parts.onRefused();
        return;
      }
      if (outcome.kind === 'failed') {
        freshToken = outcome.unauthenticated;
        failures += 1;
        this.#parts.onFailure();
        const ceiling = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** (failures - 1));
        await this.#pause.wait(Math.max(outcome.retryAfterMs, 250 + this.#parts.random() * ceiling));
        continue;
      }
      first = false;
      failures = 0;
      freshToken = false;
      if (outcome.delayMs > 0) await this.#pause.wait(outcome.delayMs);
    }
  }

  async #once(freshToken: boolean, first: boolean): Promise<Outcome> {
    const { http, memory, monotonicMs } = this.#parts;
    const token = await (this.#parts.tokens()?.get(freshToken) ?? NO_CREDENTIAL);
    if (!token.ok)
      return token.refused
        ? { kind: 'refused' }
        : { kind: 'failed', unauthenticated: false, retryAfterMs: token.retryAfterMs ?? 0 };
    const due = memory.due();
    const request = this.#request(due, first);
    memory.markSent(due);
    const sentMs = monotonicMs();
    const call = new AbortController();
    this.#call = call;
    const answer = await http.heartbeat(token.token, request, call.signal);
    if (this.#call === call) this.#call = null;
    if (!answer.ok) {
      memory.forgetSent();
      if (call.signal.aborted) return { kind: 'answered', delayMs: 0 };
      return { kind: 'failed', unauthenticated: answer.status === 401, retryAfterMs: answer.retryAfterMs ?? 0 };
    }
    const receivedMs = monotonicMs();
    const held = (request.waitSeconds ?? 0) > 0;
    memory.observeTime({
      serverTime: answer.data.serverTime,
      receivedMonotonicMs: receivedMs,
      ...(held ? {} : { sentMonotonicMs: sentMs }),
    });
    memory.confirmed(due);
    this.#parts.onAnswer(answer.data);
    if (answer.data.hasUpdate) return { kind: 'answered', delayMs: first || !held ? 0 : SPACING_MS };
    // Not held although asked to: the hub cannot just now (too many wait, or it is going down) and says when to come back.
    const refusedToHold = held && receivedMs - sentMs < HELD_MS;
    return { kind: 'answered', delayMs: refusedToHold ? answer.data.nextHeartbeatSeconds * 1000 : 0 };
  }

  /** The first call and one that carries something are not held, so that their effect is known at once. */
  #request(due: Due, first: boolean): HeartbeatRequest {
    const status = this.#parts.takeStatus();
    const silent = !first && due.receipts.length === 0 && due.updates.length === 0;
    return {
      ...helloFor(this.#parts.memory.screen),
      waitSeconds: silent ? WAIT_SECONDS_MAX : 0,
      ...(status === null ? {} : { status }),
      ...(due.receipts.length === 0 ? {} : { receipts: [...due.receipts] }),
      ...(due.updates.length === 0 ? {} : { commandUpdates: [...due.updates] }),
    };
  }
}

type Outcome =
  | { readonly kind: 'answered'; readonly delayMs: number }
  | { readonly kind: 'failed'; readonly unauthenticated: boolean; readonly retryAfterMs: number }
  | { readonly kind: 'refused' };

const NO_CREDENTIAL = { ok: false, refused: true, retryAfterMs: null } as const;
