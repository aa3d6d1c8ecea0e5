/** Doing something that changes things: says that it was done or why not, and has what it changed read again. */
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient, type UseMutationResult } from '@tanstack/react-query';
import { useTexts } from '../texts/texts-context.tsx';
import { failureText } from './failure-notice.tsx';

/** How long a failure stays on the screen, in milliseconds: long enough to be read. */
const FAILURE_MS = 12_000;

export interface ActionOptions<T, V> {
  /** What is said when it is done; nothing when left out. */
  readonly done?: string | ((result: T, input: V) => string);
  /** First parts of the keys of queries to read again. */
  readonly changes?: readonly string[];
  readonly onDone?: (result: T, input: V) => void;
  /** Called with the failure; return true when it was shown already (e.g. at the fields of a form). */
  readonly onFailure?: (cause: unknown) => boolean;
}

export function useAction<T, V = void>(
  act: (input: V) => Promise<T>,
  { done, changes = [], onDone, onFailure }: ActionOptions<T, V> = {},
): UseMutationResult<T, unknown, V> {
  const queries = useQueryClient();
  const { common } = useTexts();
  return useMutation<T, unknown, V>({
    mutationFn: act,
    onSuccess: async (result, input) => {
      if (done !== undefined)
        notifications.show({ color: 'teal', message: typeof done === 'string' ? done : done(result, input) });
      onDone?.(result, input);
      await Promise.all(changes.map((entity) => queries.invalidateQueries({ queryKey: [entity] })));
    },
    onError: (cause) => {
      if (onFailure?.(cause) === true) return;
      notifications.show({
        color: 'red',
        title: common.failureTitle,
        message: failureText(cause, common),
        autoClose: FAILURE_MS,
        role: 'alert',
      });
    },
  });
}
