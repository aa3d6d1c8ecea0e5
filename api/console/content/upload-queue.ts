/**
 * The files that this browser uploads, whatever page is open.
 *
 * States of one: `waiting` (in line), `sending`, `paused` (by somebody), `interrupted` (by the network; it goes on by itself),
 * `needs-file` (from before a reload: it goes on when the same file is chosen again), `verifying`, and at last `ready` or `refused`.
 * Invariants: at most FILES_AT_ONCE are `sending` or `interrupted`; one that is not over is remembered from its announcement on, and
 * forgotten when it is over; a file that is in the queue and not over is not taken a second time.
 */
import type { ContentJson } from '../../content/content-json.ts';
import { ApiFailure } from '../session/api-failure.ts';
import { newKey } from '../session/new-key.ts';
import type { Session } from '../session/session.ts';
import { FileSender, type SenderParts } from './file-sender.ts';
import { fingerprintOf, type RememberedUploads } from './remembered-uploads.ts';
import { TransferRate } from './transfer-rate.ts';

export type UploadPhase =
  | 'waiting'
  | 'sending'
  | 'paused'
  | 'interrupted'
  | 'needs-file'
  | 'verifying'
  | 'ready'
  | 'refused';

export interface UploadItem {
  readonly key: string;
  readonly fingerprint: string;
  readonly fileName: string;
  readonly sizeBytes: number;
  readonly sentBytes: number;
  readonly phase: UploadPhase;
  /** Null while it is not going, or cannot be told. */
  readonly bytesPerSecond: number | null;
  /** Null before it was announced. */
  readonly contentId: number | null;
  /** Why it was refused or is interrupted: what the API said, or what verification found. */
  readonly reason: ApiFailure | string | null;
}

const FILES_AT_ONCE = 2;
/** Waits between two tries grow from the first to the second, in milliseconds, with full jitter. */
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 20_000;
/** Tries without progress that somebody answered: more will not help. */
const ANSWERED_TRIES_MAX = 12;
/** Progress is told this often, in milliseconds. */
const TELL_MS = 250;
/** How far one has come is remembered this often, in milliseconds. */
const REMEMBER_MS = 3_000;

const OVER: ReadonlySet<UploadPhase> = new Set(['ready', 'refused']);
const RUNNING: ReadonlySet<UploadPhase> = new Set(['sending', 'interrupted']);

export interface QueueParts extends SenderParts {
  readonly remembered: RememberedUploads;
  readonly nowMs: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** What belongs to an item and is not shown. */
interface Work {
  file: File | null;
  sender: FileSender | null;
  readonly groupId: number | null;
  readonly rate: TransferRate;
  stop: AbortController | null;
  hurry: (() => void) | null;
  expiresAtMs: number;
  rememberedAtMs: number;
}

export class UploadQueue {
  readonly #parts: QueueParts;
  readonly #listeners = new Set<() => void>();
  readonly #work = new Map<string, Work>();
  #items: readonly UploadItem[] = [];
  #userId: number | null = null;
  #tell: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: QueueParts) {
    this.#parts = parts;
    const follow = (): void => this.#follow(parts.session);
    parts.session.subscribe(follow);
    follow();
  }

  /** In the order in which they came. */
  get items(): readonly UploadItem[] {
    return this.#items;
  }

  /** Tells of every change of `items`. Returns what ends the listening. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes files; one that was interrupted goes on. `groupId` null leaves it to the API whose the content is. */
  add(files: readonly File[], groupId: number | null): void {
    for (const file of files) {
      const fingerprint = fingerprintOf(file);
      const known = this.#items.find((item) => item.fingerprint === fingerprint && !OVER.has(item.phase));
      if (known === undefined) this.#append(file, fingerprint, groupId);
      else if (known.phase === 'needs-file') this.#goOnWith(known.key, file);
    }
    this.#startNext();
  }

  /** Goes on with one from before a reload. False when the file is another one. */
  choose(key: string, file: File): boolean {
    const item = this.#items.find((one) => one.key === key);
    if (item?.phase !== 'needs-file' || item.fingerprint !== fingerprintOf(file)) return false;
    this.#goOnWith(key, file);
    this.#startNext();
    return true;
  }

  pause(key: string): void {
    const item = this.#find(key);
    if (item === undefined || !(RUNNING.has(item.phase) || item.phase === 'waiting')) return;
    this.#change(key, { phase: 'paused', bytesPerSecond: null, reason: null });
    this.#work.get(key)?.stop?.abort();
    this.#startNext();
  }

