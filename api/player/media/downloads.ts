/**
 * Fetches the files that are wanted, in their order, at most two at once, until all of them are here.
 *
 * States of a file: `waiting` (for its turn), `fetching`, `delayed` (a try came to nothing; again at `dueMs`), `whole`.
 * Invariants: what is not wanted any more is not fetched any more, and what came of it is kept; failures of a file are
 * counted until it is whole, so that a new manifest does not make a broken file be fetched without rest; a new address is
 * tried at once.
 */
import type { WantedFile } from './download-plan.ts';
import { fetchFile, type FetchOutcome } from './fetch-file.ts';
import type { FileStore } from './file-store.ts';

const AT_ONCE = 2;
/** Wait after failures: the ceiling doubles from the first to the second, in milliseconds, with full jitter. */
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 300_000;

export interface DownloadsParts {
  readonly store: FileStore;
  readonly fetchFrom: typeof fetch;
  /** Base of relative addresses. */
  readonly base: string;
  readonly monotonicMs: () => number;
  readonly wallMs: () => number;
  /** A name that no other writer has. */
  readonly newStamp: () => string;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Makes room for so many bytes; answers whether there is room now. */
  readonly makeRoom: (bytes: number) => Promise<boolean>;
  /** A write has found no room: whatever is spare may go before the next try. */
  readonly dropSpare: () => Promise<void>;
  readonly onWhole: (file: WantedFile) => void;
  /** A file could not be had, and why. It will be tried again. */
  readonly onTrouble: (file: WantedFile, trouble: DownloadTrouble) => void;
}

export interface DownloadTrouble {
  /** `refused`: its address is not good. `corrupt`: not the bytes of the manifest. `full`: no room. `failed`: the network. */
  readonly kind: 'refused' | 'corrupt' | 'full' | 'failed';
  readonly why: string;
  /** Tries that came to nothing since it was last whole. */
  readonly failures: number;
}

export interface DownloadProgress {
  readonly file: WantedFile;
  readonly state: 'waiting' | 'fetching' | 'delayed' | 'whole';
  /** Bytes that are here. */
  readonly bytes: number;
  readonly trouble: DownloadTrouble | null;
}

interface Entry {
  file: WantedFile;
  state: 'waiting' | 'fetching' | 'delayed' | 'whole';
  bytes: number;
  dueMs: number;
  failures: number;
  trouble: DownloadTrouble | null;
  giveUp: AbortController | null;
}

