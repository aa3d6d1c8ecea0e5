/** Reading lists: one page at a time, the one before standing until the next is there; or all of a short one. */
import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useSession } from '../session/session-context.tsx';
import type { Paged, Query, Session } from '../session/session.ts';

/** Most that the API gives at once. */
export const LIST_LIMIT_MAX = 200;

/**
 * One page of a list. `entity` is the first part of the key: the live feed's word for what it shows (`device`, `content`, …), so that
 * it is read again when that changes.
 */
export function useListQuery<T>(entity: string, path: string, query: Query): UseQueryResult<Paged<T[]>> {
  const session = useSession();
  return useQuery({
    queryKey: [entity, 'list', path, query],
    queryFn: ({ signal }) => session.list<T>(path, query, signal),
    placeholderData: keepPreviousData,
  });
}

/** Reads page after page until all is there, or `max` items are. */
export async function readAll<T>(
  session: Session,
  path: string,
  query: Query,
  signal?: AbortSignal,
  max = 2_000,
): Promise<T[]> {
  const items: T[] = [];
  for (let page = 1; ; page += 1) {
    const next = await session.list<T>(path, { ...query, page, limit: LIST_LIMIT_MAX }, signal);
    items.push(...next.items);
    if (items.length >= Math.min(next.total, max) || next.items.length === 0) return items;
  }
}
