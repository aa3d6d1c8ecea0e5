/** The days that a report is about, as people choose them and as the API wants them. Days are `YYYY-MM-DD`. */
const DAY_MS = 86_400_000;

export const PRESETS = ['today', 'yesterday', 'week', 'month', 'thisMonth', 'own'] as const;
export type Preset = (typeof PRESETS)[number];

/** Both days are included. */
export interface Days {
  readonly first: string;
  readonly last: string;
}

/** The day that an instant is in, in a time zone (IANA). */
export function dayIn(timezone: string, epochMs: number): string {
  const parts = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone: timezone, calendar: 'iso8601', numberingSystem: 'latn' },
    ...{ year: 'numeric', month: '2-digit', day: '2-digit' },
  }).formatToParts(epochMs);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
  return `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}`;
}

export function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * DAY_MS).toISOString().slice(0, 10);
}

export function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`));
}

/** The days of a preset, as seen on `today`; own days where they are days, else the last week. Never ends before it begins. */
export function daysOf(preset: Preset, today: string, own: { readonly from: string; readonly to: string }): Days {
  switch (preset) {
    case 'today':
      return { first: today, last: today };
    case 'yesterday':
      return { first: addDays(today, -1), last: addDays(today, -1) };
    case 'week':
      return { first: addDays(today, -6), last: today };
    case 'month':
      return { first: addDays(today, -29), last: today };
    case 'thisMonth':
      return { first: `${today.slice(0, 8)}01`, last: today };
    case 'own': {
      const last = isDay(own.to) ? own.to : today;
      const first = isDay(own.from) ? own.from : addDays(last, -6);
      return first <= last ? { first, last } : { first: last, last };
    }
  }
}

/** As the API has it: the day after the last is not included any more. */
export function rangeQuery({ first, last }: Days): { readonly from: string; readonly to: string } {
  return { from: first, to: addDays(last, 1) };
}

/** Every day from the first to the last, at most `max`. */
export function everyDay({ first, last }: Days, max: number): string[] {
  const days: string[] = [];
  for (let day = first; day <= last && days.length < max; day = addDays(day, 1)) days.push(day);
  return days;
}
