/** The idle screen: the time at the screen's place, by the hub's clock, and why there is nothing else to see. */
import { byId, setText } from './elements.ts';
import { readableBytes, type Preparing } from './signage-words.ts';
import type { Picture } from './surface.ts';

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

/** Why there is nothing else to see: nothing is scheduled, or it is on its way. */
export function idleWords(preparing: Preparing | null): string {
  if (preparing === null) return 'Nothing is scheduled';
  const { files, filesHere, bytes, bytesHere, trouble } = preparing;
  const size = bytes === 0 ? '' : ` · ${readableBytes(Math.min(bytes, bytesHere))} of ${readableBytes(bytes)}`;
  return `Getting ready: ${filesHere} of ${files} files${size}${trouble === null ? '' : ` · trying again: ${trouble}`}`;
}

export function drawIdle({ nowMs, config: { timezone }, name, signage: { preparing } }: Picture): void {
  setText(byId('idle-name'), name);
  setText(byId('idle-words'), idleWords(preparing));
  const bar = byId('idle-progress') as HTMLProgressElement;
  bar.hidden = preparing === null;
  if (preparing !== null) bar.value = preparing.bytes === 0 ? 0 : Math.min(1, preparing.bytesHere / preparing.bytes);
  const { time, period, date } = localTime(nowMs, timezone);
  setText(byId('idle-time'), time);
  setText(byId('idle-period'), period);
  setText(byId('idle-date'), date);
  const minute = Math.floor(nowMs / 60_000);
  const clock = byId('idle-clock');
  clock.style.setProperty('--drift-x', `${(Math.sin(minute / 3) * DRIFT).toFixed(2)}vmin`);
  clock.style.setProperty('--drift-y', `${(Math.cos(minute / 5) * DRIFT).toFixed(2)}vmin`);
}
