/** The time that a report is about: two instants, or calendar days of a time zone. */
import { Temporal } from 'temporal-polyfill';
import Type from 'typebox';
import { isTimeZone, zoneSpanAt } from '../../protocol/schedule-zone.ts';
import { apiError } from '../errors.ts';
import { toIso } from '../iso-time.ts';

const DAY_MS = 86_400_000;

/** `YYYY-MM-DD`, or an instant in UTC. */
const Moment = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,3})?)?Z)?$',
  maxLength: 24,
});

/** The part of a report's query that says which time it is about. */
export const RANGE_QUERY = {
  from: Type.Optional({
    ...Moment,
    description:
      'From this instant on: ISO 8601 UTC, or YYYY-MM-DD for the first midnight of that day in `timezone`. Default: 7 days before `to`',
  }),
  to: Type.Optional({
    ...Moment,
    description: 'Until before this instant, written as `from` is; a bare day is not included. Default: now',
  }),
  timezone: Type.String({
    minLength: 1,
    maxLength: 64,
    default: 'UTC',
    description: 'IANA time zone of bare days in `from` and `to`, and of days in the report',
  }),
};

/** How long a report reaches back when nobody says, in days. */
const DEFAULT_DAYS = 7;

export interface ReportRange {
  /** Epoch milliseconds, included. */
  readonly fromMs: number;
  /** Epoch milliseconds, not included. */
  readonly toMs: number;
  readonly timezone: string;
}

function invalid(field: string, message: string): Error {
  return apiError('VALIDATION_ERROR', 'The request is not valid', [{ field, message }]);
}

function readMoment(field: string, text: string, timezone: string): number {
  try {
    if (text.includes('T')) return Temporal.Instant.from(text).epochMilliseconds;
    return Temporal.PlainDate.from(text).toZonedDateTime(timezone).epochMilliseconds;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw invalid(field, 'is no instant and no day');
  }
}

/**
 * Reads a RANGE_QUERY; without `from` it begins `defaultDays` before its end. VALIDATION_ERROR names what is no instant, no zone,
 * empty, or longer than `daysMax` days.
 */
export function readRange(
  query: { readonly from?: string; readonly to?: string; readonly timezone: string },
  now: number,
  daysMax: number,
  defaultDays = DEFAULT_DAYS,
): ReportRange {
  const { timezone } = query;
  if (!isTimeZone(timezone)) throw invalid('timezone', 'is no IANA time zone');
  const toMs = query.to === undefined ? now : readMoment('to', query.to, timezone);
  const fromMs = query.from === undefined ? toMs - defaultDays * DAY_MS : readMoment('from', query.from, timezone);
  if (fromMs >= toMs) throw invalid('from', 'must be before `to`');
  // A day has 25 hours once a year.
  if (toMs - fromMs > daysMax * DAY_MS + DAY_MS / 24) {
    throw invalid('from', `at most ${daysMax} days before \`to\``);
  }
  return { fromMs, toMs, timezone };
}

/** As criteria of a report say it. */
export function rangeLine({ fromMs, toMs, timezone }: ReportRange): string {
  return `Time: ${toIso(fromMs)} to ${toIso(toMs)}${timezone === 'UTC' ? '' : ` (days of ${timezone})`}`;
}

/** A stretch of time over which a zone is at one distance from UTC. */
export interface OffsetSpan {
  /** Epoch milliseconds, not included. */
  readonly untilMs: number;
  /** Local time less UTC, in milliseconds. */
  readonly offsetMs: number;
}

/** The zone's distances from UTC over the range, in their order; the last one reaches to its end. */
export function offsetSpans({ fromMs, toMs, timezone }: ReportRange): OffsetSpan[] {
  const spans: OffsetSpan[] = [];
  for (let at = fromMs; at < toMs;) {
    const { endMs, offsetMs } = zoneSpanAt(timezone, at);
    at = Math.min(endMs, toMs);
    spans.push({ untilMs: at, offsetMs });
  }
  return spans;
}