export class Downloads {
  readonly #parts: DownloadsParts;
  /** By SHA-256, in the order in which they are wanted. */
  #entries = new Map<string, Entry>();
  /** SHA-256 of what is being fetched, wanted or not any more. */
  readonly #underWay = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(parts: DownloadsParts) {
    this.#parts = parts;
  }

  /** From now on exactly these are wanted, the first before the others. */
  want(files: readonly WantedFile[]): void {
    const next = new Map<string, Entry>();
    for (const file of files) {
      const known = this.#entries.get(file.sha256);
      if (known !== undefined && known.file.url !== file.url && known.state === 'delayed') known.state = 'waiting';
      next.set(file.sha256, known === undefined ? newEntry(file) : Object.assign(known, { file }));
    }
    for (const [sha256, entry] of this.#entries) if (!next.has(sha256)) entry.giveUp?.abort();
    this.#entries = next;
    this.#go();
  }

  /** What is here must be looked for again: the store was emptied, or this file in it was. */
  forget(sha256?: string): void {
    for (const entry of this.#entries.values()) {
      if ((sha256 !== undefined && entry.file.sha256 !== sha256) || entry.state !== 'whole') continue;
      entry.state = 'waiting';
      entry.bytes = 0;
    }
    this.#go();
  }

  /** The network is back: nothing waits for its turn any longer. */
  hurry(): void {
    for (const entry of this.#entries.values())
      if (entry.state === 'delayed' && entry.trouble?.kind === 'failed') entry.state = 'waiting';
    this.#go();
  }

  progress(): DownloadProgress[] {
    return [...this.#entries.values()].map(({ file, state, bytes, trouble }) => ({ file, state, bytes, trouble }));
  }

  isWhole(sha256: string): boolean {
    return this.#entries.get(sha256)?.state === 'whole';
  }

  #go(): void {
    const nowMs = this.#parts.monotonicMs();
    const entries = [...this.#entries.values()];
    for (const entry of entries) if (entry.state === 'delayed' && entry.dueMs <= nowMs) entry.state = 'waiting';
    let free = AT_ONCE - entries.filter(({ state }) => state === 'fetching').length;
    for (const entry of entries) {
      if (free <= 0) break;
      // One that was given up may still be putting away what came: its successor waits for it.
      if (entry.state !== 'waiting' || this.#underWay.has(entry.file.sha256)) continue;
      free -= 1;
      entry.state = 'fetching';
      void this.#fetch(entry);
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    const dueMs = Math.min(...entries.filter(({ state }) => state === 'delayed').map((entry) => entry.dueMs));
    this.#timer = Number.isFinite(dueMs) ? setTimeout(() => this.#go(), dueMs - nowMs) : null;
  }

  async #fetch(entry: Entry): Promise<void> {
    const giveUp = new AbortController();
    entry.giveUp = giveUp;
    const { file } = entry;
    this.#underWay.add(file.sha256);
    const outcome = await this.#tried(entry, giveUp.signal).catch(
      // The store itself does not answer: a database that was closed under us.
      (cause: unknown): FetchOutcome => ({ kind: 'failed', why: String(cause), retryAfterMs: 0 }),
    );
    entry.giveUp = null;
    this.#underWay.delete(file.sha256);
    const isWanted = this.#entries.get(file.sha256) === entry;
    if (!isWanted) {
      this.#go();
      return;
    }
    this.#settle(entry, file, outcome);
    this.#go();
  }

  async #tried(entry: Entry, signal: AbortSignal): Promise<FetchOutcome> {
    const { file } = entry;
    const { store, fetchFrom, base, wallMs, newStamp, makeRoom, dropSpare } = this.#parts;
    const missing = (file.size ?? 0) - entry.bytes;
    if (missing > 0 && !(await makeRoom(missing)) && (await store.find(file.sha256))?.isWhole !== true)
      return { kind: 'full' };
    const onBytes = (bytes: number): void => {
      entry.bytes = bytes;
    };
    const outcome = await fetchFile(file, { store, fetchFrom, base, wallMs, newStamp, onBytes }, signal);
    if (outcome.kind === 'full') await dropSpare();
    return outcome;
  }

  #settle(entry: Entry, file: WantedFile, outcome: FetchOutcome): void {
    if (outcome.kind === 'whole') {
      Object.assign(entry, { state: 'whole', bytes: file.size ?? entry.bytes, failures: 0, trouble: null });
      this.#parts.onWhole(file);
      return;
    }
    if (outcome.kind === 'stopped' || (outcome.kind === 'refused' && entry.file.url !== file.url)) {
      entry.state = 'waiting';
      return;
    }
    if (outcome.kind === 'corrupt') entry.bytes = 0;
    entry.failures += 1;
    entry.trouble = { ...troubleOf(outcome), failures: entry.failures };
    const ceilingMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** (entry.failures - 1));
    const atLeastMs = outcome.kind === 'failed' ? outcome.retryAfterMs : 0;
    entry.state = 'delayed';
    entry.dueMs = this.#parts.monotonicMs() + Math.max(atLeastMs, 250 + this.#parts.random() * ceilingMs);
    this.#parts.onTrouble(file, entry.trouble);
  }
}

function newEntry(file: WantedFile): Entry {
  return { file, state: 'waiting', bytes: 0, dueMs: 0, failures: 0, trouble: null, giveUp: null };
}

function troubleOf(
  outcome: Exclude<FetchOutcome, { kind: 'whole' | 'stopped' }>,
): Pick<DownloadTrouble, 'kind' | 'why'> {
  switch (outcome.kind) {
    case 'refused':
      return { kind: 'refused', why: `its address was refused (${outcome.status})` };
    case 'corrupt':
      return { kind: 'corrupt', why: outcome.why };
    case 'full':
      return { kind: 'full', why: 'no space left' };
    case 'failed':
      return { kind: 'failed', why: outcome.why };
  }
}
