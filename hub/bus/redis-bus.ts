/**
 * The bus between processes, over Redis pub/sub. Redis may lose, double or delay what it carries: hints only wake, the log in
 * the database tells [INV-6].
 *
 * States: `up` while both links are (one publishes, one is subscribed), else `down`; closed is `down` for good.
 * Invariants: listeners of this process get its own hints at once, and exactly once, whether Redis lives or not; every time the
 * subscription is confirmed they get `resync`, because what was said before is lost; at most MESSAGES_IN_FLIGHT_MAX
 * messages wait for Redis's answer and at most HINTS_PENDING_MAX hints for the end of the turn.
 */
import type { Bus, BusState, Clock, Hint, Ids } from '../core/ports.ts';
import type { BusLog } from './bus-log.ts';
import { HintListeners, type HintListener } from './hint-listeners.ts';
import { decodeHints, encodeHints, HINTS_PER_MESSAGE_MAX, type SentHint } from './hint-message.ts';
import { RedisLink } from './redis-link.ts';

/** Messages sent and not answered. Past it: hints are dropped and counted. */
const MESSAGES_IN_FLIGHT_MAX = 64;
/** Hints that wait for the end of the turn. Past it: they are dropped and counted. */
const HINTS_PENDING_MAX = 16_384;
/** A foreign message is worth a warning this often, in milliseconds. */
const WARN_EVERY_MS = 60_000;
/** Longest wait for the goodbye when closing, in milliseconds. */
const CLOSE_MS = 200;

export interface RedisBusOptions {
  readonly url: string;
  /** Names this installation's channel; two installations may share one Redis. */
  readonly prefix: string;
  readonly log: BusLog;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'below' | 'uuid'>;
}

export class RedisBus implements Bus {
  readonly #log: BusLog;
  readonly #clock: Clock;
  readonly #channel: string;
  readonly #self: string;
  readonly #listeners: HintListeners;
  readonly #publishing: RedisLink;
  readonly #subscribing: RedisLink;
  #pending: SentHint[] = [];
  #inFlight = 0;
  /** Counts losses of the publishing link: answers to what was sent before never come. */
  #publishingEra = 0;
  #dropped = 0;
  #ignored = 0;
  #warnedAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: RedisBusOptions) {
    this.#log = options.log;
    this.#clock = options.clock;
    this.#channel = `${options.prefix}:hints`;
    this.#self = options.ids.uuid();
    this.#listeners = new HintListeners(options.log);
    const common = { url: options.url, log: options.log, clock: options.clock, ids: options.ids };
    this.#publishing = new RedisLink({
      ...common,
      name: `${options.prefix}:publish`,
      prepare: async () => undefined,
      onChange: () => {
        this.#publishingEra += 1;
        this.#inFlight = 0;
      },
    });
    this.#subscribing = new RedisLink({
      ...common,
      name: `${options.prefix}:subscribe`,
      prepare: (redis) => redis.subscribe(this.#channel),
      onChange: (up) => {
        if (up) this.#listeners.deliver([{ kind: 'resync' }]);
      },
    });
    this.#subscribing.redis.on('message', (_channel: string, text: string) => this.#receive(text));
  }

  start(): void {
    if (this.#closed) return;
    this.#publishing.start();
    this.#subscribing.start();
  }

  publish(hint: Hint): void {
    if (this.#closed) {
      this.#dropped += 1;
      return;
    }
    this.#listeners.deliver([hint]);
    if (hint.kind === 'resync') return;
    if (!this.#publishing.up || this.#pending.length >= HINTS_PENDING_MAX) {
      this.#dropped += 1;
      return;
    }
    // One message for all hints of this turn: a thousand devices that connect together are one.
    if (this.#pending.length === 0) setImmediate(() => this.#flush());
    this.#pending.push(hint);
  }

  subscribe(listener: HintListener): () => void {
    return this.#listeners.add(listener);
  }

  state(): BusState {
    return this.#publishing.up && this.#subscribing.up ? 'up' : 'down';
  }

  dropped(): number {
    return this.#dropped;
  }

  /** Messages on our channel that were not understood, since start. */
  ignored(): number {
    return this.#ignored;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    this.#listeners.clear();
    this.#publishing.close();
    this.#subscribing.close();
    await Promise.all([this.#publishing, this.#subscribing].map((link) => ended(link)));
  }

  #flush(): void {
    const hints = merge(this.#pending);
    this.#pending = [];
    for (let at = 0; at < hints.length; at += HINTS_PER_MESSAGE_MAX) {
      this.#send(hints.slice(at, at + HINTS_PER_MESSAGE_MAX));
    }
  }

  #send(hints: readonly SentHint[]): void {
    if (!this.#publishing.up || this.#inFlight >= MESSAGES_IN_FLIGHT_MAX) {
      this.#dropped += hints.length;
      return;
    }
    const era = this.#publishingEra;
    this.#inFlight += 1;
    const settle = (): void => {
      if (era === this.#publishingEra) this.#inFlight -= 1;
    };
    this.#publishing.redis.publish(this.#channel, encodeHints({ from: this.#self, hints })).then(settle, () => {
      // It may have gone out all the same; nobody relies on it.
      this.#dropped += hints.length;
      settle();
    });
  }

  #receive(text: string): void {
    if (this.#closed) return;
    const message = decodeHints(text);
    if (message === null) {
      this.#ignored += 1;
      this.#warnOfForeign(text.length);
    } else if (message.from !== this.#self) {
      this.#listeners.deliver(message.hints);
    }
  }

  #warnOfForeign(length: number): void {
    const now = this.#clock.monotonicMs();
    if (now - this.#warnedAt < WARN_EVERY_MS) return;
    this.#warnedAt = now;
    this.#log.warn({ channel: this.#channel, length, ignored: this.#ignored }, 'a message on the bus is not ours');
  }
}

/** Of several `changes` only the highest matters. */
function merge(hints: readonly SentHint[]): SentHint[] {
  const revs = hints.filter((hint) => hint.kind === 'changes').map((hint) => hint.rev);
  if (revs.length < 2) return [...hints];
  const rev = revs.reduce((highest, next) => Math.max(highest, next));
  return [{ kind: 'changes', rev }, ...hints.filter((hint) => hint.kind !== 'changes')];
}

/** Resolves when the link's socket is closed, or after CLOSE_MS. */
function ended(link: RedisLink): Promise<void> {
  return new Promise((resolve) => {
    if (link.redis.status === 'end' || link.redis.status === 'wait') {
      resolve();
      return;
    }
    const timer = setTimeout(resolve, CLOSE_MS);
    link.redis.once('end', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
