/** What holds in a group: settings, schedules and alerts, its own and those from above. */
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { GroupStandingJson } from '../../groups/group-standing.ts';
import { useSession } from '../session/session-context.tsx';

/** @param groupId null: the top, where nothing comes from above */
export function useGroupStanding(groupId: number | null): UseQueryResult<GroupStandingJson> {
  const session = useSession();
  return useQuery({
    queryKey: ['group', 'standing', groupId],
    queryFn: async (): Promise<GroupStandingJson> =>
      groupId === null
        ? { settings: [], schedules: [], alerts: [] }
        : session.call<GroupStandingJson>('GET', `/groups/${groupId}/standing`),
  });
}
