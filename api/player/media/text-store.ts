/** The player's little text a second time, in the database, which a browser writes down at once: see text-journal.ts. */
import type { PlayerDatabase, WrittenText } from './player-database.ts';

export interface TextStore {
  load(): Promise<ReadonlyMap<string, WrittenText>>;
  /** Resolves when it is on the disk. */
  put(key: string, written: WrittenText): Promise<void>;
}

export function databaseTextStore(database: PlayerDatabase): TextStore {
  return {
    async load() {
      const work = database.transaction('texts');
      const [keys, texts] = await Promise.all([work.store.getAllKeys(), work.store.getAll()]);
      return new Map(keys.flatMap((key, at) => (texts[at] === undefined ? [] : [[key, texts[at]]])));
    },
    async put(key, written) {
      const work = database.transaction('texts', 'readwrite', { durability: 'strict' });
      await Promise.all([work.store.put(written, key), work.done]);
    },
  };
}
