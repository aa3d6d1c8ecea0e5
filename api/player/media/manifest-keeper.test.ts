/** The keeper with its downloads and its shelf, on storage in memory and a hub that answers as told: nothing of it needs a browser. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Manifest } from '../../../protocol/sync.ts';
import type { Answer, ManifestAnswer } from '../hub-http.ts';
import { memoryFileStore } from './file-store.ts';
import { memoryManifestStore } from './manifest-store.ts';
import { openMedia, type Media } from './open-media.ts';
import type { PlayerStorage } from './player-storage.ts';
import { memoryPlayStore } from './play-store.ts';
import type { ReadyManifest } from './ready-manifest.ts';
import type { Space } from './room.ts';

const EPOCH = 5;
const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

function manifest(version: number, ...texts: string[]): Manifest {
  const contentList = texts.map((text, at) => ({
    ...{
      id: at + 1,
      type: 'image' as const,
      url: `/media/${text}?v=${version}`,
      sha256: hash(text),
      size: text.length,
    },
    ...{ mimeType: 'image/png', durationMs: null },
  }));
  const items = contentList.map(({ id }) => ({ contentId: id }));
  const layout = { width: 10, height: 10, zones: [{ id: 'main', x: 0, y: 0, width: 10, height: 10, items }] };
  return { version, schedules: [{ id: 1, name: 'S', priority: 0, layout, timing: {} }], contentList, prefetch: [] };
}

/** A player's media, its hub and its network. */
class Stage {
  readonly shown: (number | null)[] = [];
  readonly lines: string[] = [];
  readonly asked: (string | null)[] = [];
  readonly fetched: string[] = [];
  storage: PlayerStorage;
  space: Space | null = null;
  hub: Manifest = manifest(1);
  /** By the name of the file: how the network answers; default: with the name itself. */
  readonly network = new Map<string, () => Promise<Response>>();
  media: Media;

  constructor() {
    this.storage = {
      files: memoryFileStore(),
      manifests: memoryManifestStore(),
      plays: memoryPlayStore(),
      isKept: true,
      space: () => Promise.resolve(this.space),
    };
    this.media = this.#open();
  }

  /** As after a power cut: storage is all that is left. */
  restart(): void {
    this.media = this.#open();
    this.media.keeper.restore();
  }

  #open(): Media {
    return openMedia({
      storage: this.storage,
      scope: 'p',
      base: 'http://127.0.0.1',
      fetchFrom: (input) => {
        const { pathname, search } = new URL((input as URL).href);
        const name = pathname.slice('/media/'.length);
        this.fetched.push(name + search);
        return this.network.get(name)?.() ?? Promise.resolve(new Response(name));
      },
      ask: (etag) => {
        this.asked.push(etag);
        const tag = `"${this.hub.version}"`;
        const data: ManifestAnswer = etag === tag ? { manifest: null, etag } : { manifest: this.hub, etag: tag };
        return Promise.resolve<Answer<ManifestAnswer>>({ ok: true, data });
      },
      nowMs: () => Date.now(),
      wallMs: () => Date.now(),
      monotonicMs: () => performance.now(),
      timezone: () => undefined,
      random: () => 0,
      onReady: (ready: ReadyManifest | null) => this.shown.push(ready?.version ?? null),
      onReport: () => undefined,
      log: (line) => this.lines.push(line),
    });
  }

  get shownNow(): number | null | undefined {
    return this.shown.at(-1);
  }
}

