/**
 * Saving what several people may edit. The version that the change is based on goes along; when somebody else was faster, what was
 * typed stays, that is said, and saving once more overwrites what they did.
 */
import type { UseMutationResult } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiFailure } from '../session/api-failure.ts';
import { useSession } from '../session/session-context.tsx';
import { useAction } from '../ui/use-action.ts';

export interface VersionedSaveOptions<T> {
  /** Where it is read and saved, e.g. `/devices/7`. */
  readonly path: string;
  /** As it was when the form was opened. */
  readonly begun: T;
  /** First parts of the keys of queries to read again. */
  readonly changes: readonly string[];
  readonly done: (saved: T) => string;
  readonly onSaved: (saved: T) => void;
  /** Called with what somebody else made of it. */
  readonly onTheirs: (theirs: T) => void;
  /** Called with what is wrong, by field. */
  readonly onErrors: (errors: Record<string, string>) => void;
}

export interface VersionedSave<T, C> {
  readonly save: UseMutationResult<T, unknown, C>;
  /** Somebody else changed it since the form was opened. */
  readonly conflict: boolean;
}

export function useVersionedSave<T extends { readonly version: number }, C extends object>(
  options: VersionedSaveOptions<T>,
): VersionedSave<T, C> {
  const { path, begun, changes, done, onSaved, onTheirs, onErrors } = options;
  const session = useSession();
  const [version, setVersion] = useState(begun.version);
  const send = async (change: C): Promise<T> => {
    try {
      return await session.call<T>('PUT', path, { body: { ...change, version } });
    } catch (cause) {
      if (cause instanceof ApiFailure && cause.code === 'VERSION_CONFLICT') {
        const theirs = await session.call<T>('GET', path);
        onTheirs(theirs);
        setVersion(theirs.version);
      }
      throw cause;
    }
  };
  const save = useAction(send, {
    changes,
    done,
    onDone: onSaved,
    onFailure: (cause) => {
      if (!(cause instanceof ApiFailure)) return false;
      if (cause.code === 'VERSION_CONFLICT') return true;
      if (cause.details.length === 0) return false;
      onErrors(cause.byField());
      return true;
    },
  });
  return { save, conflict: version !== begun.version };
}
