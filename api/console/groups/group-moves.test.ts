import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GroupJson } from '../../groups/group-json.ts';
import { forestOf, type GroupForest, type GroupNode } from '../pickers/groups.ts';
import { chainIds, findNode, moveRefusal, ownScreens, searchNodes, subtreeIds, withMoved } from './group-moves.ts';

function group(id: number, name: string, parentId: number | null, deviceCount = 0): GroupJson {
  const times = { createdAt: '2026-11-20T09:00:00.000Z', updatedAt: '2026-11-20T09:00:00.000Z' };
  return { id, name, parentId, config: {}, deviceCount, onlineCount: 0, version: 1, ...times };
}

// Campus > Library > (Lobby, Stacks); Annex > Lobby
const FOREST = forestOf([
  group(1, 'Campus', null, 9),
  group(2, 'Library', 1, 7),
  group(3, 'Lobby', 2, 2),
  group(4, 'Stacks', 2, 1),
  group(5, 'Annex', null),
  group(6, 'Lobby', 5),
]);

function namesOf(nodes: readonly GroupNode[]): string[] {
  return nodes.flatMap(({ group, children }) => [group.name, ...namesOf(children)]);
}

test('a group goes anywhere but below itself, to where it is, or beside one of its name', () => {
  expect(moveRefusal(FOREST, 2, 5)).toBeNull();
  expect(moveRefusal(FOREST, 2, null)).toBeNull();
  expect(moveRefusal(FOREST, 2, 1)).toBe('already-there');
  expect(moveRefusal(FOREST, 1, null)).toBe('already-there');
  expect(moveRefusal(FOREST, 1, 1)).toBe('below-itself');
  expect(moveRefusal(FOREST, 1, 4)).toBe('below-itself');
  expect(moveRefusal(FOREST, 3, 5)).toBe('name-taken');
  expect(moveRefusal(FOREST, 99, 5)).toBe('already-there');
});

test('a move takes everything below along', () => {
  const after = withMoved(FOREST, 2, 5);
  expect(namesOf(after.roots)).toEqual(['Campus', 'Annex', 'Library', 'Lobby', 'Stacks', 'Lobby']);
  expect(subtreeIds(after, 2)).toEqual(new Set([2, 3, 4]));
  expect(chainIds(after, 4)).toEqual([4, 2, 5]);
});

test('a search keeps what is above a match and what is below it', () => {
  expect(namesOf(searchNodes(FOREST.roots, ' lobby '))).toEqual(['Campus', 'Library', 'Lobby', 'Annex', 'Lobby']);
  expect(namesOf(searchNodes(FOREST.roots, 'Libr'))).toEqual(['Campus', 'Library', 'Lobby', 'Stacks']);
  expect(searchNodes(FOREST.roots, '')).toBe(FOREST.roots);
  expect(searchNodes(FOREST.roots, 'nowhere')).toEqual([]);
});

test('screens of a group itself are those that are not below', () => {
  const own = (id: number): number | null => {
    const node = findNode(FOREST.roots, id);
    return node && ownScreens(node);
  };
  expect([own(1), own(2), own(3), own(5)]).toEqual([2, 4, 2, 0]);
});

test('whatever is moved, nothing is lost and nothing stands below itself', () => {
  const forest = fc.array(fc.nat(), { minLength: 1, maxLength: 25 }).map((parents) =>
    forestOf(
      parents.map((drawn, at) => {
        const parent = drawn % (at + 1);
        return group(at + 1, `Group ${at + 1}`, parent === 0 ? null : parent);
      }),
    ),
  );
  const move = fc.tuple(fc.nat(), fc.nat());
  fc.assert(
    fc.property(forest, fc.array(move, { maxLength: 20 }), (begun, moves) => {
      let now: GroupForest = begun;
      for (const [which, where] of moves) {
        const groupId = 1 + (which % now.byId.size);
        const parentId = where % (now.byId.size + 1) === 0 ? null : where % (now.byId.size + 1);
        if (moveRefusal(now, groupId, parentId) === null) now = withMoved(now, groupId, parentId);
      }
      expect(namesOf(now.roots).sort()).toEqual(namesOf(begun.roots).sort());
    }),
  );
});
