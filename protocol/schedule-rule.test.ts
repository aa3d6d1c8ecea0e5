/** Days of recurrence rules: RFC 5545's own examples, a walker over Temporal's calendar, and another library. */
import fc from 'fast-check';
import { RRuleTemporal } from 'rrule-temporal';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, test } from 'vitest';
import { DAY_MAX, DAY_MS, dayOfText, weekNumberOf } from './schedule-calendar.ts';
import { COUNT_MAX, daysOfRule, INTERVAL_MAX, parseRule, type Rule } from './schedule-rule.ts';

function textOfDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** The first `most` days of a rule up to a day. */
function named(rule: string, start: string, until: string, most = 1_000): string[] {
  const days = daysOfRule(parseRule(rule), dayOfText(start)!);
  const found: string[] = [];
  for (let day = dayOfText(start)!; day <= dayOfText(until)! && found.length < most; day += 1)
    if (days.isNamed(day)) found.push(textOfDay(day));
  return found;
}

describe('examples of RFC 5545, section 3.8.5.3', () => {
  test.each([
    ['FREQ=DAILY;COUNT=10', '1997-09-02', ['1997-09-02', '1997-09-03', '1997-09-04', '1997-09-05', '1997-09-06']],
    [
      'FREQ=DAILY;INTERVAL=10;COUNT=5',
      '1997-09-02',
      ['1997-09-02', '1997-09-12', '1997-09-22', '1997-10-02', '1997-10-12'],
    ],
    [
      'FREQ=WEEKLY;INTERVAL=2;WKST=SU',
      '1997-09-02',
      ['1997-09-02', '1997-09-16', '1997-09-30', '1997-10-14', '1997-10-28'],
    ],
    [
      'FREQ=WEEKLY;UNTIL=19971007;WKST=SU;BYDAY=TU,TH',
      '1997-09-02',
      ['1997-09-02', '1997-09-04', '1997-09-09', '1997-09-11', '1997-09-16'],
    ],
    [
      'FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO',
      '1997-08-05',
      ['1997-08-05', '1997-08-10', '1997-08-19', '1997-08-24'],
    ],
    [
      'FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU',
      '1997-08-05',
      ['1997-08-05', '1997-08-17', '1997-08-19', '1997-08-31'],
    ],
    [
      'FREQ=MONTHLY;COUNT=10;BYDAY=1FR',
      '1997-09-05',
      ['1997-09-05', '1997-10-03', '1997-11-07', '1997-12-05', '1998-01-02'],
    ],
    [
      'FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU',
      '1997-09-07',
      ['1997-09-07', '1997-09-28', '1997-11-02', '1997-11-30', '1998-01-04'],
    ],
    [
      'FREQ=MONTHLY;COUNT=6;BYDAY=-2MO',
      '1997-09-22',
      ['1997-09-22', '1997-10-20', '1997-11-17', '1997-12-22', '1998-01-19'],
    ],
    [
      'FREQ=MONTHLY;BYMONTHDAY=-3',
      '1997-09-28',
      ['1997-09-28', '1997-10-29', '1997-11-28', '1997-12-29', '1998-01-29'],
    ],
    [
      'FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1',
      '1997-09-30',
      ['1997-09-30', '1997-10-01', '1997-10-31', '1997-11-01', '1997-11-30'],
    ],
    [
      'FREQ=YEARLY;COUNT=10;BYMONTH=6,7',
      '1997-06-10',
      ['1997-06-10', '1997-07-10', '1998-06-10', '1998-07-10', '1999-06-10'],
    ],
    [
      'FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200',
      '1997-01-01',
      ['1997-01-01', '1997-04-10', '1997-07-19', '2000-01-01', '2000-04-09'],
    ],
    ['FREQ=YEARLY;BYDAY=20MO', '1997-05-19', ['1997-05-19', '1998-05-18', '1999-05-17', '2000-05-15', '2001-05-14']],
    [
      'FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO',
      '1997-05-12',
      ['1997-05-12', '1998-05-11', '1999-05-17', '2000-05-15', '2001-05-14'],
    ],
    [
      'FREQ=YEARLY;BYMONTH=3;BYDAY=TH',
      '1997-03-13',
      ['1997-03-13', '1997-03-20', '1997-03-27', '1998-03-05', '1998-03-12'],
    ],
    [
      'FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13',
      '1997-09-02',
      ['1998-02-13', '1998-03-13', '1998-11-13', '1999-08-13', '2000-10-13'],
    ],
    [
      'FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8',
      '1996-11-05',
      ['1996-11-05', '2000-11-07', '2004-11-02', '2008-11-04', '2012-11-06'],
    ],
    ['FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3', '1997-09-04', ['1997-09-04', '1997-10-07', '1997-11-06']],
    [
      'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2',
      '1997-09-29',
      ['1997-09-29', '1997-10-30', '1997-11-27', '1997-12-30', '1998-01-29'],
    ],
    [
      'FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5',
      '2007-01-15',
      ['2007-01-15', '2007-01-30', '2007-02-15', '2007-03-15', '2007-03-30'],
    ],
    [
      'FREQ=YEARLY;BYMONTH=4;BYDAY=1SU',
      '1997-04-06',
      ['1997-04-06', '1998-04-05', '1999-04-04', '2000-04-02', '2001-04-01'],
    ],
    [
      'FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU',
      '1997-10-26',
      ['1997-10-26', '1998-10-25', '1999-10-31', '2000-10-29', '2001-10-28'],
    ],
  ])('%s from %s', (rule, start, wanted) => {
    expect(named(rule, start, '2020-12-31', 5)).toEqual(wanted);
  });
});

