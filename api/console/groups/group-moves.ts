/** Moving groups about in their tree, and finding them in it. Pure. */
import { forestOf, type GroupForest, type GroupNode } from '../pickers/groups.ts';

/** The group and everything below it. */
export function subtreeIds(forest: GroupForest, groupId: number): Set<number> {
  const ids = new Set<number>();
  const add = ({ group, children }: GroupNode): void => {
    ids.add(group.id);
    for (const child of children) add(child);
  };
  const node = findNode(forest.roots, groupId);
  if (node !== null) add(node);
  return ids;
}

export function findNode(nodes: readonly GroupNode[], groupId: number): GroupNode | null {
  for (const node of nodes) {
    const found = node.group.id === groupId ? node : findNode(node.children, groupId);
    if (found !== null) return found;
  }
  return null;
}

/** Why a group cannot go there; the API decides anyway. */
export type MoveRefusal = 'already-there' | 'below-itself' | 'name-taken';

/** @param parentId null: to the top */
export function moveRefusal(forest: GroupForest, groupId: number, parentId: number | null): MoveRefusal | null {
  const group = forest.byId.get(groupId);
  if (group === undefined || group.parentId === parentId) return 'already-there';
  if (parentId !== null && subtreeIds(forest, groupId).has(parentId)) return 'below-itself';
  const siblings = [...forest.byId.values()].filter((one) => one.parentId === parentId);
  return siblings.some(({ name }) => name === group.name) ? 'name-taken' : null;
}

/** Whether a place takes the group when it is dropped there; of a name that is taken one is told then. */
export function canDrop(refusal: MoveRefusal | null): boolean {
  return refusal === null || refusal === 'name-taken';
}

/** The tree as it will be; counts follow when the API has said them. */
export function withMoved(forest: GroupForest, groupId: number, parentId: number | null): GroupForest {
  return forestOf([...forest.byId.values()].map((group) => (group.id === groupId ? { ...group, parentId } : group)));
}

/** What matches with all that is below it, and what stands above a match; everything for an empty search. */
export function searchNodes(nodes: readonly GroupNode[], search: string): readonly GroupNode[] {
  const wanted = search.trim().toLocaleLowerCase();
  if (wanted === '') return nodes;
  return nodes.flatMap((node): GroupNode[] => {
    if (node.group.name.toLocaleLowerCase().includes(wanted)) return [node];
    const children = searchNodes(node.children, wanted);
    return children.length === 0 ? [] : [{ group: node.group, children }];
  });
}

/** Screens that stand in the group itself, and not below. */
export function ownScreens({ group, children }: GroupNode): number {
  return children.reduce((rest, child) => rest - child.group.deviceCount, group.deviceCount);
}

/** Ids of the group and of those above it that are in sight, the nearest first. */
export function chainIds(forest: GroupForest, groupId: number): number[] {
  const chain: number[] = [];
  for (let id: number | null = groupId; id !== null && !chain.includes(id);) {
    const group = forest.byId.get(id);
    if (group === undefined) break;
    chain.push(id);
    id = group.parentId;
  }
  return chain;
}
