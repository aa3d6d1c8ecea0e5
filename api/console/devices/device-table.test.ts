import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deviceLines, parseTable, separatorOf } from './device-table.ts';

const cellsOf = (text: string) => parseTable(text).map(({ cells }) => cells);

describe('reading a table', () => {
  test('by the separator that it has', () => {
    const texts = ['a,b', 'a;b,c;d', 'a\tb', '"x;y;z",b', '"x ""y; z;""",b', 'a"b,c;d,e', 'alone', ''];
    expect(texts.map(separatorOf)).toEqual([',', ';', '\t', ',', ',', ',', ',', ',']);
  });

  test('with quotes, a byte order mark, any line ends and empty lines', () => {
    expect(cellsOf('\uFEFFid,name\r\n p1 , "Lobby, left" \r\rp2,"say ""hi"""\n\n,,\np3,"two\nlines"')).toEqual([
      ['id', 'name'],
      ['p1', 'Lobby, left'],
      ['p2', 'say "hi"'],
      ['p3', 'two\nlines'],
    ]);
    expect(cellsOf('a"b,c')).toEqual([['a"b', 'c']]);
    expect(cellsOf('"never closed,x')).toEqual([['never closed,x']]);
  });

  test('and keeps the numbers of the lines in the text', () => {
    expect(parseTable('a,b\n\nc,"x\ny"\nd,e').map(({ line }) => line)).toEqual([1, 3, 5]);
  });

  test('what was written as CSV is read as it was', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', ' ', '"', ',', ';', '\t', '\n', 'ü'), maxLength: 8 });
    const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(table, (rows) => {
        // The first line is plain, so that there is no doubt about the separator.
        const text = [['a', 'b'], ...rows]
          .map((row) => row.map((one) => `"${one.replaceAll('"', '""')}"`).join(','))
          .join('\r\n');
        expect(cellsOf(text)).toEqual([['a', 'b'], ...rows.filter((row) => row.some((one) => one !== ''))]);
      }),
    );
  });
});

describe('screens of a table', () => {
  const none = { name: '', group: '', latitude: '', longitude: '' };

  test('stand in the usual order where there are no headings', () => {
    expect(deviceLines(parseTable('p1,Lobby,Campus / Hall,52.5,13.4\np2'))).toEqual([
      { line: 1, playerId: 'p1', name: 'Lobby', group: 'Campus / Hall', latitude: '52.5', longitude: '13.4' },
      { line: 2, playerId: 'p2', ...none },
    ]);
  });

  test('stand as the headings say, whatever else there is', () => {
    expect(deviceLines(parseTable('Group;Comment;Player ID;LAT\nHall;x;p1;1'))).toEqual([
      { line: 2, playerId: 'p1', ...none, group: 'Hall', latitude: '1' },
    ]);
    expect(deviceLines([])).toEqual([]);
    expect(deviceLines(parseTable('player_id'))).toEqual([]);
  });
});
