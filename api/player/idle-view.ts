/** The idle screen: the time at the screen's place, by the hub's clock. */
import { byId, setText } from './elements.ts';

/** How far the picture wanders so that nothing burns in, in percent of the picture's smaller side. */
const DRIFT = 4;

export interface LocalTime {
  readonly time: string;
  /** `AM` or `PM` where people count so; else empty. */
  readonly period: string;
  readonly date: string;
}

/** Time and date for people; an unknown time zone is the same as none: the device's own. */
export function localTime(nowMs: number, timezone: string | undefined): LocalTime {
  const zone = timezone !== undefined && isTimeZone(timezone) ? { timeZone: timezone } : {};
  const at = new Date(nowMs);
  const parts = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', ...zone }).formatToParts(at);
  const time = parts.filter((part) => part.type !== 'dayPeriod').map((part) => part.value);
  return {
    time: time.join('').trim(),
    period: parts.find((part) => part.type === 'dayPeriod')?.value ?? '',
    date: new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', ...zone }).format(at),
  };
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (cause) {
    if (cause instanceof RangeError) return false;
    throw cause;
  }
}

export function drawIdle(nowMs: number, timezone: string | undefined): void {
  const { time, period, date } = localTime(nowMs, timezone);
  setText(byId('idle-time'), time);
  setText(byId('idle-period'), period);
  setText(byId('idle-date'), date);
  const minute = Math.floor(nowMs / 60_000);
  const clock = byId('idle-clock');
  clock.style.setProperty('--drift-x', `${(Math.sin(minute / 3) * DRIFT).toFixed(2)}vmin`);
  clock.style.setProperty('--drift-y', `${(Math.cos(minute / 5) * DRIFT).toFixed(2)}vmin`);
}
