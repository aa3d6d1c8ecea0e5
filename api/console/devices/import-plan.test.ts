import { describe, expect, test } from 'vitest';
import type { GroupJson } from '../../groups/group-json.ts';
import { forestOf } from '../pickers/groups.ts';
import { deviceLines, parseTable } from './device-table.ts';
import { planImport } from './import-plan.ts';

const group = (id: number, name: string, parentId: number | null = null): GroupJson =>
  ({ id, name, parentId }) as GroupJson;
const forest = forestOf([
  group(1, 'North'),
  group(2, 'Lobby', 1),
  group(3, 'South'),
  group(4, 'Lobby', 3),
  group(5, 'Hall', 3),
]);
const plan = (text: string, options: { groupId?: number; needsGroup?: boolean } = {}) =>
  planImport(deviceLines(parseTable(text)), { forest, groupId: null, needsGroup: false, ...options });
const problems = (text: string, options = {}) => plan(text, options).map(({ problem }) => problem);

describe('what a list would make', () => {
  test('screens with name, group and place', () => {
    const lines = plan('p1,Left,North / lobby,52.5,-13.4\np2,,5\np3,Right,hall\np4,Bare', { groupId: 3 });
    expect(lines.map(({ screen }) => screen)).toEqual([
      { playerId: 'p1', name: 'Left', groupId: 2, place: { latitude: 52.5, longitude: -13.4 } },
      { playerId: 'p2', name: 'p2', groupId: 5 },
      { playerId: 'p3', name: 'Right', groupId: 5 },
      { playerId: 'p4', name: 'Bare', groupId: 3 },
    ]);
    expect(plan('p1;x;;52,5;13,4')[0]?.screen?.place).toEqual({ latitude: 52.5, longitude: 13.4 });
  });

  test('and what is wrong with lines that make none', () => {
    expect(problems(`,x\np 1,x\np1,x\np1,y\np2,${'x'.repeat(121)}`)).toEqual([
      { kind: 'noPlayerId' },
      { kind: 'oddPlayerId' },
      null,
      { kind: 'repeated', line: 3 },
      { kind: 'longName' },
    ]);
    expect(problems('p1,x,Lobby\np2,x,East\np3,x,99')).toEqual([
      { kind: 'ambiguousGroup', group: 'Lobby' },
      { kind: 'unknownGroup', group: 'East' },
      { kind: 'unknownGroup', group: '99' },
    ]);
    expect(problems('p1,x,,91,0\np2,x,,1\np3,x,,north,1\np4,x,,-90,180')).toEqual([
      { kind: 'oddPlace' },
      { kind: 'halfPlace' },
      { kind: 'oddPlace' },
      null,
    ]);
    expect(problems('p1,x\np2,x,Hall', { needsGroup: true })).toEqual([{ kind: 'needsGroup' }, null]);
    expect(problems(',x\n,y')).toEqual([{ kind: 'noPlayerId' }, { kind: 'noPlayerId' }]);
  });
});
