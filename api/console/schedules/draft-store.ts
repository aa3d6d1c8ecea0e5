/** Unsaved drafts of this tab, kept over a reload or the end of a session, by user and schedule. */
import type { ScheduleDraft } from './schedule-draft.ts';

/** What was kept: the draft, and what it was made from. */
export interface KeptDraft {
  readonly draft: ScheduleDraft;
  readonly base: ScheduleDraft;
  /** Version of the schedule that it was made from; 0: the schedule does not exist yet. */
  readonly version: number;
}

export interface DraftStore {
  read(): KeptDraft | null;
  /** null forgets it. */
  write(kept: KeptDraft | null): void;
}

/**
 * @param storage e.g. `sessionStorage`; one that refuses keeps nothing, and says so on the console
 * @param schedule id, or `new`
 */
export function draftStore(storage: Storage, userId: number, schedule: number | 'new'): DraftStore {
  const key = `podoh.console.schedule-draft.${userId}.${schedule}`;
  return {
    read() {
      const text = storage.getItem(key);
      return text === null ? null : (JSON.parse(text) as KeptDraft);
    },
    write(kept) {
      try {
        if (kept === null) storage.removeItem(key);
        else storage.setItem(key, JSON.stringify(kept));
      } catch (cause) {
        console.warn('this browser does not keep the draft', cause);
      }
    },
  };
}
