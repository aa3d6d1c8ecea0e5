/** What of a schedule is edited, and how it differs from what is saved. Pure. */
import type { Layout, Timing } from '../../../protocol/schedule.ts';
import type { ScheduleJson } from '../../schedules/schedule-json.ts';
import { newLayout } from './edit-layout.ts';

export interface ScheduleDraft {
  readonly name: string;
  readonly groupId: number | null;
  readonly priority: number;
  readonly layout: Layout;
  readonly timing: Timing;
}

const FIELDS = ['name', 'groupId', 'priority', 'layout', 'timing'] as const;
export type DraftField = (typeof FIELDS)[number];

/** What a new schedule begins with: one zone over a full-HD canvas. */
export function newDraft(groupId: number | null): ScheduleDraft {
  return { name: '', groupId, priority: 0, layout: newLayout({ width: 1920, height: 1080 }), timing: {} };
}

export function draftOf({ name, groupId, priority, layout, timing }: ScheduleJson): ScheduleDraft {
  return { name, groupId, priority, layout, timing };
}

/** The fields in which two drafts differ. */
export function differing(one: ScheduleDraft, other: ScheduleDraft): DraftField[] {
  return FIELDS.filter((field) => canonical(one[field]) !== canonical(other[field]));
}

/** The fields of `draft` that differ from `base`, as a `PUT` wants them. */
export function changesOf(draft: ScheduleDraft, base: ScheduleDraft): Partial<ScheduleDraft> {
  return Object.fromEntries(differing(draft, base).map((field) => [field, draft[field]]));
}

/**
 * Edits of two on one base: each field as `mine` has it where I changed it, as `theirs` has it where I did not.
 * @returns the fields in which both changed it, each in another way, are mine
 */
export function merged(mine: ScheduleDraft, base: ScheduleDraft, theirs: ScheduleDraft): ScheduleDraft {
  return { ...theirs, ...changesOf(mine, base) };
}

/** JSON whose keys are in order, so that what is the same reads the same. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}
