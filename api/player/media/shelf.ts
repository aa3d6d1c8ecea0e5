/**
 * What is at hand to be shown: blob: addresses of verified files, web addresses of what is never stored.
 *
 * Invariants: a blob: address is that of a file that was verified; a file that stays on the shelf keeps its address, so that
 * a new manifest does not make what is on glass load again; an address that is not needed any more is revoked a while later,
 * because something may still be fading out.
 */
import type { Manifest } from '../../../protocol/sync.ts';
import { webAddress } from '../web-address.ts';
import type { FileStore } from './file-store.ts';
import type { MediaShelf } from './ready-manifest.ts';

/** An address outlives its use by this, in milliseconds. */
const REVOKE_AFTER_MS = 60_000;

interface Item {
  readonly sha256: string;
  readonly address: string;
  readonly bytes: Blob;
}

export interface ShelfParts {
  readonly files: FileStore;
  /** Base of relative addresses. */
  readonly base: string;
  readonly wallMs: () => number;
}

export class Shelf implements MediaShelf {
  readonly #parts: ShelfParts;
  /** By SHA-256. */
  readonly #items = new Map<string, Item>();
  /** By content id: of the manifest that plays. */
  #contents = new Map<number, Manifest['contentList'][number]>();

  constructor(parts: ShelfParts) {
    this.#parts = parts;
  }

  addressOf(contentId: number): string | null {
    const content = this.#contents.get(contentId);
    if (content === undefined) return null;
    if (content.sha256 === null) return webAddress(content.url, this.#parts.base)?.href ?? null;
    return this.addressOfFile(content.sha256);
  }

  bytesOf(contentId: number): Promise<Blob | null> {
    const sha256 = this.#contents.get(contentId)?.sha256 ?? null;
    return Promise.resolve(sha256 === null ? null : (this.#items.get(sha256)?.bytes ?? null));
  }

  /** Address of a verified file, whatever content it is of. */
  addressOfFile(sha256: string): string | null {
    return this.#items.get(sha256)?.address ?? null;
  }

  /** SHA-256 of a content of the manifest that plays; null when it has none. */
  fileOf(contentId: number): string | null {
    return this.#contents.get(contentId)?.sha256 ?? null;
  }

  /** Puts these files on the shelf; answers those that are not in the store, whole and readable. */
  async lay(sha256s: Iterable<string>): Promise<string[]> {
    const missing: string[] = [];
    const laid: string[] = [];
    for (const sha256 of sha256s) {
      if (!this.#items.has(sha256) && !(await this.#layOne(sha256))) missing.push(sha256);
      else laid.push(sha256);
    }
    await this.#parts.files.touch(laid, this.#parts.wallMs());
    return missing;
  }

  async #layOne(sha256: string): Promise<boolean> {
    const { files } = this.#parts;
    const held = await files.find(sha256);
    const bytes = held?.isWhole === true ? await files.read(sha256) : null;
    if (bytes === null) return false;
    this.#items.set(sha256, { sha256, bytes, address: URL.createObjectURL(bytes) });
    return true;
  }

  /** The contents of this manifest are shown from now on; of the files, only these are needed. Null: nothing is. */
  switchTo(manifest: Manifest | null, needed: ReadonlySet<string>): void {
    this.#contents = new Map((manifest?.contentList ?? []).map((content) => [content.id, content]));
    for (const sha256 of [...this.#items.keys()]) if (!needed.has(sha256)) this.discard(sha256);
  }

  /** Takes a file off the shelf. */
  discard(sha256: string): void {
    const item = this.#items.get(sha256);
    if (item === undefined) return;
    this.#items.delete(sha256);
    setTimeout(() => URL.revokeObjectURL(item.address), REVOKE_AFTER_MS);
  }
}
