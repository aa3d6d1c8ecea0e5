/**
 * What is scheduled, from the hub's word to the glass and back as proof of play: media (kept and fetched), playback (shown), plays
 * (told). The player and its alerts never wait for any of it: storage is opened beside them, and until it is, nothing is scheduled
 * here.
 *
 * Invariants: playback is paused exactly while something covers it; a play is never told to another device's hub; a mistake in
 * here is noted and stays in here, because what calls it draws alerts.
 */
import type { Screen } from '../../protocol/screen.ts';
import type { Status } from '../../protocol/up.ts';
import type { Connection } from './connection.ts';
import { deliverByHttp } from './deliver-by-http.ts';
import type { HubHttp } from './hub-http.ts';
import { openMedia, type Media, type MediaParts } from './media/open-media.ts';
import type { PlayerStorage } from './media/player-storage.ts';
import type { MediaShelf, ReadyManifest } from './media/ready-manifest.ts';
import type { Space } from './media/room.ts';
import type { FinishedPlay } from './playback/finished-play.ts';
import type { Playback } from './playback/playback.ts';
import { PlaysKeeper } from './plays-keeper.ts';
import { progressOf, technicianRows, type SignagePicture } from './signage-words.ts';

/** Content that cannot be shown has its bytes looked at no more often than this, in milliseconds. */
const RECHECK_MS = 600_000;
/** Between two looks at how full the storage is, in milliseconds. */
const SPACE_MS = 60_000;
const NOTHING_ON: ReturnType<Playing['now']> = { scheduleId: null, zones: [] };

export type Playing = Pick<Playback, 'show' | 'pause' | 'resume' | 'now'>;

export interface SignageParts extends Omit<MediaParts, 'storage' | 'onReady' | 'onReport' | 'ask'> {
  readonly storage: Promise<PlayerStorage>;
  readonly http: Pick<HubHttp, 'manifest' | 'log'>;
  /** A random name of this run of the page. */
  readonly run: string;
  /** Makes what plays: it is asked once, and shows what it is given from then on. */
  readonly play: (parts: {
    shelf: MediaShelf;
    onPlay: (play: FinishedPlay) => void;
    onTrouble: (contentId: number, reason: string) => void;
  }) => Playing;
}

type SignageStatus = Pick<
  Status,
  'playing' | 'freeStorageBytes' | 'scheduleVersion' | 'scheduleState' | 'scheduleReason'
>;

/** What the player adds: its connection, and whom to tell. */
export interface SignageWays {
  readonly connection: Pick<Connection, 'tokens' | 'link' | 'send'>;
  /** Something that the hub and its operators want to know of at once has changed. */
  readonly onNews: () => void;
}

export class Signage implements MediaShelf {
  readonly #parts: SignageParts;
  readonly #playing: Playing;
  #ways: SignageWays | null = null;
  #media: Media | null = null;
  #plays: PlaysKeeper | null = null;
  #ready: ReadyManifest | null = null;
  #followed: Pick<Screen, 'epoch' | 'scheduleVersion'> | null = null;
  #timezone: string | undefined;
  #isCovered = false;
  #isDelivering = false;
  #scheduleId: number | null = null;
  #space: Space | null = null;
  #spaceAtMs = -SPACE_MS;
  readonly #recheckedMs = new Map<number, number>();

