/** Everything that a player stores beside its little text (key-value.ts): media, manifests and plays, on disk where the browser lets it. */
import { databaseFileStore, memoryFileStore, type FileStore } from './file-store.ts';
import { databaseManifestStore, memoryManifestStore, type ManifestStore } from './manifest-store.ts';
import { databasePlayStore, memoryPlayStore, type PlayStore } from './play-store.ts';
import type { PlayerDatabase } from './player-database.ts';
import type { Space } from './room.ts';

export interface PlayerStorage {
  readonly files: FileStore;
  readonly manifests: ManifestStore;
  readonly plays: PlayStore;
  /** Whether it outlasts the page. */
  readonly isKept: boolean;
  /** How full the browser's storage is; null where it does not tell. */
  readonly space: () => Promise<Space | null>;
}

/** A browser that has not opened its database after this will not do so, in milliseconds: a broken profile can hang for ever. */
const OPEN_MS_MAX = 15_000;

/** What is in the database that is being opened; where there is none, `onRefusal` is told and the player lives in memory. */
export async function openPlayerStorage(
  opening: Promise<PlayerDatabase>,
  onRefusal: (cause: unknown) => void,
): Promise<PlayerStorage> {
  try {
    const database = await inTime(opening);
    return {
      files: databaseFileStore(database),
      manifests: databaseManifestStore(database),
      plays: databasePlayStore(database),
      isKept: true,
      space: spaceOfBrowser,
    };
  } catch (cause) {
    onRefusal(cause);
    return {
      files: memoryFileStore(),
      manifests: memoryManifestStore(),
      plays: memoryPlayStore(),
      isKept: false,
      space: () => Promise.resolve(null),
    };
  }
}

async function inTime(opening: Promise<PlayerDatabase>): Promise<PlayerDatabase> {
  let deadline: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    deadline = setTimeout(() => reject(new Error('the database did not open in time')), OPEN_MS_MAX);
  });
  try {
    return await Promise.race([opening, late]);
  } finally {
    clearTimeout(deadline);
  }
}

/** Asks the browser not to throw our storage away when the device runs full; answers whether it promised. */
export async function askToKeep(): Promise<boolean> {
  return hasStorageManager() ? navigator.storage.persist() : false;
}

async function spaceOfBrowser(): Promise<Space | null> {
  if (!hasStorageManager()) return null;
  const { usage, quota } = await navigator.storage.estimate();
  return usage === undefined || quota === undefined ? null : { usedBytes: usage, quotaBytes: quota };
}

/** Absent on plain HTTP, whatever the types say. */
function hasStorageManager(): boolean {
  return 'storage' in navigator;
}
