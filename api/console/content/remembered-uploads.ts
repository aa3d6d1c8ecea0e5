/**
 * What a browser remembers of uploads that are not over, so that they go on after a reload: a file is known by its name, length and
 * time of change, because a page gets no hold of it again without being shown it.
 *
 * An entry belongs to the tab that sends it and is renewed while it does; another tab offers it only when that has stopped.
 */
const KEY = 'podoh.console.uploads';
const TAB_KEY = 'podoh.console.tab';
/** An entry that was not renewed for so long is nobody's, in milliseconds. */
const RENEWED_MS = 15_000;
const ENTRIES_MAX = 100;

export interface RememberedUpload {
  readonly fingerprint: string;
  readonly userId: number;
  /** Also the content's id. */
  readonly uploadId: number;
  readonly fileName: string;
  readonly sizeBytes: number;
  readonly sentBytes: number;
  /** Epoch milliseconds: the server waits no longer. */
  readonly expiresAtMs: number;
}

interface Entry extends RememberedUpload {
  readonly tab: string;
  readonly renewedAtMs: number;
}

/** Tells files apart as far as a page can. */
export function fingerprintOf(file: Pick<File, 'name' | 'size' | 'lastModified'>): string {
  return JSON.stringify([file.name, file.size, file.lastModified]);
}

export interface RememberedParts {
  /** Shared by the tabs, e.g. `localStorage`. */
  readonly shared: Pick<Storage, 'getItem' | 'setItem'>;
  /** The tab's own, which a reload keeps, e.g. `sessionStorage`. */
  readonly own: Pick<Storage, 'getItem' | 'setItem'>;
  readonly nowMs: () => number;
  readonly newKey: () => string;
}

export class RememberedUploads {
  readonly #parts: RememberedParts;
  readonly #tab: string;

  constructor(parts: RememberedParts) {
    this.#parts = parts;
    const known = read(() => parts.own.getItem(TAB_KEY));
    this.#tab = known ?? parts.newKey();
    if (known === null) write(() => parts.own.setItem(TAB_KEY, this.#tab));
  }

  /** Uploads of the user's that nobody sends any more and the server still waits for. */
  of(userId: number): RememberedUpload[] {
    const now = this.#parts.nowMs();
    return this.#entries().filter(
      (entry) => entry.userId === userId && (entry.tab === this.#tab || entry.renewedAtMs < now - RENEWED_MS),
    );
  }

  /** Remembers it, or how far it has come. */
  keep(upload: RememberedUpload): void {
    const entry: Entry = { ...upload, tab: this.#tab, renewedAtMs: this.#parts.nowMs() };
    this.#write([...this.#entries().filter(({ uploadId }) => uploadId !== upload.uploadId), entry]);
  }

  forget(uploadId: number): void {
    this.#write(this.#entries().filter((entry) => entry.uploadId !== uploadId));
  }

  #entries(): Entry[] {
    const text = read(() => this.#parts.shared.getItem(KEY));
    if (text === null) return [];
    const value = read(() => JSON.parse(text) as unknown);
    const now = this.#parts.nowMs();
    return Array.isArray(value) ? value.filter(isEntry).filter(({ expiresAtMs }) => expiresAtMs > now) : [];
  }

  #write(entries: readonly Entry[]): void {
    write(() => this.#parts.shared.setItem(KEY, JSON.stringify(entries.slice(-ENTRIES_MAX))));
  }
}

function isEntry(value: unknown): value is Entry {
  const { fingerprint, userId, uploadId, fileName, sizeBytes, sentBytes, expiresAtMs, tab, renewedAtMs } = (value ??
    {}) as Partial<Record<keyof Entry, unknown>>;
  const numbers = [userId, uploadId, sizeBytes, sentBytes, expiresAtMs, renewedAtMs];
  return numbers.every(Number.isFinite) && [fingerprint, fileName, tab].every((text) => typeof text === 'string');
}

function read<T>(reading: () => T): T | null {
  try {
    return reading();
  } catch (cause) {
    console.warn('this browser does not say what it remembers of uploads', cause);
    return null;
  }
}

/** A browser that keeps nothing uploads all the same; it only cannot go on after a reload. */
function write(writing: () => void): void {
  try {
    writing();
  } catch (cause) {
    console.warn('this browser does not remember uploads', cause);
  }
}
