/**
 * Sees to it that the manifest which the hub wants is played: asks for it, has its content fetched, and switches over at once
 * when all of it is here.
 *
 * What is held: `current`, whose content is complete and which plays; `staged`, whose content is being fetched. A newer manifest
 * replaces the staged one. Invariants: what plays is complete and verified; the switch is one write (manifest-store.ts), so a
 * power cut leaves the old or the new one; what is staged is on disk before anything is fetched for it, so a restart goes on
 * with it; work that changes either runs one after the other. Content of alerts is fetched first but holds no switch up: an
 * alert has its own address to fall back to, and a schedule must not wait for ever for what it does not show.
 */
import type { Answer, ManifestAnswer } from '../hub-http.ts';
import type { Downloads, DownloadTrouble } from './downloads.ts';
import { namedFiles, planDownloads, requiredFiles, type WantedFile } from './download-plan.ts';
import { isFile } from './fetch-file.ts';
import type { FileStore } from './file-store.ts';
import type { ManifestStore } from './manifest-store.ts';
import type { KeptManifest } from './player-database.ts';
import type { ReadyManifest } from './ready-manifest.ts';
import { describeTrouble, isNews, isTold, reportOf, type ScheduleReport } from './schedule-report.ts';
import type { Shelf } from './shelf.ts';

/** Wait before asking again: the ceiling doubles from the first to the second, in milliseconds, with full jitter. */
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 60_000;

export interface ManifestKeeperParts {
  /** Prefix of what this player keeps. */
  readonly scope: string;
  readonly manifests: ManifestStore;
  readonly files: FileStore;
  readonly downloads: Pick<Downloads, 'want' | 'forget' | 'isWhole' | 'hurry'>;
  readonly shelf: Shelf;
  /** Asks the hub; with the ETag of what is held, or null to have it whatever is held. */
  readonly ask: (etag: string | null) => Promise<Answer<ManifestAnswer>>;
  readonly nowMs: () => number;
  readonly timezone: () => string | undefined;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Play this from now on; null: nothing. */
  readonly onReady: (ready: ReadyManifest | null) => void;
  /** What `report` says is another. */
  readonly onReport: () => void;
  /** Files that nothing names any more may go. */
  readonly tidy: () => Promise<void>;
  readonly log: (line: string) => void;
}

export class ManifestKeeper {
  readonly #parts: ManifestKeeperParts;
  #wanted: { readonly epoch: number; readonly version: number | null } | null = null;
  #current: KeptManifest | null = null;
  #staged: KeptManifest | null = null;
  /** Why the wanted manifest cannot be played, as far as is known. */
  #trouble: string | null = null;
  #asking = false;
  #askAgain = false;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #work: Promise<void> = Promise.resolve();

  constructor(parts: ManifestKeeperParts) {
    this.#parts = parts;
  }

  get current(): KeptManifest | null {
    return this.#current;
  }

  get staged(): KeptManifest | null {
    return this.#staged;
  }

