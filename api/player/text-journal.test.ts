import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryKeyValue, type KeyValue } from './key-value.ts';
import type { WrittenText } from './media/player-database.ts';
import type { TextStore } from './media/text-store.ts';
import { withJournal } from './text-journal.ts';

/** A disk that remembers the order of its writes, so that it can be cut after any of them. */
function disk(): {
  local: KeyValue;
  store: TextStore;
  localWrites: [string, string | null][];
  puts: [string, WrittenText][];
} {
  const memory = memoryKeyValue();
  const localWrites: [string, string | null][] = [];
  const puts: [string, WrittenText][] = [];
  return {
    localWrites,
    puts,
    local: {
      get: (key) => memory.get(key),
      set(key, value) {
        memory.set(key, value);
        localWrites.push([key, value]);
        return true;
      },
      remove(key) {
        memory.remove(key);
        localWrites.push([key, null]);
      },
    },
    store: {
      load: () => Promise.resolve(new Map(puts)),
      put(key, written) {
        puts.push([key, written]);
        return Promise.resolve();
      },
    },
  };
}

function refuse(cause: unknown): void {
  throw cause instanceof Error ? cause : new Error(String(cause));
}

const WRITE = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.option(fc.string({ maxLength: 3 }), { nil: null }));

describe('text that survives a power cut', () => {
  it('is the newest that either of the two has, whichever was further', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(WRITE, { maxLength: 12 }), fc.nat(), fc.nat(), async (writes, localCut, storeCut) => {
        const before = disk();
        const journal = await withJournal(before.local, Promise.resolve(before.store), refuse);
        const marks = [before.localWrites.length];
        for (const [key, text] of writes) {
          if (text === null) journal.remove(key);
          else journal.set(key, text);
          marks.push(before.localWrites.length);
        }
        // Each side lost its newest writes, whole ones: localStorage is committed between them.
        const [localKept, storeKept] = [localCut % (writes.length + 1), storeCut % (writes.length + 1)];
        const after = disk();
        for (const [key, text] of before.localWrites.slice(0, marks[localKept]))
          if (text === null) after.local.remove(key);
          else after.local.set(key, text);
        after.puts.push(...before.puts.slice(0, storeKept));
        const restored = await withJournal(after.local, Promise.resolve(after.store), refuse);
        const expected = new Map<string, string | null>(writes.slice(0, Math.max(localKept, storeKept)));
        for (const key of ['a', 'b', 'c']) expect(restored.get(key)).toBe(expected.get(key) ?? null);
      }),
    );
  });

  it('lives on in localStorage alone where there is no database', async () => {
    const { local } = disk();
    const refusals: unknown[] = [];
    const journal = await withJournal(local, Promise.reject(new Error('blocked')), (cause) => refusals.push(cause));
    expect(journal.set('a', '1')).toBe(true);
    expect([journal.get('a'), refusals.length]).toEqual(['1', 1]);
  });

  it('says when a write was not taken, and keeps it all the same', async () => {
    const { local, store } = disk();
    const refusals: unknown[] = [];
    const full: TextStore = { load: () => store.load(), put: () => Promise.reject(new Error('full')) };
    const journal = await withJournal(local, Promise.resolve(full), (cause) => refusals.push(cause));
    journal.set('a', '1');
    await Promise.resolve();
    await Promise.resolve();
    expect([journal.get('a'), refusals.length]).toEqual(['1', 1]);
  });
});
