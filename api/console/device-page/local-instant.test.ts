import { expect, test } from 'vitest';
import { instantOf, localOf } from './local-instant.ts';

test('a minute goes to the field and back', () => {
  for (const iso of ['2026-01-05T08:30:00.000Z', '2026-07-31T22:05:00.000Z', '2028-02-29T00:00:00.000Z'])
    expect(instantOf(localOf(iso))).toBe(iso);
  expect(localOf(new Date(2026, 2, 4, 5, 6).toISOString())).toBe('2026-03-04T05:06');
});

test('what is not a time is none', () => {
  expect(instantOf('')).toBeNull();
  expect(instantOf('2026-13-40T00:00')).toBeNull();
});
