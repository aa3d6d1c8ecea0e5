/** When a schedule is active: days, windows, clock changes of real zones, and whatever zone the process has. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Compile } from 'typebox/compile';
import { describe, expect, test } from 'vitest';
import {
  activeAt,
  compileTiming,
  HORIZON_MS,
  occurrences,
  timingProblems,
  type Occurrence,
} from './schedule-timing.ts';
import { isTimeZone, zoneSpanAt } from './schedule-zone.ts';
import { TimingInput, type Timing } from './schedule.ts';

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString().slice(0, 16));
const at = (text: string): number => Date.parse(`${text}:00Z`);

/** Occurrences between two UTC days as `from..to`, to the minute. */
function spans(timing: Timing, from: string, to: string, zone?: string): string[] {
  const list = [...occurrences(timing, Date.parse(from), Date.parse(to), zone)];
  return list.map(({ startMs, endMs }) => `${iso(startMs)}..${iso(endMs)}`);
}

describe('days and windows', () => {
  test('an empty timing is always active', () => {
    expect(activeAt({}, at('2026-11-20T09:00'))).toEqual({ active: true, until: null });
  });

  test('dates are days of the zone: both ends included', () => {
    const timing: Timing = { timezone: 'Asia/Kathmandu', startDate: '2026-11-20', endDate: '2026-11-21' };
    expect(spans(timing, '2026-11-01', '2026-12-01')).toEqual(['2026-11-19T18:15..2026-11-21T18:15']);
    expect(activeAt(timing, at('2026-11-19T18:14'))).toEqual({ active: false, until: at('2026-11-19T18:15') });
    expect(activeAt(timing, at('2026-11-21T18:14'))).toEqual({ active: true, until: at('2026-11-21T18:15') });
    expect(activeAt(timing, at('2026-11-21T18:15'))).toEqual({ active: false, until: null });
  });

  test('a start without an end goes on for ever', () => {
    expect(activeAt({ startDate: '2026-11-20' }, at('2026-11-20T00:00'))).toEqual({ active: true, until: null });
    const excluded: Timing = { excludedDates: ['2026-11-21'] };
    expect(activeAt(excluded, at('2026-11-20T00:00'))).toEqual({ active: true, until: at('2026-11-21T00:00') });
    expect(activeAt(excluded, at('2026-11-22T00:00'))).toEqual({ active: true, until: null });
  });

  test('a window over midnight belongs to the day it starts on', () => {
    const timing: Timing = {
      startDate: '2026-11-16',
      rrule: 'FREQ=WEEKLY;BYDAY=FR',
      windows: [{ start: '22:00', end: '02:00' }],
    };
    expect(spans(timing, '2026-11-16', '2026-11-30')).toEqual([
      '2026-11-20T22:00..2026-11-21T02:00',
      '2026-11-27T22:00..2026-11-28T02:00',
    ]);
    expect(activeAt({ ...timing, endDate: '2026-11-20' }, at('2026-11-21T01:59')).active).toBe(true);
    expect(activeAt({ ...timing, excludedDates: ['2026-11-20'] }, at('2026-11-21T01:59')).active).toBe(false);
    expect(activeAt({ ...timing, excludedDates: ['2026-11-21'] }, at('2026-11-21T01:59')).active).toBe(true);
  });

  test('windows that touch are one, over midnight and between days, too', () => {
    const touching: Timing = {
      windows: [
        { start: '12:00', end: '24:00' },
        { start: '08:00', end: '12:00' },
      ],
    };
    expect(spans(touching, '2026-11-20', '2026-11-21')).toEqual(['2026-11-20T08:00..2026-11-21T00:00']);
    const night: Timing = {
      windows: [
        { start: '20:00', end: '00:00' },
        { start: '00:00', end: '04:00' },
      ],
    };
    expect(activeAt(night, at('2026-11-20T21:00'))).toEqual({ active: true, until: at('2026-11-21T04:00') });
    const tail: Timing = {
      windows: [
        { start: '22:00', end: '06:00' },
        { start: '05:00', end: '07:00' },
      ],
    };
    expect(timingProblems(tail)).toEqual([]);
    expect(spans(tail, '2026-11-20', '2026-11-21')[0]).toBe('2026-11-20T00:00..2026-11-20T07:00');
  });

  test('occurrences are cut at both ends of the range, and the range at the horizon', () => {
    expect(spans({}, '2026-11-20', '2026-11-21')).toEqual(['2026-11-20T00:00..2026-11-21T00:00']);
    expect(spans({}, '2026-11-21', '2026-11-20')).toEqual([]);
    const [far] = [...occurrences({}, at('2026-11-20T00:00'), at('2190-01-01T00:00'))] as [Occurrence];
    expect(far.endMs - far.startMs).toBe(HORIZON_MS);
  });

  test('excluded days of a COUNT are counted', () => {
    const timing: Timing = { startDate: '2026-11-20', rrule: 'FREQ=DAILY;COUNT=3', excludedDates: ['2026-11-21'] };
    expect(spans(timing, '2026-11-01', '2026-12-01')).toEqual([
      '2026-11-20T00:00..2026-11-21T00:00',
      '2026-11-22T00:00..2026-11-23T00:00',
    ]);
    expect(activeAt(timing, at('2026-11-30T00:00'))).toEqual({ active: false, until: null });
  });

  test('what lies past the horizon is asked again there', () => {
    const rare: Timing = { startDate: '2020-06-01', rrule: 'FREQ=YEARLY;INTERVAL=20' };
    const now = at('2026-11-20T00:00');
    expect(activeAt(rare, now)).toEqual({ active: false, until: now + HORIZON_MS });
    expect(activeAt({ ...rare, endDate: '2033-01-01' }, now)).toEqual({ active: false, until: now + HORIZON_MS });
    expect(activeAt({ ...rare, endDate: '2031-01-01' }, now)).toEqual({ active: false, until: null });
    const daily: Timing = { startDate: '2020-06-01', rrule: 'FREQ=DAILY' };
    expect(activeAt(daily, now)).toEqual({ active: true, until: now + HORIZON_MS });
  });

  test('an instant outside 1970 to 2199 is taken for the nearest one inside, in every zone', () => {
    expect(activeAt({}, -1, 'America/New_York')).toEqual({ active: true, until: null });
    expect(activeAt({}, Date.UTC(2300, 0, 1), 'Pacific/Kiritimati')).toEqual({ active: true, until: null });
    expect(activeAt({ startDate: '2026-01-01' }, -1).active).toBe(false);
    expect([...occurrences({}, -5, 0)]).toEqual([]);
  });
});

