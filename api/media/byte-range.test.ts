import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { askedPart, isKnown, rangeStands } from './byte-range.ts';

describe('the part that a Range header asks for', () => {
  test.each([
    ['bytes=0-0', 10, { start: 0, end: 0 }],
    ['bytes=0-9', 10, { start: 0, end: 9 }],
    ['bytes=9-9', 10, { start: 9, end: 9 }],
    ['bytes=3-', 10, { start: 3, end: 9 }],
    ['bytes=3-99', 10, { start: 3, end: 9 }],
    [`bytes=3-${'9'.repeat(400)}`, 10, { start: 3, end: 9 }],
    ['bytes=-1', 10, { start: 9, end: 9 }],
    ['bytes=-10', 10, { start: 0, end: 9 }],
    ['bytes=-11', 10, { start: 0, end: 9 }],
    [`bytes=-${'9'.repeat(400)}`, 10, { start: 0, end: 9 }],
    ['Bytes= 2-4 ', 10, { start: 2, end: 4 }],
  ])('%s of %i bytes', (header, size, part) => {
    expect(askedPart(header, size)).toEqual(part);
  });

  test.each([
    ['bytes=10-', 10],
    ['bytes=10-10', 10],
    [`bytes=${'9'.repeat(400)}-`, 10],
    ['bytes=-0', 10],
    ['bytes=-0', 0],
    ['bytes=0-', 0],
    ['bytes=0-0', 0],
  ])('%s is beyond the end of %i bytes', (header, size) => {
    expect(askedPart(header, size)).toBe('beyond');
  });

  test.each([
    [undefined, 10],
    ['', 10],
    ['bytes', 10],
    ['bytes=', 10],
    ['bytes=-', 10],
    ['bytes=5-4', 10],
    ['bytes=a-b', 10],
    ['bytes=0-4x', 10],
    ['bytes=0x0-4', 10],
    ['bytes=1e0-4', 10],
    ['bytes=+1-4', 10],
    ['bytes=0-1,5-6', 10],
    ['bytes=0-1, 5-6', 10],
    ['bytes=,0-1', 10],
    ['items=0-1', 10],
    ['bytes 0-1', 10],
    ['bytes=-5', 0],
  ])('%s of %i bytes means the whole', (header, size) => {
    expect(askedPart(header, size)).toBe('whole');
  });

  test('whatever is asked for, a part lies within the object', () => {
    const range = fc.oneof(
      fc.stringMatching(/^bytes=\d{0,3}-\d{0,3}$/),
      fc.string().map((text) => `bytes=${text}`),
    );
    fc.assert(
      fc.property(range, fc.nat(1_000), (header, size) => {
        const part = askedPart(header, size);
        if (typeof part === 'string') return;
        expect(part.start).toBeGreaterThanOrEqual(0);
        expect(part.end).toBeGreaterThanOrEqual(part.start);
        expect(part.end).toBeLessThan(size);
      }),
    );
  });
});

describe('conditions', () => {
  test('a range stands without If-Range, and with it only for the very tag', () => {
    expect(rangeStands(undefined, '"a"')).toBe(true);
    expect(rangeStands('"a"', '"a"')).toBe(true);
    for (const other of ['"b"', 'W/"a"', 'a', '', 'Fri, 20 Nov 2026 09:00:00 GMT', '"a", "b"']) {
      expect([other, rangeStands(other, '"a"')]).toEqual([other, false]);
    }
  });

  test('If-None-Match knows the tag alone, in a list, weakly, and as a star', () => {
    for (const header of ['"a"', 'W/"a"', '"b", "a"', '"b",W/"a"', ' * ', '"b"  ,  "a"']) {
      expect([header, isKnown(header, '"a"')]).toEqual([header, true]);
    }
    for (const header of [undefined, '', '"b"', 'a', '"A"', '"ab"', '"b, a"', '"*"']) {
      expect([header, isKnown(header, '"a"')]).toEqual([header, false]);
    }
  });
});
