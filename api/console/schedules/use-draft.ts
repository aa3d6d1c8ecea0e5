/**
 * A schedule being edited: what was typed, what it was made from, and what somebody else has saved meanwhile.
 *
 * Invariants: what was typed is never replaced without being asked for; every change is kept in the tab's storage before the next
 * one, so that a reload or the end of a session loses nothing; while nothing is typed, what is shown is the newest that is saved.
 */
import { useMemo, useState } from 'react';
import type { ScheduleJson } from '../../schedules/schedule-json.ts';
import { useUser } from '../session/session-context.tsx';
import { draftStore, type KeptDraft } from './draft-store.ts';
import { differing, draftOf, merged, newDraft, type DraftField, type ScheduleDraft } from './schedule-draft.ts';
import { beginning, changed, redone, undone, type UndoStack } from './undo-stack.ts';

interface Editing {
  readonly stack: UndoStack<ScheduleDraft>;
  readonly base: ScheduleDraft;
  /** Version of the schedule that `base` is; 0: it does not exist yet. */
  readonly version: number;
  readonly isRestored: boolean;
}

/** What somebody else saved while this was edited. */
export interface Theirs {
  readonly changed: readonly DraftField[];
  readonly changedByBoth: readonly DraftField[];
}

export interface EditedDraft {
  readonly draft: ScheduleDraft;
  readonly base: ScheduleDraft;
  readonly version: number;
  readonly isDirty: boolean;
  /** Came from the tab's storage. */
  readonly isRestored: boolean;
  readonly theirs: Theirs | null;
  /** @param name of the change; changes of one name that follow each other are one step of undo */
  readonly change: (fields: Partial<ScheduleDraft>, name: string | null) => void;
  /** null: there is nothing to undo or redo. */
  readonly undo: (() => void) | null;
  readonly redo: (() => void) | null;
  /** Back to what is saved. */
  readonly discard: () => void;
  /** Puts what was typed on top of what somebody else saved. */
  readonly rebase: () => void;
  /** @param sent what was typed when it was saved */
  readonly saved: (schedule: ScheduleJson, sent: ScheduleDraft) => void;
  /** Forgets what the tab's storage keeps. */
  readonly forget: () => void;
}

function fresh(schedule: ScheduleJson | null, groupId: number | null): Editing {
  const base = schedule === null ? newDraft(groupId) : draftOf(schedule);
  return { stack: beginning(base), base, version: schedule?.version ?? 0, isRestored: false };
}

function restored({ draft, base, version }: KeptDraft): Editing {
  return { stack: beginning(draft), base, version, isRestored: true };
}

function theirsOf({ stack, base, version }: Editing, schedule: ScheduleJson | null): Theirs | null {
  if (schedule === null || schedule.version <= version) return null;
  const changed = differing(draftOf(schedule), base);
  const mine = new Set(differing(stack.present, base));
  return { changed, changedByBoth: changed.filter((field) => mine.has(field)) };
}

/** @param schedule the newest that is saved; null: a new one, which will belong to `groupId` unless that is changed */
export function useDraft(schedule: ScheduleJson | null, groupId: number | null): EditedDraft {
  const { id: userId } = useUser();
  const store = useMemo(() => draftStore(sessionStorage, userId, schedule?.id ?? 'new'), [userId, schedule?.id]);
  const [editing, setEditing] = useState<Editing>(() => {
    const kept = store.read();
    return kept === null ? fresh(schedule, groupId) : restored(kept);
  });
  const isDirty = differing(editing.stack.present, editing.base).length > 0;
  // Nobody is typing, so there is nothing to ask.
  if (!isDirty && schedule !== null && schedule.version > editing.version) setEditing(fresh(schedule, groupId));
  const put = (next: Editing): void => {
    setEditing(next);
    const { stack, base, version } = next;
    const differs = differing(stack.present, base).length > 0;
    store.write(differs ? { draft: stack.present, base, version } : null);
  };
  const step = (stack: UndoStack<ScheduleDraft>): void => put({ ...editing, stack });
  return {
    draft: editing.stack.present,
    base: editing.base,
    version: editing.version,
    isDirty,
    isRestored: editing.isRestored && isDirty,
    theirs: isDirty ? theirsOf(editing, schedule) : null,
    change: (fields, name) => step(changed(editing.stack, { ...editing.stack.present, ...fields }, name)),
    undo: editing.stack.past.length === 0 ? null : () => step(undone(editing.stack)),
    redo: editing.stack.future.length === 0 ? null : () => step(redone(editing.stack)),
    discard: () => put(fresh(schedule, groupId)),
    rebase: () => {
      if (schedule === null) return;
      const base = draftOf(schedule);
      const present = merged(editing.stack.present, editing.base, base);
      put({ ...editing, stack: changed(editing.stack, present, null), base, version: schedule.version });
    },
    saved: (next, sent) => {
      const base = draftOf(next);
      // What was typed while it was being saved stays typed.
      const present = merged(editing.stack.present, sent, base);
      put({ stack: { ...editing.stack, present }, base, version: next.version, isRestored: false });
    },
    forget: () => store.write(null),
  };
}
