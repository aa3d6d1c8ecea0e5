/**
 * One connection to Redis that knows whether it is alive. TCP does not tell: a frozen server or a silent network leaves the
 * socket open for many minutes. So once a second we ask (PING), and a link that has said nothing since is cut and opened anew.
 *
 * States: `idle` > `connecting` > `preparing` (ready, `prepare` runs) > `up` > `connecting` ...; `closed` is the end.
 * Invariants: `up` only between a finished `prepare` and the first sign of trouble; nothing is queued while not up; no
 * promise of ioredis is left without a handler.
 */
import { Redis } from 'ioredis';
import type { Clock, Ids } from '../core/ports.ts';
import type { BusLog } from './bus-log.ts';

/** How often the other side is asked, in milliseconds. */
const PING_EVERY_MS = 1_000;
/** Silence after a PING that means death, in milliseconds; less than the period, so that the next tick sees it. */
const SILENCE_MS = 900;
/** A command without an answer, in milliseconds: it is given up, the link is not. */
const COMMAND_MS = 250;
const CONNECT_MS = 1_000;
/** Time for the goodbye of a closed link, in milliseconds. */
const GOODBYE_MS = 50;
/** Longest pause between attempts to connect, in milliseconds; every pause is jittered. */
const RETRY_MS_MAX = 1_000;
/** Pause after a link was refused what it needs (no permission), in milliseconds. */
const REFUSED_PAUSE_MS = 1_000;

export type LinkState = 'idle' | 'connecting' | 'preparing' | 'up' | 'closed';

export interface RedisLinkOptions {
  /** `redis://` or `rediss://`, with credentials if it needs them. */
  readonly url: string;
  /** Shown in Redis's CLIENT LIST and in logs. */
  readonly name: string;
  readonly log: BusLog;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'below'>;
  /** What a new connection needs before it counts as up, as a subscription. */
  readonly prepare: (redis: Redis) => Promise<unknown>;
  /** Called on every change between up and not up. */
  readonly onChange: (up: boolean) => void;
}

export class RedisLink {
  readonly redis: Redis;
  readonly #options: RedisLinkOptions;
  #state: LinkState = 'idle';
  #ticker: NodeJS.Timeout | null = null;
  #refusedPause: NodeJS.Timeout | null = null;
  /** Counts connections, so that what belongs to an old one is recognised. */
  #connection = 0;
  #heardAt = 0;
  #pingedAt: number | null = null;
  #troubleSaid = false;