  resume(key: string): void {
    if (this.#find(key)?.phase !== 'paused') return;
    this.#change(key, { phase: 'waiting' });
    this.#startNext();
  }

  /** Ends it, and takes back what was announced. Rejects with ApiFailure when the API was not told: then it cleans up by itself. */
  async cancel(key: string): Promise<void> {
    const item = this.#find(key);
    if (item === undefined) return;
    this.#remove(key);
    const { contentId, phase } = item;
    if (contentId === null || OVER.has(phase)) return;
    this.#parts.remembered.forget(contentId);
    try {
      await this.#parts.session.call('DELETE', `/content/${contentId}`);
    } catch (cause) {
      if (!(cause instanceof ApiFailure) || cause.code !== 'NOT_FOUND') throw cause;
    }
  }

  /** Takes those that are over off the list. */
  clearOver(): void {
    for (const { key, phase } of this.#items) if (OVER.has(phase)) this.#remove(key);
  }

  /** The network may be back: does not wait any longer. */
  hurry(): void {
    for (const { hurry } of this.#work.values()) hurry?.();
  }

  /** Content has changed, or may have: looks at what is being verified, and at what waits for its file. */
  async lookAgain(contentId?: number): Promise<void> {
    const depending = this.#items.filter(
      (item) =>
        (item.phase === 'verifying' || item.phase === 'needs-file') &&
        (contentId === undefined || item.contentId === contentId),
    );
    for (const { key, contentId: id } of depending) {
      // While the call that completes it is under way, its answer is the first to know.
      if (id === null || this.#work.get(key)?.stop != null) continue;
      await this.#look(key, id);
    }
  }

  async #look(key: string, contentId: number): Promise<void> {
    try {
      const content = await this.#parts.session.call<ContentJson>('GET', `/content/${contentId}`);
      const phase = this.#find(key)?.phase;
      if (phase === 'verifying' || (phase === 'needs-file' && content.status !== 'pending')) this.#settle(key, content);
    } catch (cause) {
      if (!(cause instanceof ApiFailure)) throw cause;
      if (cause.code !== 'NOT_FOUND') return;
      this.#parts.remembered.forget(contentId);
      this.#remove(key);
    }
  }

  #follow({ state }: Session): void {
    if (state.phase === 'starting' || state.phase === 'expired') return;
    const userId = state.phase === 'signed-in' ? state.user.id : null;
    if (userId === this.#userId) return;
    for (const { key } of this.#items) this.#remove(key);
    this.#userId = userId;
    if (userId === null) return;
    for (const { fingerprint, fileName, sizeBytes, sentBytes, uploadId, expiresAtMs } of this.#parts.remembered.of(
      userId,
    )) {
      this.#insert(
        { fingerprint, fileName, sizeBytes, sentBytes, contentId: uploadId, phase: 'needs-file' },
        { file: null, groupId: null, expiresAtMs },
      );
    }
    void this.lookAgain();
  }

  #append(file: File, fingerprint: string, groupId: number | null): void {
    const { name: fileName, size: sizeBytes } = file;
    this.#insert(
      { fingerprint, fileName, sizeBytes, sentBytes: 0, contentId: null, phase: 'waiting' },
      { file, groupId, expiresAtMs: 0 },
    );
  }

  #insert(
    item: Pick<UploadItem, 'fingerprint' | 'fileName' | 'sizeBytes' | 'sentBytes' | 'contentId' | 'phase'>,
    work: Pick<Work, 'file' | 'groupId' | 'expiresAtMs'>,
  ): void {
    const key = newKey();
    const nothing = { sender: null, stop: null, hurry: null, rememberedAtMs: 0 };
    this.#work.set(key, { ...work, ...nothing, rate: new TransferRate() });
    this.#set([...this.#items, { ...item, key, bytesPerSecond: null, reason: null }]);
  }

  #goOnWith(key: string, file: File): void {
    const work = this.#work.get(key);
    if (work !== undefined) work.file = file;
    this.#change(key, { phase: 'waiting' });
  }

  #startNext(): void {
    const free = FILES_AT_ONCE - this.#items.filter(({ phase }) => RUNNING.has(phase)).length;
    for (const { key } of this.#items.filter(({ phase }) => phase === 'waiting').slice(0, Math.max(0, free)))
      void this.#run(key);
  }

  async #run(key: string): Promise<void> {
    const work = this.#work.get(key);
    if (work?.file == null) return;
    const stop = new AbortController();
    work.stop = stop;
    work.sender ??= this.#senderOf(key, work, work.file);
    this.#change(key, { phase: 'sending', reason: null });
    for (let tries = 1; !stop.signal.aborted; tries += 1) {
      const sentBefore = this.#find(key)?.sentBytes ?? 0;
      try {
        const content = await work.sender.run(stop.signal);
        if (work.stop === stop) work.stop = null;
        this.#settle(key, content);
        break;
      } catch (cause) {
        if (stop.signal.aborted) break;
        if ((this.#find(key)?.sentBytes ?? 0) > sentBefore) tries = 1;
        if (!isPassing(cause, tries)) {
          this.#refuse(key, cause);
          break;
        }
        await this.#waitToRetry(key, work, cause, tries);
      }
    }
    if (work.stop === stop) work.stop = null;
    this.#startNext();
  }

  #senderOf(key: string, work: Work, file: File): FileSender {
    const { contentId: uploadId = null } = this.#find(key) ?? {};
    return new FileSender(this.#parts, {
      ...{ file, groupId: work.groupId, uploadId },
      onAnnounced: (contentId, expiresAtMs) => {
        work.expiresAtMs = expiresAtMs;
        this.#change(key, { contentId });
        this.#remember(key);
      },
      onSent: (sentBytes) => this.#sent(key, sentBytes),
      onVerifying: () => {
        this.#change(key, { phase: 'verifying', bytesPerSecond: null });
        this.#startNext();
      },
    });
  }

  #sent(key: string, sentBytes: number): void {
    const work = this.#work.get(key);
    const phase = this.#find(key)?.phase;
    if (work === undefined || phase === 'paused') return;
    const now = this.#parts.nowMs();
    work.rate.add(now, sentBytes);
    const { bytesPerSecond } = work.rate;
    const running = { phase: 'sending', reason: null } as const;
    this.#change(key, { sentBytes, bytesPerSecond, ...(phase === 'interrupted' ? running : {}) }, 'soon');
    if (now - work.rememberedAtMs >= REMEMBER_MS) this.#remember(key);
  }

  #remember(key: string): void {
    const [item, work] = [this.#find(key), this.#work.get(key)];
    if (item?.contentId == null || work === undefined || this.#userId === null) return;
    const { fingerprint, fileName, sizeBytes, sentBytes, contentId: uploadId } = item;
    work.rememberedAtMs = this.#parts.nowMs();
    const { expiresAtMs } = work;
    this.#parts.remembered.keep({
      ...{ fingerprint, fileName, sizeBytes, sentBytes, uploadId, expiresAtMs },
      userId: this.#userId,
    });
  }

  async #waitToRetry(key: string, work: Work, cause: unknown, tries: number): Promise<void> {
    work.rate.clear();
    const reason = cause instanceof ApiFailure ? cause : null;
    this.#change(key, { phase: 'interrupted', bytesPerSecond: null, reason });
    const jittered = this.#parts.random() * Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** tries);
    const waitMs = Math.max(reason?.retryAfterMs ?? 0, RETRY_MIN_MS / 2, jittered);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      const end = (): void => {
        clearTimeout(timer);
        resolve();
      };
      work.hurry = end;
      work.stop?.signal.addEventListener('abort', end);
    });
    work.hurry = null;
  }

  /** What became of it, as far as it is known. */
  #settle(key: string, { id, status, failure }: ContentJson): void {
    const item = this.#find(key);
    if (item === undefined) return;
    if (status === 'pending' || status === 'verifying') {
      this.#change(key, { phase: 'verifying', contentId: id, sentBytes: item.sizeBytes, bytesPerSecond: null });
      return;
    }
    this.#parts.remembered.forget(id);
    const phase = status === 'ready' ? 'ready' : 'refused';
    this.#change(key, { phase, contentId: id, sentBytes: item.sizeBytes, bytesPerSecond: null, reason: failure });
  }

  #refuse(key: string, cause: unknown): void {
    const contentId = this.#find(key)?.contentId ?? null;
    if (contentId !== null) this.#parts.remembered.forget(contentId);
    if (!(cause instanceof ApiFailure)) console.error('an upload broke', cause);
    const reason = cause instanceof ApiFailure ? cause : new ApiFailure({ code: 'INTERNAL', message: '', status: 0 });
    this.#change(key, { phase: 'refused', bytesPerSecond: null, reason });
  }

  #find(key: string): UploadItem | undefined {
    return this.#items.find((item) => item.key === key);
  }

  #remove(key: string): void {
    const work = this.#work.get(key);
    this.#work.delete(key);
    this.#set(this.#items.filter((item) => item.key !== key));
    work?.stop?.abort();
  }

  #change(key: string, change: Partial<UploadItem>, when: 'now' | 'soon' = 'now'): void {
    this.#set(
      this.#items.map((item) => (item.key === key ? { ...item, ...change } : item)),
      when,
    );
  }

  #set(items: readonly UploadItem[], when: 'now' | 'soon' = 'now'): void {
    this.#items = items;
    if (when === 'soon') {
      this.#tell ??= setTimeout(() => this.#told(), TELL_MS);
      return;
    }
    this.#told();
  }

  #told(): void {
    clearTimeout(this.#tell);
    this.#tell = undefined;
    for (const listener of this.#listeners) listener();
  }
}

/** Whether trying again may help: always when nobody answered, for a while when somebody did. */
function isPassing(cause: unknown, tries: number): boolean {
  if (!(cause instanceof ApiFailure)) return false;
  if (cause.code === 'UNREACHABLE' && cause.status === 0) return true;
  if (cause.code === 'RATE_LIMITED' || cause.code === 'UNAUTHENTICATED') return true;
  return (cause.isPassing || cause.code === 'CONFLICT') && tries < ANSWERED_TRIES_MAX;
}
