/** Instants of a schedule in words, on the clock of its own zone. */
import type { Texts } from '../texts/english.ts';
import type { Upcoming } from './month-calendar.ts';

const formats = new Map<string, Intl.DateTimeFormat>();

function formatIn(zone: string, kind: 'day' | 'time' | 'full'): Intl.DateTimeFormat {
  const key = `${zone} ${kind}`;
  const known = formats.get(key);
  if (known !== undefined) return known;
  const day = { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' } as const;
  const time = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const options = { day, time, full: { ...day, ...time } }[kind];
  const made = new Intl.DateTimeFormat('en-GB', { ...options, timeZone: zone });
  formats.set(key, made);
  return made;
}

/** Day and time of day, e.g. "Mon 23 Nov 2026, 07:00". */
export function instantWords(instantMs: number, zone: string): string {
  return formatIn(zone, 'full').format(instantMs);
}

/** From one instant to another; the day of the end only where it is another. */
export function spanWords(
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
  zone: string,
  fromTo: (start: string, end: string) => string,
): string {
  const isSameDay = formatIn(zone, 'day').format(startMs) === formatIn(zone, 'day').format(endMs);
  const end = formatIn(zone, isSameDay ? 'time' : 'full').format(endMs);
  return fromTo(instantWords(startMs, zone), end);
}

/** What is on now or comes next, in words. */
export function upcomingWords(one: Upcoming, zone: string, texts: Texts['scheduleTiming']): string {
  if (one.isOn) return one.isOpen ? texts.nowOpen : texts.nowUntil(instantWords(one.endMs, zone));
  if (one.isOpen) return texts.fromOpen(instantWords(one.startMs, zone));
  return spanWords(one, zone, texts.fromTo);
}

/** The zone of whoever looks. */
export function viewersZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
