/** What the media half of the player hands to what plays: a manifest whose content is here, and the way to that content. */
import type { Manifest } from '../../../protocol/sync.ts';

/** A manifest that may be played: all of its stored content is here and verified. */
export interface ReadyManifest {
  /** The version that the desired state names. */
  readonly version: number;
  readonly manifest: Manifest;
}

export interface MediaShelf {
  /** Address to show the content from: a blob: address of verified bytes, or the web address of a stream or an external page; null when it is not here. */
  addressOf(contentId: number): string | null;
  /** The bytes of stored content, e.g. of an HTML bundle (ZIP); null when they are not here. */
  bytesOf(contentId: number): Promise<Blob | null>;
}
