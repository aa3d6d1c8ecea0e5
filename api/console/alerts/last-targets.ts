/** Where the user raised an alert last: the likeliest place for the next one. */
import { useQuery } from '@tanstack/react-query';
import type { Static } from 'typebox';
import type { NamedDeploymentJson } from '../../alerts/deployment-names.ts';
import type { DeploymentDetailJson } from '../../alerts/read-deployments.ts';
import { useSession, useUser } from '../session/session-context.tsx';
import { NO_TARGETS, type Targets } from './raise-draft.ts';

/** Single screens that are proposed again. More were a choice of that moment. */
const DEVICES_MAX = 20;

/** undefined while it is not known. Nothing known, e.g. because the API is away, proposes nothing and is in nobody's way. */
export function useLastTargets(): Targets | undefined {
  const session = useSession();
  const me = useUser();
  const { data, isError } = useQuery({
    queryKey: ['alertDeployment', 'last-targets', me.id],
    queryFn: async ({ signal }): Promise<Targets> => {
      const query = { startedBy: me.id, limit: 1 };
      const { items } = await session.list<NamedDeploymentJson>('/alerts/deployments', query, signal);
      const [last] = items;
      if (last === undefined) return NO_TARGETS;
      const { targets } = await session.call<Static<typeof DeploymentDetailJson>>(
        'GET',
        `/alerts/deployments/${last.deploymentId}`,
        { signal },
      );
      const { groupIds, deviceIds } = targets;
      return { groupIds, deviceIds: deviceIds.length > DEVICES_MAX ? [] : deviceIds };
    },
    retry: 1,
  });
  return isError ? NO_TARGETS : data;
}