describe('clock changes', () => {
  const every = (start: string, end: string, timezone: string): Timing => ({ timezone, windows: [{ start, end }] });

  test('Europe/Berlin, spring: 02:00 to 03:00 is skipped', () => {
    const [from, to] = ['2026-03-28T12:00Z', '2026-03-29T12:00Z'];
    expect(spans(every('02:15', '02:45', 'Europe/Berlin'), from, to)).toEqual([]);
    expect(spans(every('02:00', '03:00', 'Europe/Berlin'), from, to)).toEqual([]);
    expect(spans(every('02:30', '04:00', 'Europe/Berlin'), from, to)).toEqual(['2026-03-29T01:00..2026-03-29T02:00']);
    expect(spans(every('01:00', '02:30', 'Europe/Berlin'), from, to)).toEqual(['2026-03-29T00:00..2026-03-29T01:00']);
    expect(spans(every('22:00', '06:00', 'Europe/Berlin'), from, to)).toEqual(['2026-03-28T21:00..2026-03-29T04:00']);
  });

  test('Europe/Berlin, autumn: 02:00 to 03:00 comes twice', () => {
    const [from, to] = ['2026-10-24T12:00Z', '2026-10-25T12:00Z'];
    expect(spans(every('02:15', '02:45', 'Europe/Berlin'), from, to)).toEqual([
      '2026-10-25T00:15..2026-10-25T00:45',
      '2026-10-25T01:15..2026-10-25T01:45',
    ]);
    expect(spans(every('02:00', '03:00', 'Europe/Berlin'), from, to)).toEqual(['2026-10-25T00:00..2026-10-25T02:00']);
    expect(spans(every('22:00', '02:30', 'Europe/Berlin'), from, to)).toEqual([
      '2026-10-24T20:00..2026-10-25T00:30',
      '2026-10-25T01:00..2026-10-25T01:30',
    ]);
  });

  test('America/New_York: a day of 23 and one of 25 hours', () => {
    const day = (date: string): Timing => ({ timezone: 'America/New_York', startDate: date, endDate: date });
    expect(spans(day('2026-03-08'), '2026-03-01', '2026-04-01')).toEqual(['2026-03-08T05:00..2026-03-09T04:00']);
    expect(spans(day('2026-11-01'), '2026-10-20', '2026-11-20')).toEqual(['2026-11-01T04:00..2026-11-02T05:00']);
  });

  test('Australia/Lord_Howe moves by half an hour', () => {
    const zone = 'Australia/Lord_Howe';
    expect(spans(every('02:00', '02:30', zone), '2025-10-04T12:00Z', '2025-10-05T12:00Z')).toEqual([]);
    expect(spans(every('01:30', '02:00', zone), '2025-04-05T12:00Z', '2025-04-06T12:00Z')).toEqual([
      '2025-04-05T14:30..2025-04-05T15:30',
    ]);
  });

  test('Africa/Casablanca goes back for Ramadan', () => {
    const noon = every('12:00', '13:00', 'Africa/Casablanca');
    expect(spans(noon, '2024-03-09', '2024-03-12')).toEqual([
      '2024-03-09T11:00..2024-03-09T12:00',
      '2024-03-10T12:00..2024-03-10T13:00',
      '2024-03-11T12:00..2024-03-11T13:00',
    ]);
    expect(spans(noon, '2024-04-13', '2024-04-15')).toEqual([
      '2024-04-13T12:00..2024-04-13T13:00',
      '2024-04-14T11:00..2024-04-14T12:00',
    ]);
  });

  test('Pacific/Apia had no 30 December 2011', () => {
    const day = (date: string): Timing => ({ timezone: 'Pacific/Apia', startDate: date, endDate: date });
    expect(spans(day('2011-12-29'), '2011-12-20', '2012-01-10')).toEqual(['2011-12-29T10:00..2011-12-30T10:00']);
    expect(spans(day('2011-12-30'), '2011-12-20', '2012-01-10')).toEqual([]);
    expect(spans(day('2011-12-31'), '2011-12-20', '2012-01-10')).toEqual(['2011-12-30T10:00..2011-12-31T10:00']);
    const night: Timing = { ...day('2011-12-29'), windows: [{ start: '22:00', end: '02:00' }] };
    expect(spans(night, '2011-12-20', '2012-01-10')).toEqual(['2011-12-30T08:00..2011-12-30T10:00']);
  });

  test('America/Havana goes back at midnight: the last hour of the day before comes again', () => {
    const saturday: Timing = { timezone: 'America/Havana', startDate: '2025-11-01', endDate: '2025-11-01' };
    const sunday: Timing = { timezone: 'America/Havana', startDate: '2025-11-02', endDate: '2025-11-02' };
    expect(spans(saturday, '2025-10-30', '2025-11-05')).toEqual(['2025-11-01T04:00..2025-11-02T04:00']);
    expect(spans(sunday, '2025-10-30', '2025-11-05')).toEqual(['2025-11-02T04:00..2025-11-03T05:00']);
  });
});

