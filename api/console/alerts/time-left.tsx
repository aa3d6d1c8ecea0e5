/** Until when, and for how long yet. */
import { useTexts } from '../texts/texts-context.tsx';
import { useNow } from '../ui/now.ts';
import { formatDateTime, formatDuration } from '../ui/time-format.ts';

const timeOfDay = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' });
const dayAndTime = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});

/** An instant to come: the time of day, with the day when it is not within twelve hours. */
export function untilText(atMs: number, nowMs: number): string {
  return (atMs - nowMs < 12 * 3_600_000 ? timeOfDay : dayAndTime).format(atMs);
}

/** Counts down to an instant, second by second. */
export function TimeLeft({ until }: { readonly until: string }) {
  const { alerts: texts, common } = useTexts();
  const now = useNow(1_000);
  const leftMs = Math.max(0, Date.parse(until) - now);
  const wholeSeconds = Math.ceil(leftMs / 1_000) * 1_000;
  return (
    <time dateTime={until} title={formatDateTime(until)} style={{ fontVariantNumeric: 'tabular-nums' }}>
      {texts.timeLeft(formatDuration(wholeSeconds, common.duration))}
    </time>
  );
}