  /** Takes up what was kept, before any network: what is complete plays at once, what was being fetched is fetched on. */
  restore(): void {
    this.#serially(async () => {
      const { current, staged } = await this.#parts.manifests.load(this.#parts.scope);
      if (current !== null) {
        const missing = await this.#lay(current);
        if (missing.length === 0) this.#adopt(current);
        else this.#parts.log(`manifest ${current.version}: ${missing.length} of its files are not here any more`);
      }
      this.#staged = staged ?? (this.#current === null ? current : null);
      await this.#plan();
    });
  }

  /** What the desired state names; null when nothing was ever scheduled. Call it as often as you like. */
  want(epoch: number | null, version: number | null): void {
    if (epoch === null || (this.#wanted?.epoch === epoch && this.#wanted.version === version)) return;
    this.#wanted = { epoch, version };
    this.#failures = 0;
    this.#serially(() => this.#check());
  }

  /** The network is back, or an operator wants it fetched anew. */
  hurry(): void {
    this.#parts.downloads.hurry();
    if (this.#retry === null) return;
    this.#failures = 0;
    this.#askSoon(0);
  }

  /** This player is another device from now on. */
  forget(): void {
    this.#wanted = null;
    this.#serially(() => this.#drop());
  }

  /** Everything stored is thrown away and fetched again; what plays goes on meanwhile. */
  async clear(): Promise<void> {
    const { files, downloads } = this.#parts;
    await files.remove((await files.list()).map(({ sha256 }) => sha256));
    downloads.forget();
    this.#serially(() => this.#plan());
  }

  /** What to tell the hub; null while there is nothing to tell of. */
  report(): ScheduleReport | null {
    return reportOf({
      wanted: this.#wanted,
      current: this.#current,
      staged: this.#staged,
      trouble: this.#trouble,
    });
  }

  onWhole(file: WantedFile): void {
    this.#serially(() => this.#arrived(file.sha256));
  }

  onTrouble(file: WantedFile, trouble: DownloadTrouble): void {
    this.#parts.log(`${describeTrouble(file, trouble)}, try ${trouble.failures}`);
    if (trouble.kind === 'refused') void this.#ask(null);
    const isRequired =
      this.#staged !== null && requiredFiles(this.#staged.manifest).some(({ sha256 }) => sha256 === file.sha256);
    if (isRequired && isTold(trouble)) this.#setTrouble(describeTrouble(file, trouble));
  }

  /** This content could not be shown: are its bytes still the right ones? Where not, they are fetched again. */
  recheck(contentId: number): void {
    this.#serially(async () => {
      const { shelf, files, downloads, log } = this.#parts;
      const sha256 = shelf.fileOf(contentId);
      const bytes = await shelf.bytesOf(contentId);
      if (sha256 === null || bytes === null || (await isIntact(bytes, sha256))) return;
      log(`content ${contentId}: its bytes went bad and are fetched again`);
      shelf.discard(sha256);
      await files.remove([sha256]);
      downloads.forget(sha256);
      await this.#plan();
    });
  }

  /** One after the other, and whatever one of them meets, the next one runs. */
  #serially(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((cause: unknown) => {
      this.#parts.log(`media: ${cause instanceof Error ? cause.message : String(cause)}`);
    });
  }

  async #check(): Promise<void> {
    const wanted = this.#wanted;
    if (wanted === null) return;
    if (wanted.version === null) {
      await this.#drop();
      return;
    }
    const held = this.#held();
    if (held !== null && held.epoch === wanted.epoch && held.version >= wanted.version) {
      this.#parts.onReport();
      return;
    }
    void this.#ask(held?.epoch === wanted.epoch ? held.etag : null);
  }

  #held(): KeptManifest | null {
    return this.#staged ?? this.#current;
  }

  async #ask(etag: string | null): Promise<void> {
    const wanted = this.#wanted;
    if (wanted === null || wanted.version === null) return;
    if (this.#asking) {
      this.#askAgain = true;
      return;
    }
    this.#asking = true;
    const answer = await this.#parts.ask(etag);
    this.#asking = false;
    if (this.#askAgain || this.#wanted?.epoch !== wanted.epoch) {
      this.#askAgain = false;
      void this.#ask(null);
      return;
    }
    if (!answer.ok) {
      if (answer.code === 'UNREADABLE') this.#setTrouble('the manifest cannot be read');
      this.#askSoon(answer.retryAfterMs ?? 0);
      return;
    }
    const { manifest, etag: tag } = answer.data;
    const version = manifest === null ? (this.#held()?.version ?? null) : manifest.version;
    // A node that has not read as far as the one that told us: a moment later it has.
    if (version === null || version < wanted.version) {
      this.#askSoon(0);
      return;
    }
    this.#failures = 0;
    if (manifest !== null) this.#serially(() => this.#stage({ epoch: wanted.epoch, version, etag: tag, manifest }));
  }

  #askSoon(atLeastMs: number): void {
    const ceilingMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** this.#failures);
    this.#failures += 1;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = setTimeout(
      () => {
        this.#retry = null;
        void this.#ask(null);
      },
      Math.max(atLeastMs, this.#parts.random() * ceilingMs),
    );
  }

  async #stage(kept: KeptManifest): Promise<void> {
    await this.#parts.manifests.stage(this.#parts.scope, kept);
    this.#staged = kept;
    this.#trouble = null;
    this.#parts.onReport();
    await this.#plan();
  }

  /** Has fetched what is missing, for the staged one before the current one. */
  async #plan(): Promise<void> {
    const { downloads, nowMs, timezone } = this.#parts;
    const files = new Map<string, WantedFile>();
    for (const kept of [this.#staged, this.#current])
      for (const file of kept === null ? [] : planDownloads(kept.manifest, nowMs(), timezone()))
        if (!files.has(file.sha256)) files.set(file.sha256, file);
    downloads.want([...files.values()]);
    await this.#promote();
  }

  async #arrived(sha256: string): Promise<void> {
    await this.#promote();
    const { current } = this;
    if (current === null || !namedFiles(current.manifest).has(sha256)) return;
    if (this.#parts.shelf.addressOfFile(sha256) !== null) return;
    await this.#parts.shelf.lay([sha256]);
    const isShown = requiredFiles(current.manifest).some((file) => file.sha256 === sha256);
    if (isShown) this.#parts.onReady({ version: current.version, manifest: current.manifest });
  }

  /** Switches to the staged manifest if all of its content is here. */
  async #promote(): Promise<void> {
    const { manifests, downloads, scope, tidy } = this.#parts;
    const staged = this.#staged;
    if (staged === null) return;
    if (!requiredFiles(staged.manifest).every(({ sha256 }) => downloads.isWhole(sha256))) return;
    const missing = await this.#lay(staged);
    if (missing.length > 0) {
      for (const sha256 of missing) downloads.forget(sha256);
      return;
    }
    await manifests.promote(scope, staged);
    this.#staged = null;
    this.#adopt(staged);
    await tidy();
  }

  /** Puts its files on the shelf; answers those that must be there and are not. */
  async #lay({ manifest }: KeptManifest): Promise<string[]> {
    const required = requiredFiles(manifest).map(({ sha256 }) => sha256);
    const missing = await this.#parts.shelf.lay(required);
    if (missing.length === 0) await this.#parts.shelf.lay(namedFiles(manifest));
    return missing;
  }

  #adopt(kept: KeptManifest): void {
    const { shelf, onReady, onReport, log } = this.#parts;
    const before = this.#current;
    this.#current = kept;
    this.#trouble = null;
    shelf.switchTo(kept.manifest, namedFiles(kept.manifest));
    if (before === null || isNews(before.manifest, kept.manifest)) {
      log(`plays manifest ${kept.version}`);
      onReady({ version: kept.version, manifest: kept.manifest });
    }
    onReport();
  }

  async #drop(): Promise<void> {
    const { manifests, downloads, shelf, scope, onReady, onReport } = this.#parts;
    if (this.#held() === null) return;
    await manifests.forget(scope);
    this.#current = null;
    this.#staged = null;
    this.#trouble = null;
    downloads.want([]);
    shelf.switchTo(null, new Set());
    onReady(null);
    onReport();
  }

  #setTrouble(trouble: string | null): void {
    if (this.#trouble === trouble) return;
    this.#trouble = trouble;
    this.#parts.onReport();
  }
}

/** Bytes that cannot be read at all are not intact either. */
async function isIntact(bytes: Blob, sha256: string): Promise<boolean> {
  try {
    return await isFile(bytes, sha256);
  } catch (cause) {
    if (cause instanceof DOMException) return false;
    throw cause;
  }
}
