import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GroupJson } from '../../groups/group-json.ts';
import { forestOf, groupPath, type GroupNode } from './groups.ts';

function group(id: number, parentId: number | null): GroupJson {
  const at = '2026-01-01T00:00:00.000Z';
  return {
    ...{
      id,
      parentId,
      name: `G${id}`,
      config: {},
      deviceCount: 0,
      onlineCount: 0,
      version: 1,
      createdAt: at,
      updatedAt: at,
    },
  };
}

/** Groups that hang on one another in any way a tree can, some of them on a parent that is out of sight. */
const someGroups = fc
  .array(fc.nat({ max: 50 }), { maxLength: 40 })
  .map((parents) =>
    parents.map((parent, at) =>
      group(at + 1, parent % (at + 2) === 0 ? null : parent === 50 ? 999 : parent % (at + 1) || null),
    ),
  );

function idsIn(nodes: readonly GroupNode[]): number[] {
  return nodes.flatMap(({ group: one, children }) => [one.id, ...idsIn(children)]);
}

describe('the groups in sight', () => {
  it('all stand in the tree, each once', () => {
    fc.assert(
      fc.property(someGroups, (groups) => {
        const ids = idsIn(forestOf(groups).roots);
        expect([...ids].sort((one, other) => one - other)).toEqual(groups.map(({ id }) => id));
      }),
    );
  });

  it('stand at the top when their parent is out of sight', () => {
    const forest = forestOf([group(5, 4), group(6, 5)]);
    expect(forest.roots.map(({ group: { id } }) => id)).toEqual([5]);
    expect(groupPath(forest, 6)).toBe('G5 / G6');
    expect(groupPath(forest, 4)).toBe('#4');
  });
});
