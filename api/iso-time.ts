/** Instants on the wire: ISO 8601 UTC with milliseconds. In the database they are epoch milliseconds. */
import Type from 'typebox';
import { apiError } from './errors.ts';

export function toIso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

export function toIsoOrNull(epochMs: number | null): string | null {
  return epochMs === null ? null : toIso(epochMs);
}

/** An instant in a query; milliseconds may be left out. */
export const InstantQuery = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,3})?Z$',
  description: 'ISO 8601 UTC, e.g. 2026-11-20T09:30:00Z',
});

/** Reads an InstantQuery; a day that no calendar has (the 31st of April) is a VALIDATION_ERROR naming the field. */
export function fromInstantQuery(field: string, text: string): number {
  const epochMs = Date.parse(text);
  // Date.parse takes the 31st of April for the 1st of May.
  if (Number.isNaN(epochMs) || toIso(epochMs).slice(0, 19) !== text.slice(0, 19))
    throw apiError('VALIDATION_ERROR', 'The request is not valid', [{ field, message: 'is no instant' }]);
  return epochMs;
}
