import { expect, test } from 'vitest';
import { laterReport, type ScheduleReport } from './schedule-report.ts';

const word = (version: number, state: ScheduleReport['state'], reason: string | null = null): ScheduleReport => ({
  version,
  state,
  reason,
});

test('words of a newer manifest stand, those of an older one change nothing', () => {
  expect(laterReport(word(5, 'applied'), word(6, 'received'))).toEqual(word(6, 'received'));
  expect(laterReport(word(5, 'failed', 'full'), word(6, 'received'))).toEqual(word(6, 'received'));
  expect(laterReport(word(5, 'received'), word(4, 'failed', 'late'))).toEqual(word(5, 'received'));
});

test('of one manifest `received` takes nothing back, and applied and failed replace each other', () => {
  const states = ['received', 'applied', 'failed'] as const;
  const outcome = states.map((held) => states.map((said) => laterReport(word(5, held), word(5, said))?.state));
  expect(outcome).toEqual([
    ['received', 'applied', 'failed'],
    ['applied', 'applied', 'failed'],
    ['failed', 'applied', 'failed'],
  ]);
});

test('a repeat keeps the first reason, and nothing said keeps all', () => {
  const first = word(5, 'failed', 'full');
  expect(laterReport(first, word(5, 'failed', 'still full'))).toBe(first);
  expect(laterReport(first, null)).toBe(first);
  expect(laterReport(null, first)).toBe(first);
  expect(laterReport(null, null)).toBeNull();
});
