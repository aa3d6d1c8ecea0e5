import { expect, test } from 'vitest';
import { timingProblems } from '../../../protocol/schedule-timing.ts';
import type { Timing } from '../../../protocol/schedule.ts';
import { scheduleTimingTexts } from '../texts/en/schedule-timing.ts';
import { timingProblemText } from './timing-problem-text.ts';

const words = scheduleTimingTexts.problems;
const startDate = '2026-11-20';

test.each<[Timing, string]>([
  [{ timezone: 'Mars/Olympus' }, words.zone],
  [{ startDate: '2026-02-30' }, words.date],
  [{ startDate, excludedDates: ['2300-01-01'] }, words.date],
  [{ startDate, endDate: '2026-11-19' }, words.endBeforeStart],
  [{ rrule: 'FREQ=DAILY' }, words.startNeeded],
  [{ startDate, rrule: 'FREQ=WEEKLY;BYDAY=' }, words.noDays],
  [{ startDate, rrule: 'FREQ=MONTHLY;BYMONTHDAY=' }, words.noDays],
  [{ startDate, rrule: 'FREQ=HOURLY' }, words.rule('has a FREQ that is not one of DAILY, WEEKLY, MONTHLY, YEARLY')],
  [{ startDate, endDate: startDate, rrule: 'FREQ=WEEKLY;BYDAY=MO' }, words.neverRule],
  [{ startDate, endDate: startDate, excludedDates: [startDate] }, words.neverExcluded],
  [{ windows: [{ start: '24:00', end: '01:00' }] }, words.startAtMidnight],
  [
    {
      windows: [
        { start: '07:00', end: '08:00' },
        { start: '09:00', end: '09:00' },
      ],
    },
    words.sameTimes(2),
  ],
  [
    {
      windows: [
        { start: '07:00', end: '09:00' },
        { start: '08:00', end: '10:00' },
      ],
    },
    words.overlap(2, 1),
  ],
])('%j is told in words', (timing, text) => {
  expect(timingProblems(timing).map((problem) => timingProblemText(problem, timing, words))).toEqual([text]);
});
