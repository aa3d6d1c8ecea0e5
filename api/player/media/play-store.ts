/** Plays that the hub has not taken yet, one record each: a week of them is more than text storage holds, and each is written once. */
import type { LogEntry } from '../../../protocol/up.ts';
import type { PlayerDatabase } from './player-database.ts';

export interface PlayStore {
  /** What is kept, in no particular order and not looked at. */
  load(scope: string): Promise<unknown[]>;
  add(scope: string, entry: LogEntry): Promise<void>;
  remove(scope: string, ids: readonly string[]): Promise<void>;
}

export function databasePlayStore(database: PlayerDatabase): PlayStore {
  return {
    load: (scope) => database.getAll('plays', IDBKeyRange.bound([scope], [scope, []])),
    async add(scope, entry) {
      await database.put('plays', entry, [scope, entry.id]);
    },
    async remove(scope, ids) {
      const work = database.transaction('plays', 'readwrite');
      await Promise.all([...ids.map((id) => work.store.delete([scope, id])), work.done]);
    },
  };
}

/** For browsers that keep nothing: the queue in memory is all there is. */
export function memoryPlayStore(): PlayStore {
  return {
    load: () => Promise.resolve([]),
    add: () => Promise.resolve(),
    remove: () => Promise.resolve(),
  };
}
