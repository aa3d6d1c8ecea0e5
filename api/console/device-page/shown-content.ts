/** Content by its id, for pictures and names. A layout has few zones, and what was read once is kept for every page. */
import { useQueries } from '@tanstack/react-query';
import type { ContentJson } from '../../content/content-json.ts';
import { useSession } from '../session/session-context.tsx';

/** More than a layout may have zones; what is past it stays without a picture. */
const READ_MAX = 32;

/** What is known of these contents so far. What is out of the user's sight stays unknown. */
export function useContents(contentIds: readonly number[]): ReadonlyMap<number, ContentJson> {
  const session = useSession();
  const ids = [...new Set(contentIds)].slice(0, READ_MAX);
  return useQueries({
    queries: ids.map((id) => ({
      queryKey: ['content', id],
      queryFn: () => session.call<ContentJson>('GET', `/content/${id}`),
      // Addresses of pictures are good for a quarter of an hour.
      staleTime: 10 * 60_000,
    })),
    combine: (results) =>
      new Map(results.flatMap(({ data }): [number, ContentJson][] => (data === undefined ? [] : [[data.id, data]]))),
  });
}
