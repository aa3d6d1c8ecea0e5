/**
 * Text by key that survives a power cut. localStorage alone does not: browsers write it down seconds, sometimes a minute later,
 * and a screen whose plug is pulled after it was paired would have to be paired again. So every write goes to localStorage, which
 * answers at once, and into the database, which is on the disk a moment later.
 *
 * Invariants: writes are numbered over all keys; each of the two holds a beginning of the same row of writes (localStorage is
 * committed in batches, the database one by one), so what the other lacks are exactly the writes with higher numbers.
 */
import type { KeyValue } from './key-value.ts';
import type { WrittenText } from './media/player-database.ts';
import type { TextStore } from './media/text-store.ts';

/** Under this localStorage keeps the number of its newest write. */
const WRITES = 'podoh:writes';
/** A database that has not answered after this is done without, in milliseconds: a screen must show what it holds. */
const LOAD_MS_MAX = 3_000;

/**
 * Takes over what only the database still knows, and writes to both from now on. `onRefusal` is told when the database is not to
 * be had, or does not take a write.
 */
export async function withJournal(
  local: KeyValue,
  opening: Promise<TextStore>,
  onRefusal: (cause: unknown) => void,
): Promise<KeyValue> {
  const store = await inTime(opening, onRefusal);
  if (store === null) return local;
  const held = await loaded(store, onRefusal);
  let write = Number(local.get(WRITES) ?? 0);
  for (const [key, { text, write: at }] of held) {
    if (at <= write) continue;
    if (text === null) local.remove(key);
    else local.set(key, text);
  }
  write = Math.max(write, ...[...held.values()].map((written) => written.write));
  const journal = (key: string, text: string | null): void => {
    // Another page of this browser may have written meanwhile.
    write = Math.max(write, Number(local.get(WRITES) ?? 0)) + 1;
    local.set(WRITES, String(write));
    store.put(key, { text, write }).catch(onRefusal);
  };
  local.set(WRITES, String(write));
  return {
    get: (key) => local.get(key),
    set(key, value) {
      const kept = local.set(key, value);
      journal(key, value);
      return kept;
    },
    remove(key) {
      local.remove(key);
      journal(key, null);
    },
  };
}

async function inTime(opening: Promise<TextStore>, onRefusal: (cause: unknown) => void): Promise<TextStore | null> {
  let deadline: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    deadline = setTimeout(() => resolve(null), LOAD_MS_MAX);
  });
  try {
    return await Promise.race([opening, late]);
  } catch (cause) {
    onRefusal(cause);
    return null;
  } finally {
    clearTimeout(deadline);
  }
}

async function loaded(
  store: TextStore,
  onRefusal: (cause: unknown) => void,
): Promise<ReadonlyMap<string, WrittenText>> {
  try {
    return await store.load();
  } catch (cause) {
    onRefusal(cause);
    return new Map();
  }
}
