/** Whether the user may change a schedule: the API decides, this only hides what it would refuse. */
import { useMay } from '../session/session-context.tsx';

/** What belongs to the whole organisation is the administrators'; what of a group one sees, its managers may edit. */
export function useEditable(): (schedule: { readonly groupId: number | null }) => boolean {
  const { manage, administer } = useMay();
  return ({ groupId }) => administer || (manage && groupId !== null);
}