describe('zones', () => {
  const nine: Timing = { windows: [{ start: '09:00', end: '10:00' }] };

  test("without one the device's counts, and without that UTC", () => {
    expect(compileTiming(nine, 'Asia/Tokyo').zone).toBe('Asia/Tokyo');
    expect(compileTiming({ ...nine, timezone: 'Europe/Berlin' }, 'Asia/Tokyo').zone).toBe('Europe/Berlin');
    expect(compileTiming(nine).zone).toBe('UTC');
    expect(spans(nine, '2026-11-20', '2026-11-21', 'Asia/Tokyo')).toEqual(['2026-11-20T00:00..2026-11-20T01:00']);
  });

  test('one that this runtime does not know is as if it were not there', () => {
    expect(compileTiming({ ...nine, timezone: 'Mars/Olympus' }, 'Asia/Tokyo').zone).toBe('Asia/Tokyo');
    expect(compileTiming(nine, 'Mars/Olympus').zone).toBe('UTC');
    expect(['Europe/Berlin', 'UTC', 'Etc/GMT+1'].map(isTimeZone)).toEqual([true, true, true]);
    expect(['+01:00', 'Mars/Olympus', ''].map(isTimeZone)).toEqual([false, false, false]);
  });

  test('a clock change belongs to the span that it begins', () => {
    const [change, zone] = [at('2024-03-10T09:00'), 'America/Denver'];
    const after = { startMs: change, endMs: at('2024-11-03T08:00'), offsetMs: -6 * 3_600_000 };
    expect(zoneSpanAt(zone, change)).toEqual(after);
    expect(zoneSpanAt(zone, change - 1)).toMatchObject({ endMs: change, offsetMs: -7 * 3_600_000 });
    expect(zoneSpanAt(zone, change + 1)).toEqual(after);
  });

  test('many zones and many years are answered after more than are remembered', () => {
    const zones = Intl.supportedValuesOf('timeZone').slice(0, 70);
    const before = zones.map((zone) => zoneSpanAt(zone, at('2026-01-15T00:00')).offsetMs);
    expect(zones.map((zone) => zoneSpanAt(zone, at('2026-01-15T00:00')).offsetMs)).toEqual(before);
    for (let year = 1990; year < 2030; year += 1) {
      expect(zoneSpanAt('Europe/Berlin', Date.UTC(year, 0, 15)).offsetMs).toBe(3_600_000);
      expect(zoneSpanAt('Europe/Berlin', Date.UTC(year, 6, 15)).offsetMs).toBe(7_200_000);
    }
  });
});

