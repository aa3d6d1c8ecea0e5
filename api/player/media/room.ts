/** Room for media: what no manifest names makes way for what one does, the least recently used first. */
import { namedFiles } from './download-plan.ts';
import type { FileStore, StoredFile } from './file-store.ts';
import type { ManifestStore } from './manifest-store.ts';

/** Files that no manifest names are kept up to this, in bytes: what was shown yesterday is often shown again tomorrow. */
export const SPARE_BYTES_MAX = 512 * 1024 * 1024;
/** The browser needs some for itself, and its estimate is one, in bytes. */
const MARGIN_BYTES = 8 * 1024 * 1024;

export interface Space {
  readonly usedBytes: number;
  readonly quotaBytes: number;
}

export interface RoomParts {
  readonly files: FileStore;
  readonly manifests: ManifestStore;
  /** How full the browser's storage is; null where it does not tell (plain HTTP): then only a failed write does. */
  readonly space: () => Promise<Space | null>;
}

/** What may go, and in which order: nothing that is named, the least recently used first. */
function spareFiles(files: readonly StoredFile[], named: ReadonlySet<string>): StoredFile[] {
  return files.filter(({ sha256 }) => !named.has(sha256)).sort((one, other) => one.usedAtMs - other.usedAtMs);
}

/** Makes room for so many bytes. Answers whether there is room now; where nobody knows, there may be. */
export async function makeRoom(parts: RoomParts, bytes: number): Promise<boolean> {
  const space = await parts.space();
  if (space === null) return true;
  const missing = bytes + MARGIN_BYTES - (space.quotaBytes - space.usedBytes);
  if (missing <= 0) return true;
  const spare = await spareNow(parts);
  const going: string[] = [];
  let freed = 0;
  for (const file of spare) {
    if (freed >= missing) break;
    going.push(file.sha256);
    freed += file.bytes;
  }
  await parts.files.remove(going);
  return freed >= missing;
}

/** Throws away what is spare beyond so many bytes: a little after every switch, all of it when a write found no room. */
export async function dropSpare(parts: RoomParts, keepBytes: number): Promise<void> {
  const spare = await spareNow(parts);
  let excess = spare.reduce((sum, file) => sum + file.bytes, 0) - keepBytes;
  const going: string[] = [];
  for (const file of spare) {
    if (excess <= 0) break;
    going.push(file.sha256);
    excess -= file.bytes;
  }
  await parts.files.remove(going);
}

async function spareNow({ files, manifests }: RoomParts): Promise<StoredFile[]> {
  const named = new Set<string>();
  for (const manifest of await manifests.all()) for (const sha256 of namedFiles(manifest)) named.add(sha256);
  return spareFiles(await files.list(), named);
}
