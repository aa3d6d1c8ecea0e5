/** What a query shows in each of its states: a skeleton, why it failed, or its data (the last known, while it is read again). */
import { Skeleton, Stack } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTexts } from '../texts/texts-context.tsx';
import { FailureNotice } from './failure-notice.tsx';

export interface LoadedProps<T> {
  readonly query: UseQueryResult<T>;
  /** Lines of the skeleton; give what keeps the page from jumping. */
  readonly lines?: number;
  readonly children: (data: T) => ReactNode;
}

export function Loaded<T>({ query, lines = 4, children }: LoadedProps<T>) {
  const { loading } = useTexts().common;
  const retry = (): void => void query.refetch();
  if (query.data !== undefined)
    return (
      <>
        {query.isRefetchError && <FailureNotice cause={query.error} onRetry={retry} />}
        {children(query.data)}
      </>
    );
  if (query.isError) return <FailureNotice cause={query.error} onRetry={retry} />;
  return (
    <Stack gap="sm" role="status" aria-label={loading}>
      {Array.from({ length: lines }, (_, at) => (
        <Skeleton key={at} h={28} radius="sm" />
      ))}
    </Stack>
  );
}
