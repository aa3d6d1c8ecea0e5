/**
 * Rules of a tenant's group tree, as functions over its rows. Pure.
 *
 * Every walk carries the set of what it has seen: a cycle that some other hand wrote into the database must not hang a
 * request.
 */
import type { Targets } from './model.ts';

/** Levels of a tree; a group at the top is on level 1. Past it: the move or the creation is refused. */
export const GROUP_DEPTH_MAX = 16;

export interface TreeNode {
  readonly id: number;
  readonly parentId: number | null;
}

/** The tree both ways round. */
export interface GroupTree {
  readonly parentOf: ReadonlyMap<number, number | null>;
  readonly childrenOf: ReadonlyMap<number | null, readonly number[]>;
}

export function treeOf(nodes: readonly TreeNode[]): GroupTree {
  const parentOf = new Map<number, number | null>();
  const childrenOf = new Map<number | null, number[]>();
  for (const { id, parentId } of nodes) {
    parentOf.set(id, parentId);
    const siblings = childrenOf.get(parentId);
    if (siblings === undefined) childrenOf.set(parentId, [id]);
    else siblings.push(id);
  }
  return { parentOf, childrenOf };
}

/** The groups given that exist, and everything below them, each once. */
export function subtreesOf(tree: GroupTree, rootIds: Iterable<number>): Set<number> {
  const seen = new Set<number>();
  const open = [...rootIds].filter((id) => tree.parentOf.has(id));
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    for (const child of tree.childrenOf.get(id) ?? []) open.push(child);
  }
  return seen;
}

/** The groups from this one up to the top, itself first. Empty when there is no such group. */
export function chainOf(tree: GroupTree, groupId: number | null): number[] {
  const chain = new Set<number>();
  for (let id = groupId; id !== null && tree.parentOf.has(id) && !chain.has(id); id = tree.parentOf.get(id) ?? null) {
    chain.add(id);
  }
  return [...chain];
}

/** Levels in the subtree of a group: 1 when nothing is below it. */
function heightOf(tree: GroupTree, groupId: number): number {
  const seen = new Set<number>([groupId]);
  let height = 1;
  for (let level = [groupId]; ; height += 1) {
    const below = level.flatMap((id) => tree.childrenOf.get(id) ?? []).filter((id) => !seen.has(id));
    if (below.length === 0) return height;
    for (const id of below) seen.add(id);
    level = below;
  }
}

export type Placement = 'allowed' | 'no-such-parent' | 'cycle' | 'too-deep';

/**
 * Whether a group may stand under this parent (null: at the top). `groupId` is null for one that is being created.
 * Decide it over rows read under the tree's lock, or two moves that are each harmless make a cycle together.
 */
export function checkPlacement(tree: GroupTree, groupId: number | null, parentId: number | null): Placement {
  if (parentId !== null && !tree.parentOf.has(parentId)) return 'no-such-parent';
  const above = chainOf(tree, parentId);
  if (groupId !== null && above.includes(groupId)) return 'cycle';
  const height = groupId === null ? 1 : heightOf(tree, groupId);
  return above.length + height > GROUP_DEPTH_MAX ? 'too-deep' : 'allowed';
}

/**
 * The smallest set that reaches the same devices: no group below another targeted one, no device inside a targeted
 * group, nothing twice; in ascending order. Groups the tree does not have and devices without a known group are kept:
 * whether they exist is the caller's question.
 */
export function reduceTargets(
  tree: GroupTree,
  groupOfDevice: ReadonlyMap<number, number | null>,
  targets: Targets,
): Targets {
  const targeted = new Set(targets.groupIds);
  const groupIds = [...targeted].filter(
    (id) => !chainOf(tree, id).some((above) => above !== id && targeted.has(above)),
  );
  const covered = subtreesOf(tree, groupIds);
  const deviceIds = [...new Set(targets.deviceIds)].filter((id) => {
    const groupId = groupOfDevice.get(id) ?? null;
    return groupId === null || !covered.has(groupId);
  });
  return { groupIds: groupIds.sort((a, b) => a - b), deviceIds: deviceIds.sort((a, b) => a - b) };
}
