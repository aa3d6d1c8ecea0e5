/**
 * A player that never gives up, for tests that take hubs away: it plans its way back with the protocol's own rules (with short
 * waits), notices a hub that has fallen silent, and goes to the next address when one does not welcome it, as a load balancer
 * would send it.
 *
 * States: `stopped` > `connecting` > `live` > `waiting` > `connecting` ...; `held` is a waiting that the test ends.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CLOSE_CODES } from '../../protocol/close-codes.ts';
import type { Codec } from '../../protocol/codec.ts';
import { FRESH_RECONNECT, planReconnect, type SocketEnd } from '../../protocol/reconnect.ts';
import { TestDevice, type Credentials } from './test-device.ts';

/** As a welcome would say: the shortest waits that the protocol's rules allow. */
const SHORT_WAITS = { minMs: 250, maxMs: 1_000 };
const HANDSHAKE_MS = 1_000;
/** How often it asks the hub for a sign of life, in milliseconds. */
const PING_MS = 1_000;
/** Silence after which it takes the hub for dead, in milliseconds. */
const SILENT_MS = 3_000;

export interface HubEnd extends SocketEnd {
  readonly hubUrl: string;
}

export class ReconnectingDevice extends TestDevice {
  readonly #hubUrls: readonly string[];
  #at = 0;
  readonly #codec: Codec;
  /** How every socket ended, in order. */
  readonly ends: HubEnd[] = [];
  #stopped = true;
  #life: Promise<void> = Promise.resolve();
  #released: Promise<void> | null = null;
  #release: () => void = () => undefined;

  /** @param hubUrls the addresses in the balancer's order; the first is where it begins */
  constructor(hubUrls: readonly string[], credentials: Credentials, codec: Codec) {
    super(hubUrls[0] ?? '', credentials);
    this.#hubUrls = hubUrls;
    this.#codec = codec;
  }

  /** True while it is welcomed somewhere. */
  get isLive(): boolean {
    const over = this.ends.filter(({ welcomed }) => welcomed).length;
    return this.closed === null && this.socket !== null && this.of('welcome').length > over;
  }

  /** The connEpoch of its latest session. */
  get connEpoch(): number {
    return this.of('welcome').at(-1)?.connEpoch ?? 0;
  }

  /** Begins to live; resolves when it is welcomed for the first time. */
  async start(): Promise<void> {
    this.#stopped = false;
    await this.token();
    this.#life = this.#live();
    await this.until('the first welcome', () => this.isLive);
  }

  /** From now on it stays away once its socket has ended, until `letBack`. */
  hold(): void {
    this.#released ??= new Promise((resolve) => (this.#release = resolve));
  }

  letBack(): void {
    this.#release();
    this.#released = null;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.letBack();
    this.cut();
    await this.#life;
  }

  async #live(): Promise<void> {
    let reconnect = FRESH_RECONNECT;
    while (!this.#stopped) {
      const end = await this.#session();
      this.ends.push({ ...end, hubUrl: this.hubUrl });
      if (this.#stopped) return;
      if (this.#released !== null) await this.#released;
      const input = { random: Math.random(), alertActive: this.showing.length > 0, hub: SHORT_WAITS };
      const plan = planReconnect(reconnect, end, input);
      reconnect = plan.state;
      if (plan.delayMs === null) return;
      if (plan.freshToken) this.forgetToken();
      // A balancer sends nobody to a hub that drains, is gone or has hung.
      if (end.code === CLOSE_CODES.DRAIN.code || end.code === 1006 || !end.welcomed) this.#nextHub();
      await sleep(plan.delayMs);
    }
  }

  #nextHub(): void {
    this.#at = (this.#at + 1) % this.#hubUrls.length;
    this.hubUrl = this.#hubUrls[this.#at] ?? this.hubUrl;
  }

  /** One socket from beginning to end. */
  async #session(): Promise<SocketEnd> {
    const welcomesBefore = this.of('welcome').length;
    const openedAt = performance.now();
    try {
      await this.connect({ codec: this.#codec, handshakeMs: HANDSHAKE_MS });
    } catch (error) {
      // Refused, silent or without a token: the plan says when to try again. Anything else is a mistake in the test.
      if (!(error instanceof Error)) throw error;
      return { code: 1006, reason: error.message, welcomed: false, livedMs: 0 };
    }
    const watch = this.#watchSilence();
    await this.ended;
    clearInterval(watch);
    const { code, reason } = this.closed ?? { code: 1006, reason: '' };
    const welcomed = this.of('welcome').length > welcomesBefore;
    return { code, reason, welcomed, livedMs: performance.now() - openedAt };
  }

  #watchSilence(): NodeJS.Timeout {
    let heardFrames = this.frames.length;
    let heardAtMs = performance.now();
    return setInterval(() => {
      const nowMs = performance.now();
      if (this.frames.length > heardFrames) heardAtMs = nowMs;
      heardFrames = this.frames.length;
      if (nowMs - heardAtMs > SILENT_MS) this.cut();
      else this.send({ type: 'ping' });
    }, PING_MS);
  }
}
