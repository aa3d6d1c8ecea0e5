import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  chainOf,
  checkPlacement,
  GROUP_DEPTH_MAX,
  reduceTargets,
  subtreesOf,
  treeOf,
  type TreeNode,
} from './group-tree.ts';

/** A forest of up to 40 groups with ids 1..n: every parent has a lower id, so there is no cycle. */
const forest = fc
  .array(fc.nat(), { minLength: 1, maxLength: 40 })
  .map((picks): TreeNode[] => picks.map((pick, index) => ({ id: index + 1, parentId: pick % (index + 1) || null })));

const ascending = (a: number, b: number): number => a - b;

function line(levels: number): TreeNode[] {
  return Array.from({ length: levels }, (_, index) => ({ id: index + 1, parentId: index === 0 ? null : index }));
}

describe('the group tree', () => {
  test('subtrees and chains are each other turned round', () => {
    fc.assert(
      fc.property(forest, (nodes) => {
        const tree = treeOf(nodes);
        for (const { id: top } of nodes) {
          const below = subtreesOf(tree, [top]);
          for (const { id } of nodes) expect(below.has(id)).toBe(chainOf(tree, id).includes(top));
        }
      }),
    );
  });

  test('walks end on a tree that has a cycle', () => {
    const tree = treeOf([
      { id: 1, parentId: 2 },
      { id: 2, parentId: 1 },
    ]);
    expect(chainOf(tree, 1)).toEqual([1, 2]);
    expect([...subtreesOf(tree, [1])].sort(ascending)).toEqual([1, 2]);
    expect(checkPlacement(tree, 1, null)).toBe('allowed');
  });

  test('a move is allowed exactly when the tree stays a tree of at most 16 levels', () => {
    fc.assert(
      fc.property(forest, fc.nat(), fc.nat(), (nodes, pickChild, pickParent) => {
        const child = (pickChild % nodes.length) + 1;
        const parent = pickParent % (nodes.length + 1) || null;
        const moved = nodes.map((node) => (node.id === child ? { id: child, parentId: parent } : node));
        const after = treeOf(moved);
        // Method: do the move, then look whether every group still reaches the top in at most 16 steps.
        const reachesTop = nodes.every(({ id }) => {
          const chain = chainOf(after, id);
          return after.parentOf.get(chain[chain.length - 1] ?? 0) === null;
        });
        const deepest = Math.max(...nodes.map(({ id }) => chainOf(after, id).length));
        const expected = !reachesTop ? 'cycle' : deepest > GROUP_DEPTH_MAX ? 'too-deep' : 'allowed';
        fc.pre(Math.max(...nodes.map(({ id }) => chainOf(treeOf(nodes), id).length)) <= GROUP_DEPTH_MAX);
        expect(checkPlacement(treeOf(nodes), child, parent)).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('the sixteenth level is the last', () => {
    expect(checkPlacement(treeOf(line(15)), null, 15)).toBe('allowed');
    expect(checkPlacement(treeOf(line(16)), null, 16)).toBe('too-deep');
    expect(checkPlacement(treeOf([...line(10), { id: 11, parentId: null }, { id: 12, parentId: 11 }]), 1, 12)).toBe(
      'allowed',
    );
    expect(checkPlacement(treeOf([...line(15), { id: 16, parentId: null }, { id: 17, parentId: 16 }]), 1, 17)).toBe(
      'too-deep',
    );
    expect(checkPlacement(treeOf(line(2)), null, 9)).toBe('no-such-parent');
    expect(checkPlacement(treeOf(line(2)), 2, 2)).toBe('cycle');
  });
});

describe('reducing targets', () => {
  const world = fc.record({
    nodes: forest,
    placed: fc.array(fc.nat(), { maxLength: 30 }),
    groupPicks: fc.array(fc.nat(), { maxLength: 10 }),
    devicePicks: fc.array(fc.nat(), { maxLength: 10 }),
  });

  test('reaches the same devices, with nothing left that another target covers', () => {
    fc.assert(
      fc.property(world, ({ nodes, placed, groupPicks, devicePicks }) => {
        const tree = treeOf(nodes);
        const groupOfDevice = new Map(placed.map((pick, index) => [100 + index, pick % (nodes.length + 1) || null]));
        const deviceIds = placed.length === 0 ? [] : devicePicks.map((pick) => 100 + (pick % placed.length));
        const groupIds = groupPicks.map((pick) => (pick % nodes.length) + 1);
        const reached = (targets: { groupIds: readonly number[]; deviceIds: readonly number[] }): number[] => {
          const groups = subtreesOf(tree, targets.groupIds);
          const inGroups = [...groupOfDevice]
            .filter(([, groupId]) => groupId !== null && groups.has(groupId))
            .map(([id]) => id);
          return [...new Set([...inGroups, ...targets.deviceIds])].sort(ascending);
        };
        const reduced = reduceTargets(tree, groupOfDevice, { groupIds, deviceIds });
        expect(reached(reduced)).toEqual(reached({ groupIds, deviceIds }));
        expect([...subtreesOf(tree, reduced.groupIds)].sort(ascending)).toEqual(
          [...subtreesOf(tree, groupIds)].sort(ascending),
        );
        for (const groupId of reduced.groupIds) {
          const others = reduced.groupIds.filter((id) => id !== groupId);
          expect(subtreesOf(tree, others).has(groupId)).toBe(false);
        }
        const covered = reached({ groupIds: reduced.groupIds, deviceIds: [] });
        expect(reduced.deviceIds.filter((id) => covered.includes(id))).toEqual([]);
        expect(reduceTargets(tree, groupOfDevice, reduced)).toEqual(reduced);
      }),
      { numRuns: 500 },
    );
  });
});
