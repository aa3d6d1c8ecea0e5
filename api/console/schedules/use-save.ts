/** Saving a draft: the fields that were changed, based on the version that they were changed from. */
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation } from 'wouter';
import type { ScheduleJson } from '../../schedules/schedule-json.ts';
import { timingProblems } from '../../../protocol/schedule-timing.ts';
import { ApiFailure } from '../session/api-failure.ts';
import { newKey } from '../session/new-key.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { useAction } from '../ui/use-action.ts';
import { isBlocking, layoutProblems } from './layout-problems.ts';
import { problemTexts } from './problem-texts.ts';
import { changesOf, type ScheduleDraft } from './schedule-draft.ts';
import { timingProblemText } from './timing-problem-text.ts';
import type { EditedDraft } from './use-draft.ts';

export interface Saving {
  readonly save: () => void;
  readonly isPending: boolean;
  /** Why it cannot be saved as it is, in words. */
  readonly blocked: readonly string[];
  /** Saving was tried without a name. */
  readonly isNameMissing: boolean;
  /** Why the API refused it; null once it is tried again. */
  readonly failure: unknown;
}

interface Sent {
  readonly draft: ScheduleDraft;
  readonly idempotencyKey: string;
}

export function useSave(schedule: ScheduleJson | null, edited: EditedDraft): Saving {
  const { schedules: texts, scheduleTiming } = useTexts();
  const session = useSession();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const [isTried, setTried] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const { draft, base, version } = edited;
  const action = useAction(
    ({ draft: sent, idempotencyKey }: Sent) =>
      schedule === null
        ? session.call<ScheduleJson>('POST', '/schedules', { body: sent, idempotencyKey })
        : session.call<ScheduleJson>('PUT', `/schedules/${schedule.id}`, {
            body: { ...changesOf(sent, base), version },
          }),
    {
      changes: ['schedule'],
      done: (saved) => (schedule === null ? texts.editor.created(saved.name) : texts.editor.saved),
      onDone: (saved, { draft: sent }) => {
        queries.setQueryData(['schedule', saved.id], saved);
        if (schedule !== null) return edited.saved(saved, sent);
        edited.forget();
        navigate(`/schedules/${saved.id}${location.search}`);
      },
      onFailure: (cause) => {
        if (!(cause instanceof ApiFailure)) return false;
        // What they saved is read again, and the editor says so above what was typed.
        if (cause.code === 'VERSION_CONFLICT') {
          void queries.invalidateQueries({ queryKey: ['schedule', schedule?.id] });
          return true;
        }
        if (cause.details.length === 0) return false;
        setFailure(cause);
        return true;
      },
    },
  );
  const isNameMissing = draft.name.trim() === '';
  const blocked = [
    ...(isNameMissing ? [texts.editor.nameMissing] : []),
    ...problemTexts(draft.layout, layoutProblems(draft.layout).filter(isBlocking), texts.layout),
    ...timingProblems(draft.timing).map((problem) => timingProblemText(problem, draft.timing, scheduleTiming.problems)),
  ];
  return {
    save: () => {
      setTried(true);
      setFailure(null);
      if (blocked.length === 0) action.mutate({ draft, idempotencyKey: newKey() });
    },
    isPending: action.isPending,
    blocked: isTried ? blocked : [],
    isNameMissing: isTried && isNameMissing,
    failure,
  };
}
