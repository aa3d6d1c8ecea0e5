/** Reading a report: an object with rows, in the envelope of lists. */
import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useSession } from '../session/session-context.tsx';
import type { Paged, Query, Session } from '../session/session.ts';

/** One page of a report. Throws ApiFailure. */
export async function readReport<T>(
  session: Session,
  path: string,
  query: Query,
  signal?: AbortSignal,
): Promise<Paged<T>> {
  const { items, ...page } = await session.list<unknown>(path, query, signal);
  return { items: items as T, ...page };
}

/** A page of a report, the one before standing until it is there. It is history: nothing but time changes it. */
export function useReport<T>(path: string, query: Query): UseQueryResult<Paged<T>> {
  const session = useSession();
  return useQuery({
    queryKey: ['report', path, query],
    queryFn: ({ signal }) => readReport<T>(session, path, query, signal),
    placeholderData: keepPreviousData,
  });
}