test('a leap day comes in leap years, and the 31st in months that have one', () => {
  expect(named('FREQ=YEARLY', '2024-02-29', '2036-12-31')).toEqual([
    '2024-02-29',
    '2028-02-29',
    '2032-02-29',
    '2036-02-29',
  ]);
  expect(named('FREQ=MONTHLY', '2026-01-31', '2026-07-31')).toEqual([
    '2026-01-31',
    '2026-03-31',
    '2026-05-31',
    '2026-07-31',
  ]);
  expect(named('FREQ=YEARLY;BYYEARDAY=-1', '2023-12-31', '2025-12-31')).toEqual([
    '2023-12-31',
    '2024-12-31',
    '2025-12-31',
  ]);
});

test('UNTIL is included; COUNT ends with its last day; nothing is named before the start', () => {
  expect(named('FREQ=DAILY;UNTIL=20260103', '2026-01-01', '2026-02-01')).toEqual([
    '2026-01-01',
    '2026-01-02',
    '2026-01-03',
  ]);
  expect(daysOfRule(parseRule('FREQ=WEEKLY;COUNT=3'), dayOfText('2026-01-01')!).last).toBe(dayOfText('2026-01-15'));
  expect(daysOfRule(parseRule('FREQ=DAILY'), dayOfText('2026-01-02')!).isNamed(dayOfText('2026-01-01')!)).toBe(false);
});

test('a rule that never comes, or takes great steps, ends at the end of all schedules', () => {
  const never = daysOfRule(parseRule(`FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=${COUNT_MAX}`), 0);
  expect(never.last).toBe(DAY_MAX);
  expect(named(`FREQ=YEARLY;INTERVAL=${INTERVAL_MAX}`, '1970-01-01', '2199-12-31')).toEqual(['1970-01-01']);
});

