/** The Range header and the conditions around it (RFC 9110 §13, §14). Pure. */
import type { ByteRange } from '../../hub/core/ports.ts';

/** One range of bytes. Several are asked for with commas, which is not among what this understands. */
const ONE_RANGE = /^bytes=\s*(?:(\d+)-(\d*)|-(\d+))\s*$/i;
const ENTITY_TAG = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/**
 * The part that a Range header asks for, of an object so long. `whole` when it asks for nothing, for several parts, in another unit
 * or for nonsense: a server may ignore all of these. `beyond` when no byte of it exists.
 */
export function askedPart(header: string | undefined, sizeBytes: number): ByteRange | 'whole' | 'beyond' {
  const [, first, last = '', suffix] = ONE_RANGE.exec(header ?? '') ?? [];
  if (suffix !== undefined) {
    if (Number(suffix) === 0) return 'beyond';
    // No part of nothing can be named in an answer.
    return sizeBytes === 0 ? 'whole' : { start: Math.max(0, sizeBytes - Number(suffix)), end: sizeBytes - 1 };
  }
  if (first === undefined) return 'whole';
  const start = Number(first);
  if (last !== '' && Number(last) < start) return 'whole';
  if (start >= sizeBytes) return 'beyond';
  return { start, end: last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1) };
}

/** Whether an If-Range header lets the range stand: only for this very tag; dates and weak tags never do (§13.1.5). */
export function rangeStands(ifRange: string | undefined, tag: string): boolean {
  return ifRange === undefined || ifRange.trim() === tag;
}

/** Whether an If-None-Match header names what there is, compared weakly (§13.1.2). */
export function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  return [...ifNoneMatch.matchAll(ENTITY_TAG)].some(([, opaque]) => opaque === tag);
}