describe('a manifest', () => {
  let stage: Stage;
  beforeEach(() => {
    stage = new Stage();
    stage.media.keeper.restore();
  });
  afterEach(() => stage.media.downloads.want([]));

  const plays = (version: number | null) => vi.waitFor(() => expect(stage.shownNow).toBe(version));
  const want = (next: Manifest): void => {
    stage.hub = next;
    stage.media.keeper.want(EPOCH, next.version);
  };

  it('is shown when all of its content is here, and not before', async () => {
    want(manifest(1, 'a'));
    await plays(1);
    const late = Promise.withResolvers<Response>();
    stage.network.set('c', () => late.promise);
    want(manifest(2, 'b', 'c'));
    await vi.waitFor(() => expect(stage.media.downloads.isWhole(hash('b'))).toBe(true));
    expect(stage.media.keeper.report()).toEqual({ scheduleVersion: 2, scheduleState: 'received' });
    expect(stage.shown).toEqual([1]);
    late.resolve(new Response('c'));
    await plays(2);
    expect(stage.media.keeper.report()).toEqual({ scheduleVersion: 2, scheduleState: 'applied' });
    expect(stage.media.shelf.addressOf(2)).toMatch(/^blob:/);
  });

  it('gives way to a newer one that comes while it is being fetched', async () => {
    stage.network.set('a', () => new Promise(() => undefined));
    want(manifest(1, 'a'));
    await vi.waitFor(() => expect(stage.fetched).toEqual(['a?v=1']));
    want(manifest(2, 'b'));
    await plays(2);
    expect(stage.shown).toEqual([2]);
  });

  it('plays again after a restart, before any network and without a fetch', async () => {
    want(manifest(3, 'a', 'b'));
    await plays(3);
    const { length } = stage.fetched;
    stage.restart();
    await vi.waitFor(() => expect(stage.shown).toEqual([3, 3]));
    stage.media.keeper.want(EPOCH, 3);
    expect([stage.asked.length, stage.fetched.length]).toEqual([1, length]);
  });

  it('is fetched on after a restart in the middle, and the old one plays meanwhile', async () => {
    want(manifest(1, 'a'));
    await plays(1);
    stage.network.set('c', () => new Promise(() => undefined));
    want(manifest(2, 'b', 'c'));
    await vi.waitFor(() => expect(stage.media.downloads.isWhole(hash('b'))).toBe(true));
    stage.network.clear();
    stage.fetched.length = 0;
    stage.restart();
    await plays(2);
    expect(stage.shown).toEqual([1, 1, 2]);
    expect(stage.fetched).toEqual(['c?v=2']);
  });

  it('whose bytes are wrong is not shown, is told of, and heals', async () => {
    stage.network.set('a', () => Promise.resolve(new Response('x')));
    want(manifest(1, 'a'));
    await vi.waitFor(() =>
      expect(stage.media.keeper.report()).toEqual({
        ...{
          scheduleVersion: 1,
          scheduleState: 'failed',
          scheduleReason: 'content 1: its bytes are not the right ones',
        },
      }),
    );
    expect(stage.shown).toEqual([]);
    stage.network.clear();
    await plays(1);
    expect(stage.media.keeper.report()).toEqual({ scheduleVersion: 1, scheduleState: 'applied' });
  });

  it('whose addresses ran out is asked for anew, whatever is held', async () => {
    let isOut = true;
    stage.network.set('a', () => Promise.resolve(isOut ? new Response('', { status: 403 }) : new Response('a')));
    want(manifest(1, 'a'));
    await vi.waitFor(() => expect(stage.fetched.length).toBeGreaterThan(0));
    isOut = false;
    await plays(1);
    expect(stage.asked).toEqual([null, null]);
  });

  it('for which there is no room says so, and nothing that is named goes for it', async () => {
    want(manifest(1, 'a'));
    await plays(1);
    stage.space = { usedBytes: 10, quotaBytes: 11 };
    want(manifest(2, 'b'));
    await vi.waitFor(() =>
      expect(stage.media.keeper.report()).toMatchObject({
        scheduleState: 'failed',
        scheduleReason: 'content 1: no space left',
      }),
    );
    expect((await stage.storage.files.list()).map(({ sha256 }) => sha256)).toEqual([hash('a')]);
    stage.space = null;
    await plays(2);
  });

  it('is dropped when nothing is scheduled any more, or another device takes the place', async () => {
    want(manifest(1, 'a'));
    await plays(1);
    stage.media.keeper.want(EPOCH, null);
    await plays(null);
    expect(stage.media.keeper.report()).toBeNull();
    want(manifest(2, 'a'));
    await plays(2);
    stage.media.keeper.forget();
    await plays(null);
    stage.restart();
    await vi.waitFor(async () => expect((await stage.storage.manifests.load('p')).current).toBeNull());
  });

  it('of another history of the hub replaces the one with the higher number', async () => {
    want(manifest(9, 'a'));
    await plays(9);
    stage.hub = manifest(2, 'b');
    stage.media.keeper.want(EPOCH + 1, 2);
    await plays(2);
    expect(stage.shown).toEqual([9, 2]);
  });

  it('is asked for again when a node of the hub does not know it yet', async () => {
    stage.hub = manifest(1, 'a');
    stage.media.keeper.want(EPOCH, 2);
    await vi.waitFor(() => expect(stage.asked.length).toBeGreaterThan(1));
    stage.hub = manifest(2, 'a');
    await plays(2);
    expect(stage.shown).toEqual([2]);
  });

  it('goes on when its stored bytes have gone bad: they are fetched again', async () => {
    want(manifest(1, 'a'));
    await plays(1);
    stage.media.keeper.recheck(1);
    await vi.waitFor(() => expect(stage.media.shelf.addressOf(1)).toMatch(/^blob:/));
    expect(stage.fetched.length).toBe(1);
    vi.spyOn(Blob.prototype, 'stream').mockImplementationOnce(() => new Blob(['rotten']).stream());
    stage.media.keeper.recheck(1);
    await vi.waitFor(() => expect(stage.shown).toEqual([1, 1]));
    expect(stage.lines.some((line) => line.includes('went bad'))).toBe(true);
    expect(stage.media.shelf.addressOf(1)).toMatch(/^blob:/);
  });

  it('keeps playing while the cache is cleared and filled again', async () => {
    want(manifest(1, 'a'));
    await plays(1);
    await stage.media.keeper.clear();
    await vi.waitFor(async () => expect((await stage.storage.files.find(hash('a')))?.isWhole).toBe(true));
    expect(stage.shown).toEqual([1]);
    expect(stage.fetched.length).toBe(2);
  });
});
