/** What the protocol finds wrong with a timing, in the console's words. */
import type { TimingProblem } from '../../../protocol/schedule-timing.ts';
import type { Timing } from '../../../protocol/schedule.ts';
import type { Texts } from '../texts/english.ts';

type Words = Texts['scheduleTiming']['problems'];

/** The number of a window in a field's name or a message, counted from 1. */
function numberIn(text: string): number {
  return Number(/\[(\d+)\]/.exec(text)?.[1] ?? Number.NaN) + 1;
}

function windowText({ field, message }: TimingProblem, words: Words): string {
  if (field.endsWith('.start')) return words.startAtMidnight;
  return field.endsWith('.end') ? words.sameTimes(numberIn(field)) : words.overlap(numberIn(field), numberIn(message));
}

function ruleText(message: string, rule: string, words: Words): string {
  if (message.startsWith('names no day')) return words.neverRule;
  // Of a form whose days are all taken away.
  return /BY(MONTH)?DAY=$/.test(rule) ? words.noDays : words.rule(message);
}

/** By the field, and by how the message goes where a field has several problems. */
export function timingProblemText(problem: TimingProblem, timing: Timing, words: Words): string {
  const { field, message } = problem;
  if (field === 'timing.timezone') return words.zone;
  if (field.startsWith('timing.windows')) return windowText(problem, words);
  if (field === 'timing.rrule') return ruleText(message, timing.rrule ?? '', words);
  if (message === 'leaves no day') return words.neverExcluded;
  if (message === 'is before startDate') return words.endBeforeStart;
  return message.startsWith('is needed') ? words.startNeeded : words.date;
}