describe('problems', () => {
  const valid = Compile(TimingInput);

  test.each<[Timing, string[]]>([
    [{}, []],
    [{ timezone: 'Mars/Olympus' }, ['timing.timezone']],
    [{ startDate: '2026-02-30', endDate: '2026-04-31' }, ['timing.startDate', 'timing.endDate']],
    [{ startDate: '1969-12-31' }, ['timing.startDate']],
    [{ startDate: '2026-11-21', endDate: '2026-11-20' }, ['timing.endDate']],
    [{ startDate: '2026-11-20', endDate: '2026-11-20' }, []],
    [{ excludedDates: ['2026-11-20', '2027-02-29'] }, ['timing.excludedDates[1]']],
    [{ rrule: 'FREQ=WEEKLY;BYDAY=MO' }, ['timing.startDate']],
    [{ rrule: 'FREQ=HOURLY', startDate: '2026-11-20' }, ['timing.rrule']],
    [{ rrule: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', startDate: '2026-11-20' }, ['timing.rrule']],
    [{ rrule: 'FREQ=DAILY;UNTIL=20261119', startDate: '2026-11-20' }, ['timing.rrule']],
    [{ rrule: 'FREQ=WEEKLY;BYDAY=MO', startDate: '2026-11-17', endDate: '2026-11-22' }, ['timing.rrule']],
    [{ rrule: 'FREQ=DAILY;COUNT=1', startDate: '2026-11-20', excludedDates: ['2026-11-20'] }, ['timing.rrule']],
    [{ startDate: '2026-11-20', endDate: '2026-11-20', excludedDates: ['2026-11-20'] }, ['timing.excludedDates']],
    [{ windows: [{ start: '24:00', end: '06:00' }] }, ['timing.windows[0].start']],
    [{ windows: [{ start: '06:00', end: '06:00' }] }, ['timing.windows[0].end']],
    [{ windows: [{ start: '00:00', end: '24:00' }] }, []],
    [
      {
        windows: [
          { start: '08:00', end: '12:00' },
          { start: '12:00', end: '13:00' },
        ],
      },
      [],
    ],
    [
      {
        windows: [
          { start: '08:00', end: '12:00' },
          { start: '11:59', end: '13:00' },
        ],
      },
      ['timing.windows[1]'],
    ],
    [
      {
        windows: [
          { start: '23:00', end: '23:30' },
          { start: '22:00', end: '02:00' },
        ],
      },
      ['timing.windows[1]'],
    ],
  ])('%j', (timing, fields) => {
    expect(valid.Check(timing)).toBe(true);
    expect(timingProblems(timing).map(({ field }) => field)).toEqual(fields);
  });

  test('say in words what is wrong', () => {
    expect(timingProblems({ rrule: 'FREQ=WEEKLY;BYDAY=MO;BYHOUR=9', startDate: '2026-11-20' })).toEqual([
      { field: 'timing.rrule', message: 'names times of day by BYHOUR: use windows' },
    ]);
  });

  test('a timing that has them is never active and throws nothing', () => {
    const now = at('2026-11-20T09:00');
    const broken: Timing[] = [
      { rrule: 'FREQ=DAILY' },
      { rrule: 'nonsense', startDate: '2026-01-01' },
      { startDate: '2026-02-30' },
      { windows: [{ start: '09:00', end: '09:00' }] },
      { windows: [{ start: 'x', end: 'y' }] },
    ];
    expect(broken.filter((timing) => activeAt(timing, now).active)).toEqual([]);
  });
});

describe('the zone of the process', () => {
  const script = `
    const { occurrences } = await import(${JSON.stringify(new URL('./schedule-timing.ts', import.meta.url).href)});
    const timing = { startDate: '2026-01-05', rrule: 'FREQ=WEEKLY;BYDAY=SU,MO', windows: [{ start: '22:00', end: '02:30' }] };
    const found = ['UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'America/New_York'].flatMap((zone) =>
      [...occurrences(timing, Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1), zone)]);
    console.log(new Date(2026, 6, 1).getTimezoneOffset(), JSON.stringify(found));`;
  const run = (zone: string): string[] => {
    const out = execFileSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script],
      {
        env: { TZ: zone },
        encoding: 'utf8',
      },
    );
    return [out.slice(0, out.indexOf(' ')), out.slice(out.indexOf(' ') + 1)];
  };

  test('changes nothing', () => {
    const [utc, newYork, kathmandu] = ['UTC', 'America/New_York', 'Asia/Kathmandu'].map(run);
    expect([utc![0], newYork![0], kathmandu![0]]).toEqual(['0', '240', '-345']);
    expect(utc![1]!.length).toBeGreaterThan(10_000);
    expect(newYork![1]).toBe(utc![1]);
    expect(kathmandu![1]).toBe(utc![1]);
  });

  test('is not even asked for', () => {
    const local = /\.(get|set)(FullYear|Month|Date|Day|Hours|Minutes|Seconds|TimezoneOffset)\(|Date\.now|new Date\(\)/;
    const asking = ['calendar', 'rule', 'zone', 'timing', 'choice'].filter((file) =>
      local.test(readFileSync(new URL(`./schedule-${file}.ts`, import.meta.url), 'utf8')),
    );
    expect(asking).toEqual([]);
  });
});
