/**
 * The player's database in the browser: media, manifests, plays that wait, and a second copy of the little text. IndexedDB and not
 * Cache Storage, because screens are often on plain HTTP, where there is no Cache Storage.
 */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Manifest } from '../../../protocol/sync.ts';
import type { LogEntry } from '../../../protocol/up.ts';

const NAME = 'podoh-player';
/** Another number, and a step in `upgrade`, when the stores change. */
const VERSION = 1;

/** What is known of a stored file; its bytes are in chunks. */
export interface FileRecord {
  readonly sha256: string;
  /** Bytes that are here. */
  readonly bytes: number;
  readonly chunks: number;
  /** All bytes are here, and they have been found to be those of `sha256`. */
  readonly isWhole: boolean;
  readonly mimeType: string;
  /** Whoever began it: what it is made of comes from one writer, or from one that took over from it. */
  readonly stamp: string;
  /** Wall clock, epoch milliseconds. */
  readonly usedAtMs: number;
}

/** A manifest as the hub gave it. Versions are comparable only within one epoch. */
export interface KeptManifest {
  readonly epoch: number;
  readonly version: number;
  readonly etag: string | null;
  readonly manifest: Manifest;
}

/** Text under a key; see text-journal.ts. */
export interface WrittenText {
  /** Null: removed. */
  readonly text: string | null;
  /** Number of the write, over all keys. */
  readonly write: number;
}

export type Slot = 'current' | 'staged';

export interface PlayerSchema extends DBSchema {
  files: { key: string; value: FileRecord };
  chunks: { key: [sha256: string, index: number]; value: Blob };
  manifests: { key: [scope: string, slot: Slot]; value: KeptManifest };
  plays: { key: [scope: string, id: string]; value: LogEntry };
  texts: { key: string; value: WrittenText };
}

export type PlayerDatabase = IDBPDatabase<PlayerSchema>;

/** Opens it, made anew where it is missing. Rejects where a browser keeps nothing: site data blocked, a broken profile. */
export function openPlayerDatabase(): Promise<PlayerDatabase> {
  return openDB<PlayerSchema>(NAME, VERSION, {
    upgrade(database) {
      database.createObjectStore('files', { keyPath: 'sha256' });
      database.createObjectStore('chunks');
      database.createObjectStore('manifests');
      database.createObjectStore('plays');
      database.createObjectStore('texts');
    },
    // A newer page of this player wants to change the stores: it must not wait for us, who will be reloaded anyway.
    blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
  });
}
