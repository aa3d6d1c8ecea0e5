/** All prepared alerts, the gravest first: what is looked for in an emergency. */
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { AlertJson } from '../../alerts/alert-json.ts';
import { useSession } from '../session/session-context.tsx';
import { readAll } from '../ui/list-query.ts';
import { byGravity } from './gravity.ts';

export function usePreparedAlerts(): UseQueryResult<AlertJson[]> {
  const session = useSession();
  return useQuery({
    queryKey: ['alert', 'all'],
    queryFn: async ({ signal }) =>
      (await readAll<AlertJson>(session, '/alerts', { sort: 'name' }, signal)).sort(byGravity),
  });
}
