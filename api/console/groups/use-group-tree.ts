/** Which groups are unfolded in the tree. */
import { getTreeExpandedState, useTree, type UseTreeReturnType } from '@mantine/core';
import { groupTreeData } from '../pickers/group-tree-data.tsx';
import type { GroupForest } from '../pickers/groups.ts';
import { chainIds } from './group-moves.ts';

/** A tree of so many groups is shown unfolded. */
const OPEN_MAX = 60;

export interface UnfoldedTree {
  readonly tree: UseTreeReturnType;
  /** Unfolds a group and those above it; null, the top, is always unfolded. */
  readonly reveal: (groupId: number | null) => void;
}

/** @param chosen the group that is to be seen from the beginning */
export function useGroupTree(forest: GroupForest, chosen: number | null): UnfoldedTree {
  const chainOf = (groupId: number | null): string[] => (groupId === null ? [] : chainIds(forest, groupId).map(String));
  const tree = useTree({
    initialExpandedState: getTreeExpandedState(
      groupTreeData(forest.roots),
      forest.byId.size <= OPEN_MAX ? '*' : [...forest.roots.map(({ group }) => String(group.id)), ...chainOf(chosen)],
    ),
  });
  const reveal = (groupId: number | null): void =>
    tree.setExpandedState({
      ...tree.expandedState,
      ...Object.fromEntries(chainOf(groupId).map((value) => [value, true])),
    });
  return { tree, reveal };
}
