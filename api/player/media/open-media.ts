/** Puts the media half together: what is stored, what is fetched, what is at hand, and who sees to it. */
import type { Answer, ManifestAnswer } from '../hub-http.ts';
import { Downloads } from './downloads.ts';
import { ManifestKeeper } from './manifest-keeper.ts';
import type { PlayerStorage } from './player-storage.ts';
import type { ReadyManifest } from './ready-manifest.ts';
import { dropSpare, makeRoom, SPARE_BYTES_MAX } from './room.ts';
import { Shelf } from './shelf.ts';

export interface MediaParts {
  readonly storage: PlayerStorage;
  readonly scope: string;
  readonly fetchFrom: typeof fetch;
  /** Base of relative addresses. */
  readonly base: string;
  readonly ask: (etag: string | null) => Promise<Answer<ManifestAnswer>>;
  /** The hub's time, as far as it is known. */
  readonly nowMs: () => number;
  readonly wallMs: () => number;
  readonly monotonicMs: () => number;
  readonly timezone: () => string | undefined;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly onReady: (ready: ReadyManifest | null) => void;
  readonly onReport: () => void;
  readonly log: (line: string) => void;
}

export interface Media {
  readonly storage: PlayerStorage;
  readonly shelf: Shelf;
  readonly downloads: Downloads;
  readonly keeper: ManifestKeeper;
}

export function openMedia(parts: MediaParts): Media {
  const { storage, base, wallMs } = parts;
  const { files, manifests } = storage;
  const shelf = new Shelf({ files, base, wallMs });
  const downloads: Downloads = new Downloads({
    ...parts,
    store: files,
    newStamp: () => `${wallMs()}-${parts.random()}`,
    makeRoom: (bytes) => makeRoom(storage, bytes),
    dropSpare: () => dropSpare(storage, 0),
    onWhole: (file) => keeper.onWhole(file),
    onTrouble: (file, trouble) => keeper.onTrouble(file, trouble),
  });
  const keeper: ManifestKeeper = new ManifestKeeper({
    ...parts,
    files,
    manifests,
    downloads,
    shelf,
    tidy: () => dropSpare(storage, SPARE_BYTES_MAX),
  });
  return { storage, shelf, downloads, keeper };
}