  constructor(options: RedisLinkOptions) {
    this.#options = options;
    this.redis = new Redis(options.url, {
      lazyConnect: true,
      connectionName: options.name,
      disableClientInfo: true,
      // Nothing waits in memory for a Redis that is away, and nothing is sent twice.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 1,
      // ioredis says `ready` before it has subscribed again, and its failure to do so would be an unhandled rejection.
      autoResubscribe: false,
      commandTimeout: COMMAND_MS,
      connectTimeout: CONNECT_MS,
      disconnectTimeout: GOODBYE_MS,
      retryStrategy: (times) => retryPauseMs(times, options.ids),
      // A demoted primary refuses writes for ever on this socket: find the new one. Never 2: that would send again.
      reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 1 : false),
    });
    this.redis.on('error', (error: Error) => this.#sayTrouble(error.message));
    this.redis.on('connect', () => this.#listen());
    this.redis.on('ready', () => this.#ready());
    this.redis.on('close', () => this.#lost('the connection was closed'));
  }

  get up(): boolean {
    return this.#state === 'up';
  }

  /** Connects in the background, and again whenever the link is lost. */
  start(): void {
    if (this.#state !== 'idle') return;
    this.#state = 'connecting';
    this.#connect();
    this.#ticker = setInterval(() => this.#tick(), PING_EVERY_MS);
    this.#ticker.unref();
  }

  /** Ends the link for good, at once: a frozen server is not waited for. */
  close(): void {
    if (this.#state === 'closed') return;
    const wasUp = this.up;
    this.#state = 'closed';
    if (this.#ticker !== null) clearInterval(this.#ticker);
    if (this.#refusedPause !== null) clearTimeout(this.#refusedPause);
    this.redis.disconnect();
    if (wasUp) this.#options.onChange(false);
  }

  #connect(): void {
    // The error event says why it failed; retryStrategy goes on.
    this.redis.connect().catch((error: unknown) => this.#sayTrouble(String(error)));
  }

  #listen(): void {
    this.#heard();
    this.redis.stream.on('data', () => this.#heard());
  }

  #heard(): void {
    this.#heardAt = this.#options.clock.monotonicMs();
  }

  #ready(): void {
    if (this.#state === 'closed') return;
    this.#state = 'preparing';
    this.#connection += 1;
    const connection = this.#connection;
    this.#pingedAt = null;
    this.#options.prepare(this.redis).then(
      () => {
        if (connection !== this.#connection || this.#state !== 'preparing') return;
        this.#state = 'up';
        this.#troubleSaid = false;
        this.#options.log.info({ link: this.#options.name }, 'redis link is up');
        this.#options.onChange(true);
      },
      (error: unknown) => {
        if (connection === this.#connection) this.#refused(String(error));
      },
    );
  }

  /** Ready but useless. To reconnect at once would be a busy loop: ioredis counts a ready connection as a success. */
  #refused(why: string): void {
    if (this.#state !== 'preparing') return;
    this.#sayTrouble(why);
    this.#refusedPause = setTimeout(() => this.#cut(why), REFUSED_PAUSE_MS + this.#options.ids.below(REFUSED_PAUSE_MS));
  }

  #lost(why: string): void {
    const wasUp = this.up;
    this.#connection += 1;
    this.#pingedAt = null;
    if (this.#refusedPause !== null) clearTimeout(this.#refusedPause);
    if (this.#state === 'closed' || this.#state === 'idle') return;
    this.#state = 'connecting';
    if (!wasUp) return;
    this.#sayTrouble(why);
    this.#options.onChange(false);
  }

  #tick(): void {
    // Only an error that ioredis takes for final ends its own retries.
    if (this.redis.status === 'end' && this.#state === 'connecting') this.#connect();
    if (this.#state !== 'up' && this.#state !== 'preparing') return;
    const now = this.#options.clock.monotonicMs();
    if (this.#pingedAt !== null && this.#heardAt < this.#pingedAt) {
      if (now - this.#pingedAt >= SILENCE_MS) this.#judge(this.#pingedAt);
      return;
    }
    this.#pingedAt = now;
    // The answer is judged by the bytes that arrive, an error's too: a command's time-out alone proves nothing while our own
    // event loop was busy. So its outcome is of no interest here.
    this.redis.ping().catch(() => undefined);
  }

  /** What arrived while our own event loop was busy is read before the verdict. */
  #judge(pingedAt: number): void {
    setImmediate(() => {
      if (this.#pingedAt === pingedAt && this.#heardAt < pingedAt) this.#cut(`no answer to a PING in ${SILENCE_MS} ms`);
    });
  }

  #cut(why: string): void {
    if (this.#state === 'closed') return;
    this.#lost(why);
    this.redis.disconnect(true);
    this.redis.stream.destroy();
  }

  /** Once per outage: ioredis repeats itself at every attempt. */
  #sayTrouble(why: string): void {
    if (this.#troubleSaid || this.#state === 'closed') return;
    this.#troubleSaid = true;
    this.#options.log.warn({ link: this.#options.name, why }, 'redis link is down');
  }
}

/** Full jitter over a doubling pause. `times` counts from 1. Milliseconds. */
export function retryPauseMs(times: number, ids: Pick<Ids, 'below'>): number {
  return 20 + ids.below(Math.min(RETRY_MS_MAX, 50 * 2 ** Math.min(times, 10)));
}
