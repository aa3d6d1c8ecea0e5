import { describe, expect, it, vi } from 'vitest';
import type { LogEntry } from '../../protocol/up.ts';
import { deliverByHttp } from './deliver-by-http.ts';
import type { PlayStore } from './media/play-store.ts';
import { PlaysKeeper } from './plays-keeper.ts';

/** A disk of plays. */
function disk(): PlayStore & { readonly entries: Map<string, LogEntry> } {
  const entries = new Map<string, LogEntry>();
  return {
    entries,
    load: () => Promise.resolve([...entries.values()].toReversed()),
    add: (_scope, entry) => Promise.resolve(void entries.set(entry.id, entry)),
    remove: (_scope, ids) => Promise.resolve(ids.forEach((id) => entries.delete(id))),
  };
}

function keeper(store: PlayStore, run: string): PlaysKeeper {
  return new PlaysKeeper({ store, scope: 'p', run, monotonicMs: () => 0, log: () => undefined });
}

const play = (minute: number) => ({
  contentId: minute,
  startedAt: new Date(minute * 60_000).toISOString(),
  playSeconds: 1,
});

describe('plays that wait', () => {
  it('outlast the page, in the order in which they were played, before what is played meanwhile', async () => {
    const store = disk();
    const before = keeper(store, 'one');
    for (const minute of [1, 2, 3]) before.add(play(minute));
    const after = keeper(store, 'two');
    after.add(play(4));
    await after.restore();
    expect(after.due().map(({ contentId }) => contentId)).toEqual([1, 2, 3, 4]);
    expect(new Set(after.due().map(({ id }) => id)).size).toBe(4);
  });

  it('are gone from the disk, too, when the hub has committed them', () => {
    const store = disk();
    const plays = keeper(store, 'one');
    for (const minute of [1, 2]) plays.add(play(minute));
    const [first] = plays.due();
    plays.acknowledge([first?.id ?? '']);
    expect([[...store.entries.values()].map(({ contentId }) => contentId), plays.waiting]).toEqual([[2], 1]);
    plays.clear();
    expect([store.entries.size, plays.waiting]).toEqual([0, 0]);
  });

  it('go by HTTP batch after batch, and stay when a batch is not taken', async () => {
    const plays = keeper(disk(), 'one');
    for (let minute = 0; minute < 130; minute += 1) plays.add(play(minute));
    const sizes: number[] = [];
    const tokens = { get: () => Promise.resolve({ ok: true, token: 't' } as const) };
    const log = vi.fn((_token: string, entries: readonly LogEntry[]) => {
      sizes.push(entries.length);
      const isTaken = sizes.length < 3;
      return Promise.resolve(
        isTaken
          ? ({ ok: true, data: { accepted: entries.length, duplicates: 0 } } as const)
          : ({ ok: false, status: 503, code: 'UNAVAILABLE', retryAfterMs: null } as const),
      );
    });
    await deliverByHttp(plays, { log }, tokens);
    expect(sizes.length).toBe(3);
    expect(plays.waiting).toBe(130 - (sizes[0] ?? 0) - (sizes[1] ?? 0));
    expect(plays.due()).toEqual([]);
    plays.forgetSent();
    expect(plays.due().length).toBeGreaterThan(0);
  });
});