describe('refusals', () => {
  test.each([
    ['', 'is not of the form'],
    ['RRULE:FREQ=DAILY', 'RRULE:FREQ'],
    ['FREQ=DAILY;', 'is not of the form'],
    ['INTERVAL=2', 'has no FREQ'],
    ['FREQ=HOURLY', 'FREQ that is not one of DAILY'],
    ['FREQ=DAILY;BYHOUR=9', 'use windows'],
    ['FREQ=DAILY;RSCALE=HEBREW', 'RSCALE'],
    ['FREQ=DAILY;FREQ=DAILY', 'twice'],
    ['FREQ=DAILY;INTERVAL=0', 'INTERVAL'],
    [`FREQ=DAILY;INTERVAL=${INTERVAL_MAX + 1}`, 'INTERVAL'],
    [`FREQ=DAILY;COUNT=${COUNT_MAX + 1}`, 'COUNT'],
    ['FREQ=DAILY;COUNT=1e3', 'COUNT'],
    ['FREQ=DAILY;COUNT=2;UNTIL=20260101', 'both COUNT and UNTIL'],
    ['FREQ=DAILY;UNTIL=20260101T000000Z', 'UNTIL that is not a date'],
    ['FREQ=DAILY;UNTIL=20260230', 'UNTIL that no calendar has'],
    ['FREQ=DAILY;BYMONTH=13', 'BYMONTH'],
    ['FREQ=DAILY;BYMONTH=-1', 'BYMONTH'],
    ['FREQ=MONTHLY;BYMONTHDAY=0', 'BYMONTHDAY'],
    ['FREQ=WEEKLY;BYMONTHDAY=1', 'BYMONTHDAY'],
    ['FREQ=MONTHLY;BYYEARDAY=1', 'BYYEARDAY'],
    ['FREQ=MONTHLY;BYWEEKNO=1;BYDAY=MO', 'BYWEEKNO'],
    ['FREQ=YEARLY;BYWEEKNO=1', 'without BYDAY'],
    ['FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO', 'beside BYWEEKNO'],
    ['FREQ=WEEKLY;BYDAY=2MO', 'BYDAY with a number'],
    ['FREQ=WEEKLY;BYDAY=XX', 'BYDAY'],
    ['FREQ=MONTHLY;BYDAY=0MO', 'BYDAY'],
    ['FREQ=MONTHLY;BYSETPOS=1', 'BYSETPOS without'],
    ['FREQ=DAILY;WKST=2', 'WKST'],
  ])('%s', (rule, words) => {
    expect(() => parseRule(rule)).toThrow(words);
  });
});

const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const some = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.uniqueArray(values, { minLength: 1, maxLength: 4 });
const signed = (max: number) => fc.integer({ min: 1, max }).chain((n) => fc.constantFrom(n, -n));
const option = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(values, { freq: 1, nil: null });

