/**
 * What one process keeps in memory for content: how many uploads it takes, how many files it looks at, its quarantine, its worker.
 *
 * States: made, started (`start`: looks for work and for what a dead process left), stopped (`stop`: tools are killed, and nothing
 * of it runs any more). Without `start` it serves requests all the same.
 */
import { retryLater } from '../errors.ts';
import { loggedError } from '../failure-answer.ts';
import { createMediaTools, TOOL_FOLDERS } from './media-tools.ts';
import type { ContentParts } from './content-parts.ts';
import { Quarantine } from './quarantine.ts';
import { VerificationWorker } from './verification-worker.ts';
import { verifyFile, type VerifiedFile } from './verify-file.ts';

/** Uploads that one process takes at once. Past it: UNAVAILABLE. */
const UPLOADS_MAX = 64;
/** Files that one process decodes at once; the others wait. */
const VERIFICATIONS_AT_ONCE = 2;
const UPLOADS_RETRY_SECONDS = 5;

export interface ContentDesk {
  readonly quarantine: Quarantine;
  /** Runs an upload. UNAVAILABLE when too many are under way. */
  admit<T>(upload: () => Promise<T>): Promise<T>;
  /** Verifies a file when its turn has come. Rejects with RefusedFile. */
  verify(path: string): Promise<VerifiedFile>;
  /** Has uploads that are complete looked at now. */
  kick(): void;
  start(): void;
  stop(): Promise<void>;
}

/** Lets so many run at once; the others wait in order. */
function createTurns(atOnce: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      // The place goes to the next in line, or is free.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

export function createContentDesk(parts: ContentParts): ContentDesk {
  const { settings, ids, clock, log } = parts;
  const quarantine = new Quarantine(settings.uploadFolder, ids);
  const tools = createMediaTools(clock, settings.toolFolders ?? TOOL_FOLDERS);
  const inTurn = createTurns(VERIFICATIONS_AT_ONCE);
  const stopping = new AbortController();
  const verify = (path: string): Promise<VerifiedFile> => inTurn(() => verifyFile(path, tools, stopping.signal));
  const worker = new VerificationWorker(parts, { quarantine, verify });
  let uploads = 0;
  return {
    quarantine,
    async admit(upload) {
      if (uploads >= UPLOADS_MAX) {
        throw retryLater('UNAVAILABLE', 'Too many uploads are under way', UPLOADS_RETRY_SECONDS);
      }
      uploads += 1;
      try {
        return await upload();
      } finally {
        uploads -= 1;
      }
    },
    verify,
    kick: () => worker.kick(),
    start() {
      quarantine.removeStale().then(
        (removed) => removed > 0 && log.info({ removed }, 'removed files of uploads that were cut off'),
        (error: unknown) => log.warn({ error: loggedError(error) }, 'files of old uploads may be left'),
      );
      worker.start();
    },
    async stop() {
      stopping.abort();
      await worker.stop();
    },
  };
}
