import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AlertJson } from '../../alerts/alert-json.ts';
import type { GroupJson } from '../../groups/group-json.ts';
import { forestOf } from '../pickers/groups.ts';
import { draftOfPrepared, draftOfPreset, graver, groupsAbove, requestOf, whatIsMissing } from './raise-draft.ts';

const FIRE: AlertJson = {
  id: 7,
  name: 'Fire',
  severity: 'critical',
  title: 'Fire alarm',
  message: 'Leave by the stairs',
  contentId: null,
  groupIds: [1],
  deviceIds: [],
  expiresInSeconds: 900,
  drill: false,
  version: 1,
  createdAt: '2026-11-20T09:00:00.000Z',
  updatedAt: '2026-11-20T09:00:00.000Z',
};
const HERE = { groupIds: [1], deviceIds: [9] };

function group(id: number, parentId: number | null): GroupJson {
  return { id, parentId, name: `G${id}` } as GroupJson;
}

describe('what raising begins with', () => {
  test('is what the prepared alert proposes, unless something else was asked for', () => {
    expect(draftOfPrepared(FIRE, {})).toMatchObject({
      targets: { groupIds: [1], deviceIds: [] },
      expiresInSeconds: 900,
    });
    const asked = draftOfPrepared(FIRE, { deviceIds: [3], drill: true });
    expect([asked.targets, asked.drill]).toEqual([{ groupIds: [], deviceIds: [3] }, true]);
  });

  test('leaves the targets open where nobody named any', () => {
    expect(draftOfPrepared({ ...FIRE, groupIds: [] }, {}).targets).toBeNull();
    expect(draftOfPreset({ title: 'Flood' })).toMatchObject({ targets: null, expiresInSeconds: 3_600, title: 'Flood' });
  });
});

describe('the request', () => {
  test('names a prepared alert as long as its text is untouched', () => {
    const draft = draftOfPrepared(FIRE, {});
    expect(requestOf(draft, HERE, [FIRE])).toEqual({
      alertId: 7,
      ...HERE,
      expiresInSeconds: 900,
      drill: false,
    });
    const changed = requestOf({ ...draft, title: ' Fire in B ' }, HERE, [FIRE]);
    expect(changed).toMatchObject({ alert: { severity: 'critical', title: 'Fire in B' } });
    expect('alertId' in changed).toBe(false);
    // It was edited or deleted since: what stands on the screen of the operator is what is raised.
    expect(requestOf(draft, HERE, [])).toMatchObject({ alert: { title: 'Fire alarm' } });
  });

  test('needs a text, a target, a time and a screen; a count that is not known keeps nobody', () => {
    const draft = draftOfPrepared(FIRE, {});
    expect(whatIsMissing({ ...draft, title: ' ' }, HERE, 3)).toBe('text');
    expect(whatIsMissing(draft, { groupIds: [], deviceIds: [] }, null)).toBe('targets');
    expect(whatIsMissing({ ...draft, expiresInSeconds: null }, HERE, 3)).toBe('minutes');
    expect(whatIsMissing(draft, HERE, 0)).toBe('screens');
    expect([whatIsMissing(draft, HERE, 3), whatIsMissing(draft, HERE, null)]).toEqual([null, null]);
  });
});

describe('escalating', () => {
  test('makes it graver, to the end', () => {
    expect(['info', 'warning', 'critical'].map((one) => graver(one as 'info'))).toEqual([
      'warning',
      'critical',
      'critical',
    ]);
  });

  test('goes to the groups above, each once and none below another', () => {
    // 1 > 2 > 3, 1 > 4; 5 by itself; the group above 6 is out of sight.
    const forest = forestOf([group(1, null), group(2, 1), group(3, 2), group(4, 1), group(5, null), group(6, 99)]);
    expect(groupsAbove(forest, [3])).toEqual([2]);
    expect(groupsAbove(forest, [2, 4])).toEqual([1]);
    expect(groupsAbove(forest, [3, 4])).toEqual([1]);
    expect(groupsAbove(forest, [5, 6])).toEqual([5, 6]);
    expect(groupsAbove(forest, [])).toEqual([]);
  });

  test('never reaches less than before, whatever the tree', () => {
    const parents = fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(parents, fc.array(fc.nat({ max: 19 })), (above, picks) => {
        const forest = forestOf(above.map((parent, at) => group(at, parent < at ? parent : null)));
        const targets = [...new Set(picks)].filter((id) => forest.byId.has(id));
        const wider = new Set(groupsAbove(forest, targets));
        const isReached = (id: number): boolean => {
          for (let one: number | null = id; one !== null; one = forest.byId.get(one)?.parentId ?? null)
            if (wider.has(one)) return true;
          return false;
        };
        expect(targets.every(isReached)).toBe(true);
      }),
    );
  });
});
