/**
 * The console's end of the live feed (`GET /api/v1/live`): one socket, and what was said last on it.
 *
 * States of `status`: `connecting` (before the first `ready`), `live`, `lost` (it was live; tries again with full jitter, for ever).
 * Invariants: what is held is of the newest socket; every `ready` is followed by `onResync`, because what happened in between was not
 * told; a token is renewed on the open socket before it runs out, and the socket stays.
 */
import type {
  ChangedEntity,
  LadderItem,
  LiveServerMessage,
  PresenceCounts,
  PresenceMessage,
  ProgressItem,
} from '../../live/live-messages.ts';

export type LiveStatus = 'connecting' | 'live' | 'lost';
export type DevicePresence = PresenceMessage['devices'][number];

export interface LivePicture {
  readonly status: LiveStatus;
  /** Counts over the devices that the user may see; null before the first. */
  readonly counts: PresenceCounts | null;
  /** Alert deployments that are active or ended less than a minute ago, by id. */
  readonly ladders: ReadonlyMap<number, LadderItem>;
  /** Deployments of schedules that are under way, by id. */
  readonly progress: ReadonlyMap<number, ProgressItem>;
}

export interface LiveFeedParts {
  /** Address of the feed, `ws:` or `wss:`. */
  readonly url: string;
  /** Rejects when nobody is signed in or the API is away. */
  readonly accessToken: () => Promise<string>;
  readonly openSocket: (url: string, protocols: string[]) => WebSocket;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly nowMs: () => number;
}

const PROTOCOL = 'podoh.live.v1';
/** Waits between two tries grow from the first to the second, in milliseconds, with full jitter. */
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 15_000;
/** A try that has not come to `ready` after this is given up, in milliseconds. */
const READY_MS = 10_000;
/** A token is renewed so long before it runs out, in milliseconds. */
const RENEW_BEFORE_MS = 90_000;

export class LiveFeed {
  readonly #parts: LiveFeedParts;
  readonly #listeners = new Set<() => void>();
  readonly #changed = new Set<(entities: readonly ChangedEntity[]) => void>();
  readonly #presence = new Set<(devices: readonly DevicePresence[], resync: boolean) => void>();
  readonly #resync = new Set<() => void>();
  #picture: LivePicture = { status: 'connecting', counts: null, ladders: new Map(), progress: new Map() };
  #socket: WebSocket | null = null;
  #running = false;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #renew: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: LiveFeedParts) {
    this.#parts = parts;
  }

  get picture(): LivePicture {
    return this.#picture;
  }

  /** Tells of every new `picture`. Returns what ends the listening, as the others do. */
  subscribe(listener: () => void): () => void {
    return added(this.#listeners, listener);
  }

  /** Something was made, edited or removed. */
  onChanged(listener: (entities: readonly ChangedEntity[]) => void): () => void {
    return added(this.#changed, listener);
  }

  /** Devices came, went or changed their transport; with `resync` more than are listed did. */
  onPresence(listener: (devices: readonly DevicePresence[], resync: boolean) => void): () => void {
    return added(this.#presence, listener);
  }

  /** Whatever is shown may be out of date: read it again. */
  onResync(listener: () => void): () => void {
    return added(this.#resync, listener);
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#open();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#retry);
    clearTimeout(this.#renew);
    this.#socket?.close(1000);
    this.#socket = null;
  }

  /** Tries at once, e.g. because the network is back or somebody asked for it. */
  hurry(): void {
    if (!this.#running || this.#socket !== null) return;
    clearTimeout(this.#retry);
    void this.#open();
  }

  async #open(): Promise<void> {
    let token: string;
    try {
      token = await this.#parts.accessToken();
    } catch (cause) {
      console.debug('the live feed waits for a token', cause);
      this.#lost();
      return;
    }
    if (!this.#running || this.#socket !== null) return;
    const socket = this.#parts.openSocket(this.#parts.url, [PROTOCOL, `bearer.${token}`]);
    this.#socket = socket;
    const deadline = setTimeout(() => socket.close(4000), READY_MS);
    socket.addEventListener('message', ({ data }) => {
      if (socket !== this.#socket || typeof data !== 'string') return;
      const message = JSON.parse(data) as LiveServerMessage;
      if (message.type === 'ready') clearTimeout(deadline);
      this.#hear(message);
    });
    socket.addEventListener('close', () => {
      clearTimeout(deadline);
      if (socket !== this.#socket) return;
      this.#socket = null;
      clearTimeout(this.#renew);
      this.#lost();
    });
  }

  #lost(): void {
    if (!this.#running) return;
    if (this.#picture.status === 'live') this.#show({ status: 'lost' });
    const ceiling = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** this.#failures);
    this.#failures += 1;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#open(), 100 + this.#parts.random() * ceiling);
  }

  #hear(message: LiveServerMessage): void {
    switch (message.type) {
      case 'ready':
        this.#failures = 0;
        this.#renewBefore(message.expiresAt);
        this.#show({ status: 'live', ladders: new Map(), progress: new Map() });
        for (const listener of this.#resync) listener();
        return;
      case 'authenticated':
        this.#renewBefore(message.expiresAt);
        return;
      case 'presence':
        this.#show({ counts: message.counts });
        for (const listener of this.#presence) listener(message.devices, message.resync === true);
        return;
      case 'ladder': {
        const ladders = new Map(this.#picture.ladders);
        for (const item of message.deployments) ladders.set(item.deploymentId, item);
        this.#show({ ladders });
        return;
      }
      case 'deployments': {
        const progress = new Map(this.#picture.progress);
        for (const item of message.items) progress.set(item.deploymentId, item);
        this.#show({ progress });
        return;
      }
      case 'changed':
        for (const listener of this.#changed) listener(message.entities);
        return;
    }
  }

  #renewBefore(expiresAt: string): void {
    clearTimeout(this.#renew);
    const inMs = Math.max(1_000, Date.parse(expiresAt) - this.#parts.nowMs() - RENEW_BEFORE_MS);
    this.#renew = setTimeout(() => void this.#renewToken(), inMs);
  }

  async #renewToken(): Promise<void> {
    const socket = this.#socket;
    try {
      const accessToken = await this.#parts.accessToken();
      if (socket !== null && socket === this.#socket) socket.send(JSON.stringify({ type: 'auth', accessToken }));
    } catch (cause) {
      // The hub will end the socket, and the way back asks for a token again.
      console.debug('the live feed could not renew its token', cause);
    }
  }

  #show(change: Partial<LivePicture>): void {
    this.#picture = { ...this.#picture, ...change };
    for (const listener of this.#listeners) listener();
  }
}

function added<T>(set: Set<T>, one: T): () => void {
  set.add(one);
  return () => set.delete(one);
}
