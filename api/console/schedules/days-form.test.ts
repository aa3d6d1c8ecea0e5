import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dayOfText } from '../../../protocol/schedule-calendar.ts';
import { compileTiming, timingProblems } from '../../../protocol/schedule-timing.ts';
import { daysOf, ORDINALS, ruleOf, WEEKEND, WORKDAYS, type DaysForm } from './days-form.ts';

const interval = fc.integer({ min: 1, max: 12 });
const sortedDays = fc
  .uniqueArray(fc.integer({ min: 1, max: 31 }), { maxLength: 5 })
  .map((days) => days.toSorted((a, b) => a - b));
const formed: fc.Arbitrary<DaysForm> = fc.oneof(
  fc.record({ kind: fc.constant('daily' as const), interval }),
  fc.record({
    kind: fc.constant('weekly' as const),
    weekdays: fc.subarray([0, 1, 2, 3, 4, 5, 6]),
    interval,
  }),
  fc.record({
    kind: fc.constant('monthDays' as const),
    days: fc.tuple(sortedDays, fc.boolean()).map(([days, last]) => (last ? [...days, -1] : days)),
    interval,
  }),
  fc.record({
    kind: fc.constant('monthWeekday' as const),
    ordinal: fc.constantFrom(...ORDINALS),
    weekday: fc.integer({ min: 0, max: 6 }),
    interval,
  }),
);

test('every form comes back from its rule as it was', () => {
  fc.assert(
    fc.property(formed, (form) => {
      expect(daysOf(ruleOf(form))).toEqual(form);
    }),
  );
});

test('every rule that the form takes names the same days when it is written anew', () => {
  const startDate = '2026-11-02';
  const rules = fc.constantFrom(
    'BYDAY=TU,MO;FREQ=WEEKLY',
    'FREQ=WEEKLY;INTERVAL=1;BYDAY=SU,SU,MO',
    'FREQ=MONTHLY;BYMONTHDAY=31,-1,1',
    'INTERVAL=2;FREQ=MONTHLY;BYDAY=-1FR',
    'FREQ=DAILY;INTERVAL=3',
  );
  const from = (dayOfText(startDate) ?? 0) * 86_400_000;
  const list = (rrule: string | undefined) => [
    ...compileTiming({ startDate, ...(rrule === undefined ? {} : { rrule }) }).occurrences(
      from,
      from + 400 * 86_400_000,
    ),
  ];
  fc.assert(
    fc.property(rules, (rule) => {
      const form = daysOf(rule);
      expect(form.kind).not.toBe('rule');
      expect(list(ruleOf(form))).toEqual(list(rule));
    }),
  );
});

test.each([
  'FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24',
  'FREQ=WEEKLY;COUNT=3;BYDAY=MO',
  'FREQ=WEEKLY;WKST=SU;BYDAY=MO',
  'FREQ=WEEKLY',
  'FREQ=MONTHLY;BYDAY=5MO',
  'FREQ=MONTHLY;BYDAY=1MO,3MO',
  'FREQ=MONTHLY;BYMONTHDAY=-2',
  'FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=FR',
  'FREQ=DAILY;INTERVAL=0',
  'FREQ=DAILY;FREQ=DAILY',
  'nonsense',
])('what the form cannot say stays a rule as it is written: %s', (rule) => {
  expect(daysOf(rule)).toEqual({ kind: 'rule', text: rule });
  expect(ruleOf(daysOf(rule))).toBe(rule);
});

test('workdays and the weekend are the whole week, and no days are a problem that is told', () => {
  expect([...WORKDAYS, ...WEEKEND]).toEqual([0, 1, 2, 3, 4, 5, 6]);
  const rrule = ruleOf({ kind: 'weekly', weekdays: [], interval: 1 }) ?? '';
  expect(timingProblems({ startDate: '2026-11-20', rrule })[0]?.field).toBe('timing.rrule');
});