  constructor(parts: SignageParts) {
    this.#parts = parts;
    this.#playing = parts.play({
      shelf: this,
      onPlay: (play) => this.played(play),
      onTrouble: (contentId, reason) => this.#onTrouble(contentId, reason),
    });
  }

  /** Opens the storage and takes up what is in it. */
  async start(ways: SignageWays): Promise<void> {
    this.#ways = ways;
    const storage = await this.#parts.storage;
    const { scope, run, monotonicMs, log } = this.#parts;
    const media = openMedia({
      ...this.#parts,
      storage,
      ask: (etag) => this.#askManifest(etag),
      onReady: (ready) => this.#show(ready),
      onReport: () => ways.onNews(),
    });
    const plays = new PlaysKeeper({ store: storage.plays, scope, run, monotonicMs, log });
    this.#plays = plays;
    this.#media = media;
    media.keeper.restore();
    if (this.#followed !== null) this.follow(this.#followed);
    await plays.restore();
    this.deliver();
  }

  /** What the hub wants now. */
  follow(screen: Pick<Screen, 'epoch' | 'scheduleVersion'>): void {
    this.#followed = screen;
    this.#safely(() => {
      this.#media?.keeper.want(screen.epoch, screen.scheduleVersion);
      const timezone = this.#parts.timezone();
      if (timezone === this.#timezone) return;
      this.#timezone = timezone;
      if (this.#ready !== null) this.#playing.show(this.#ready);
    }, undefined);
  }

  /** Something covers all of it, or does no more. */
  cover(isCovered: boolean): void {
    if (isCovered === this.#isCovered) return;
    this.#isCovered = isCovered;
    this.#safely(() => (isCovered ? this.#playing.pause() : this.#playing.resume()), undefined);
  }

  /** Something was on glass for a while. */
  played(play: FinishedPlay): void {
    this.#plays?.add(play);
    this.deliver();
  }

  /** The hub has committed these plays. */
  acknowledged(ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.#plays?.acknowledge(ids);
    this.deliver();
  }

  /** What was sent may have been lost with its connection. */
  forgetSent(): void {
    this.#plays?.forgetSent();
  }

  /** Sends plays that are due, by whichever way is open. Call it every second, too: what is not acknowledged is due again. */
  deliver(): void {
    const [plays, ways] = [this.#plays, this.#ways];
    if (plays === null || ways === null) return;
    const { link, tokens } = ways.connection;
    if (link.phase === 'live') {
      const entries = plays.due();
      if (entries.length > 0 && ways.connection.send({ type: 'log', entries })) plays.markSent(entries);
    } else if (link.http && tokens !== null && !this.#isDelivering) {
      this.#isDelivering = true;
      void deliverByHttp(plays, this.#parts.http, tokens).finally(() => {
        this.#isDelivering = false;
      });
    }
  }

  /** To be called every second. */
  tick(): void {
    this.deliver();
    this.#look();
    const { scheduleId } = this.#on();
    if (scheduleId === this.#scheduleId) return;
    this.#scheduleId = scheduleId;
    this.#ways?.onNews();
  }

  hurry(): void {
    this.#media?.keeper.hurry();
  }

  /** Throws the stored media away and has it fetched again. */
  async clear(): Promise<void> {
    await this.#media?.keeper.clear();
  }

  /** This player is another device from now on. */
  forget(): void {
    this.#followed = null;
    this.#plays?.clear();
    this.#media?.keeper.forget();
  }

  addressOf(contentId: number): string | null {
    return this.#media?.shelf.addressOf(contentId) ?? null;
  }

  bytesOf(contentId: number): Promise<Blob | null> {
    return this.#media?.shelf.bytesOf(contentId) ?? Promise.resolve(null);
  }

  /** Address of verified bytes, e.g. of an alert's content; null when they are not here. */
  addressOfFile(sha256: string): string | null {
    return this.#media?.shelf.addressOfFile(sha256) ?? null;
  }

  /** Its part of the status. */
  status(): SignageStatus {
    const shown = this.#isCovered ? undefined : this.#on().zones.find(({ contentId }) => contentId !== null);
    const free = this.#space === null ? {} : { freeStorageBytes: this.#space.quotaBytes - this.#space.usedBytes };
    return { playing: shown?.contentId ?? null, ...free, ...this.#media?.keeper.report() };
  }

  /** For the idle screen. */
  picture(): SignagePicture {
    return {
      isPlaying: this.#on().scheduleId !== null,
      preparing: this.#media === null ? null : progressOf(this.#media.keeper.staged, this.#media.downloads.progress()),
    };
  }

  /** For the technician in front of the screen. */
  describe(): [string, string][] {
    return technicianRows({ media: this.#media, plays: this.#plays, on: this.#on(), space: this.#space });
  }

  #on(): ReturnType<Playing['now']> {
    return this.#ready === null ? NOTHING_ON : this.#safely(() => this.#playing.now(), NOTHING_ON);
  }

  #safely<T>(work: () => T, otherwise: T): T {
    try {
      return work();
    } catch (cause) {
      this.#parts.log(`playback: ${cause instanceof Error ? cause.message : String(cause)}`);
      return otherwise;
    }
  }

  /** Looks now and then how full the storage is. */
  #look(): void {
    const [nowMs, media] = [this.#parts.monotonicMs(), this.#media];
    if (media === null || nowMs - this.#spaceAtMs < SPACE_MS) return;
    this.#spaceAtMs = nowMs;
    media.storage.space().then(
      (space) => {
        this.#space = space;
      },
      (cause: unknown) => this.#parts.log(`storage: ${String(cause)}`),
    );
  }

  #show(ready: ReadyManifest | null): void {
    this.#ready = ready;
    this.#timezone = this.#parts.timezone();
    this.#safely(() => this.#playing.show(ready), undefined);
    this.#ways?.onNews();
  }

  #onTrouble(contentId: number, reason: string): void {
    const { log, monotonicMs } = this.#parts;
    log(`content ${contentId}: ${reason}`);
    const nowMs = monotonicMs();
    const before = this.#recheckedMs.get(contentId);
    if (before !== undefined && nowMs - before < RECHECK_MS) return;
    this.#recheckedMs.set(contentId, nowMs);
    this.#media?.keeper.recheck(contentId);
  }

  /** With a new token where the one in hand is not taken any more. */
  async #askManifest(etag: string | null): ReturnType<MediaParts['ask']> {
    let fresh = false;
    for (;;) {
      const token = await this.#ways?.connection.tokens?.get(fresh);
      if (token === undefined || !token.ok)
        return { ok: false, status: 401, code: 'UNAUTHENTICATED', retryAfterMs: token?.retryAfterMs ?? null };
      const answer = await this.#parts.http.manifest(token.token, etag);
      if (answer.ok || answer.status !== 401 || fresh) return answer;
      fresh = true;
    }
  }
}
