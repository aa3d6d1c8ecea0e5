/**
 * How far the wall clock of a time zone is from UTC, in spans between clock changes.
 *
 * State: `spans` keeps, for each zone asked about, the spans found so far, `names` what is a zone and what is none. No entry changes
 * what is answered, only how fast; each map is dropped whole when it has grown past its limit.
 */
import { create, getTimeZoneTransition, offsetNanoseconds } from 'temporal-polyfill/fns/ZonedDateTime';

/** Zones remembered. Past it: all are forgotten and found again. */
const ZONES_KEPT_MAX = 64;
/** Names of which it is remembered whether they are zones: to ask Intl takes a quarter of a millisecond. Past it: all are forgotten. */
const NAMES_KEPT_MAX = 1_000;
/** Spans remembered of one zone: thirty years of two changes each. Past it: all are forgotten and found again. */
const SPANS_KEPT_MAX = 60;

export interface ZoneSpan {
  /** First instant of the span, epoch milliseconds; -Infinity when there is no clock change before. */
  readonly startMs: number;
  /** First instant after it; Infinity when no clock change is known. */
  readonly endMs: number;
  /** Wall clock minus UTC, in milliseconds. */
  readonly offsetMs: number;
}

const spans = new Map<string, ZoneSpan[]>();
const names = new Map<string, boolean>();

/** True when this is a name of the IANA database that this runtime knows; offsets like `+01:00` are none. */
export function isTimeZone(name: string): boolean {
  let isKnown = names.get(name);
  if (isKnown === undefined) {
    if (names.size >= NAMES_KEPT_MAX) names.clear();
    isKnown = /^[A-Za-z]/.test(name) && isKnownToIntl(name);
    names.set(name, isKnown);
  }
  return isKnown;
}

function isKnownToIntl(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The span of a zone that holds an instant. The zone must be one (`isTimeZone`). */
export function zoneSpanAt(zone: string, instantMs: number): ZoneSpan {
  let known = spans.get(zone);
  if (known === undefined) {
    if (spans.size >= ZONES_KEPT_MAX) spans.clear();
    known = [];
    spans.set(zone, known);
  }
  for (const span of known) if (span.startMs <= instantMs && instantMs < span.endMs) return span;
  if (known.length >= SPANS_KEPT_MAX) known.length = 0;
  const span = findSpan(zone, instantMs);
  known.push(span);
  return span;
}

function findSpan(zone: string, instantMs: number): ZoneSpan {
  const at = create(BigInt(Math.floor(instantMs)) * 1_000_000n, zone);
  // A nanosecond later, so that a change at this very instant is one before.
  const before = getTimeZoneTransition(create(at.epochNanoseconds + 1n, zone), 'previous');
  const after = getTimeZoneTransition(at, 'next');
  return {
    startMs: before === null ? -Infinity : before.epochMilliseconds,
    endMs: after === null ? Infinity : after.epochMilliseconds,
    offsetMs: offsetNanoseconds(at) / 1_000_000,
  };
}
