/** Times, durations and sizes as people read them. */
import type { Texts } from '../texts/english.ts';

const dateTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const dateOnly = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' });

/** Date and time of day in the viewer's own zone. */
export function formatDateTime(iso: string): string {
  return dateTime.format(new Date(iso));
}

export function formatDate(iso: string): string {
  return dateOnly.format(new Date(iso));
}

/** How long ago an instant was, in one unit. */
export function formatAgo(iso: string, nowMs: number, texts: Texts['common']['ago']): string {
  const seconds = Math.round((nowMs - Date.parse(iso)) / 1000);
  if (seconds < 5) return texts.now;
  if (seconds < 90) return texts.seconds(seconds);
  if (seconds < 90 * 60) return texts.minutes(Math.round(seconds / 60));
  if (seconds < 36 * 3600) return texts.hours(Math.round(seconds / 3600));
  return texts.days(Math.round(seconds / 86_400));
}

/** A length of time in its two largest units. */
export function formatDuration(ms: number, texts: Texts['common']['duration']): string {
  if (ms < 1_000) return texts.milliseconds(Math.round(ms));
  if (ms < 60_000) return texts.seconds((ms / 1000).toFixed(ms < 10_000 && ms % 1000 !== 0 ? 1 : 0));
  const seconds = Math.round(ms / 1000);
  if (seconds < 3_600) return texts.minutes(Math.floor(seconds / 60), seconds % 60);
  if (seconds < 86_400) return texts.hours(Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60));
  return texts.days(Math.floor(seconds / 86_400), Math.floor((seconds % 86_400) / 3_600));
}

/** Bytes in decimal units (IEC 80000-13 kB, MB, …). */
export function formatBytes(bytes: number, texts: Texts['common']['bytes']): string {
  let amount = bytes;
  let at = 0;
  while (amount >= 1000 && at < texts.units.length - 1) {
    amount /= 1000;
    at += 1;
  }
  return texts.of(at === 0 || amount >= 100 ? String(Math.round(amount)) : amount.toFixed(1), texts.units[at] ?? '');
}
