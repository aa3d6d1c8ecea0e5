/** The alerts that are on screens now. */
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { DeploymentJson } from '../../alerts/deployment-json.ts';
import { useSession } from '../session/session-context.tsx';
import type { Paged } from '../session/session.ts';

/** Alerts that are shown; the alert board has all. */
const SHOWN_MAX = 20;

/** The newest first; kept true by the live feed. */
export function useActiveDeployments(): UseQueryResult<Paged<DeploymentJson[]>> {
  const session = useSession();
  return useQuery({
    queryKey: ['alertDeployment', 'active', SHOWN_MAX],
    queryFn: ({ signal }) =>
      session.list<DeploymentJson>('/alerts/deployments', { status: 'active', limit: SHOWN_MAX }, signal),
  });
}