/** Rules as text; those that the parser refuses are left out. */
const rules = fc
  .record({
    FREQ: fc.constantFrom('DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'),
    INTERVAL: option(fc.integer({ min: 1, max: 5 })),
    COUNT: option(fc.integer({ min: 1, max: 40 })),
    WKST: option(fc.constantFrom(...weekdays)),
    BYMONTH: option(some(fc.integer({ min: 1, max: 12 }))),
    BYWEEKNO: option(some(signed(53))),
    BYYEARDAY: option(some(signed(366))),
    BYMONTHDAY: option(some(signed(31))),
    BYDAY: option(
      fc.oneof(
        some(fc.constantFrom(...weekdays)),
        some(fc.tuple(signed(5), fc.constantFrom(...weekdays)).map(([n, day]) => `${n}${day}`)),
      ),
    ),
    BYSETPOS: option(some(signed(3))),
  })
  .map((parts) =>
    Object.entries(parts)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${name}=${String(value)}`)
      .join(';'),
  )
  .filter((text) => {
    try {
      return parseRule(text) !== null;
    } catch {
      return false;
    }
  });
const starts = fc.integer({ min: dayOfText('2019-12-01')!, max: dayOfText('2024-03-05')! }).map(textOfDay);

/** RFC 5545 read once more, over Temporal's calendar: every day of each period is asked, COUNT is a counter. */
function walked(rule: Rule, start: string, until: string): string[] {
  const first = Temporal.PlainDate.from(start);
  const listed = (list: readonly number[] | null, value: number, total: number): boolean =>
    list === null || list.some((wanted) => (wanted > 0 ? wanted === value : total + 1 + wanted === value));
  const weekBegin = (date: Temporal.PlainDate) =>
    date.subtract({ days: (date.dayOfWeek - 1 - rule.weekStart + 7) % 7 });
  const periodBegin = (date: Temporal.PlainDate): Temporal.PlainDate => {
    if (rule.frequency === 'DAILY') return date;
    if (rule.frequency === 'WEEKLY') return weekBegin(date);
    return rule.frequency === 'MONTHLY' ? date.with({ day: 1 }) : date.with({ day: 1, month: 1 });
  };
  const step = { DAILY: { days: 1 }, WEEKLY: { weeks: 1 }, MONTHLY: { months: 1 }, YEARLY: { years: 1 } }[
    rule.frequency
  ];
  const isBare = [rule.weekNumbers, rule.yearDays, rule.monthDays, rule.weekdays].every((part) => part === null);
  const weekOfYear = (date: Temporal.PlainDate): [number, number] => {
    // The year of a week is the year of its fourth day; counted by walking from that year's first such week.
    const fourth = weekBegin(date).add({ days: 3 });
    const total = (year: number) => {
      let count = 0;
      for (
        let at = weekBegin(Temporal.PlainDate.from({ year, month: 1, day: 4 }));
        at.add({ days: 3 }).year === year;
        at = at.add({ weeks: 1 })
      )
        count += 1;
      return count;
    };
    return [Math.ceil(fourth.dayOfYear / 7), total(fourth.year)];
  };
  const passes = (date: Temporal.PlainDate): boolean => {
    if (isBare && rule.frequency === 'WEEKLY' && date.dayOfWeek !== first.dayOfWeek) return false;
    if (isBare && (rule.frequency === 'MONTHLY' || rule.frequency === 'YEARLY') && date.day !== first.day) return false;
    if (isBare && rule.frequency === 'YEARLY' && rule.months === null && date.month !== first.month) return false;
    if (!listed(rule.months, date.month, 12) || !listed(rule.monthDays, date.day, date.daysInMonth)) return false;
    if (!listed(rule.yearDays, date.dayOfYear, date.daysInYear)) return false;
    if (rule.weekNumbers !== null && !listed(rule.weekNumbers, ...weekOfYear(date))) return false;
    const ofYear = rule.frequency === 'YEARLY' && rule.months === null;
    const [index, length] = ofYear ? [date.dayOfYear, date.daysInYear] : [date.day, date.daysInMonth];
    return (
      rule.weekdays === null ||
      rule.weekdays.some(({ ordinal, weekday }) => {
        if (weekday !== date.dayOfWeek - 1) return false;
        if (ordinal === 0) return true;
        return ordinal > 0 ? Math.ceil(index / 7) === ordinal : Math.ceil((length - index + 1) / 7) === -ordinal;
      })
    );
  };
  const found: string[] = [];
  const end = Temporal.PlainDate.from(until);
  for (let begin = periodBegin(first); Temporal.PlainDate.compare(begin, end) <= 0;) {
    const next = begin.add(step);
    let set: Temporal.PlainDate[] = [];
    for (let at = begin; Temporal.PlainDate.compare(at, next) < 0; at = at.add({ days: 1 }))
      if (passes(at)) set.push(at);
    const size = set.length;
    if (rule.positions !== null) set = set.filter((_, index) => listed(rule.positions, index + 1, size));
    for (const date of set) {
      if (Temporal.PlainDate.compare(date, first) < 0 || Temporal.PlainDate.compare(date, end) > 0) continue;
      if (rule.count !== null && found.length >= rule.count) return found;
      found.push(date.toString());
    }
    for (let skip = 0; skip < rule.interval; skip += 1) begin = begin.add(step);
  }
  return found;
}

test('property: the days are those of a walk over the periods', () => {
  fc.assert(
    fc.property(rules, starts, (text, start) => {
      expect(named(text, start, '2025-12-31')).toEqual(walked(parseRule(text), start, '2025-12-31').slice(0, 1_000));
    }),
    { numRuns: 60 },
  );
});

test('property: the days are those of rrule-temporal', () => {
  fc.assert(
    fc.property(rules, starts, (text, start) => {
      const other = new RRuleTemporal({
        rruleString: `DTSTART;TZID=UTC:${start.replaceAll('-', '')}T000000\nRRULE:${text}`,
        maxIterations: 1_000_000,
      });
      const between = other.between(new Date(`${start}T00:00:00Z`), new Date('2025-12-31T00:00:00Z'), true);
      expect(named(text, start, '2025-12-31', 5_000)).toEqual(between.map((at) => at.toPlainDate().toString()));
    }),
    { numRuns: 60 },
  );
});

test('weeks are those of ISO 8601 when they begin on Monday', () => {
  const differing: string[] = [];
  for (let day = dayOfText('2015-12-20')!; day < dayOfText('2032-01-15')!; day += 1) {
    const date = textOfDay(day);
    if (weekNumberOf(day, 0).number !== Temporal.PlainDate.from(date).weekOfYear) differing.push(date);
  }
  expect(differing).toEqual([]);
});
