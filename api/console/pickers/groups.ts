/** The groups that the user may see, as a list and as a tree. A group whose parent is out of sight stands at the top. */
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { GroupJson } from '../../groups/group-json.ts';
import { useSession } from '../session/session-context.tsx';
import { readAll } from '../ui/list-query.ts';

export interface GroupNode {
  readonly group: GroupJson;
  readonly children: readonly GroupNode[];
}

export interface GroupForest {
  readonly byId: ReadonlyMap<number, GroupJson>;
  readonly roots: readonly GroupNode[];
}

/** All groups in sight; kept true by the live feed. */
export function useGroups(): UseQueryResult<GroupForest> {
  const session = useSession();
  return useQuery({
    queryKey: ['group', 'all'],
    queryFn: async ({ signal }) => forestOf(await readAll<GroupJson>(session, '/groups', { sort: 'name' }, signal)),
  });
}

export function forestOf(groups: readonly GroupJson[]): GroupForest {
  const byId = new Map(groups.map((group) => [group.id, group]));
  const childrenOf = new Map<number | null, GroupJson[]>();
  for (const group of groups) {
    const parentId = group.parentId !== null && byId.has(group.parentId) ? group.parentId : null;
    childrenOf.set(parentId, [...(childrenOf.get(parentId) ?? []), group]);
  }
  const nodesBelow = (parentId: number | null): GroupNode[] =>
    (childrenOf.get(parentId) ?? []).map((group) => ({ group, children: nodesBelow(group.id) }));
  return { byId, roots: nodesBelow(null) };
}

/** Names from the top down, e.g. "Campus / Library / Lobby"; the id alone of a group out of sight. */
export function groupPath(forest: GroupForest, groupId: number): string {
  const names: string[] = [];
  for (let id: number | null = groupId; id !== null;) {
    const group: GroupJson | undefined = forest.byId.get(id);
    if (group === undefined) break;
    names.unshift(group.name);
    id = group.parentId;
  }
  return names.length === 0 ? `#${groupId}` : names.join(' / ');
}
