/** What both object stores take and refuse, so that what works on one works on the other. */
import type { ByteRange, PartName } from '../core/ports.ts';

/** S3 takes 1024 bytes with its prefix; a file name takes 255, and the disk store needs some for itself. */
const KEY_CHARS_MAX = 512;
const KEY_PART_CHARS_MAX = 200;
/** Letters, digits and `-_.` between single slashes; no part begins with a dot, so that no key climbs or hides. */
const KEY = /^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/;
/** What may stand in a header: visible ASCII and spaces. */
const CONTENT_TYPE = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;

/** Throws unless it is a key. Keys are server-made: another one is a bug of ours. */
export function requireObjectKey(key: string): void {
  const fits = key.length <= KEY_CHARS_MAX && key.split('/').every((part) => part.length <= KEY_PART_CHARS_MAX);
  if (!fits || !KEY.test(key)) throw new Error(`not an object key: ${JSON.stringify(key.slice(0, KEY_CHARS_MAX))}`);
}

/** Throws unless it can be kept and given back as a header's value. */
export function requireContentType(contentType: string): void {
  if (!CONTENT_TYPE.test(contentType))
    throw new Error(`not a content type: ${JSON.stringify(contentType.slice(0, 256))}`);
}

/** S3's most parts of one object. */
const PARTS_MAX = 10_000;
/** Names that the stores give: S3's hold dots, underscores and dashes too. */
const PARTS_ID = /^[\w.~+/=-]{1,1024}$/;

/** Throws unless it may be a part of an object. */
export function requirePart({ key, partsId, number }: PartName): void {
  requireObjectKey(key);
  requirePartsId(partsId);
  if (!Number.isInteger(number) || number < 1 || number > PARTS_MAX) throw new Error(`not a part's number: ${number}`);
}

/** Throws unless a store may have given it. */
export function requirePartsId(partsId: string): void {
  if (!PARTS_ID.test(partsId)) throw new Error('not a name of parts');
}

/** Throws unless it may lie within an object; where the object ends is the store's to check. */
export function requireByteRange({ start, end }: ByteRange): void {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start)
    throw new Error(`not a byte range: ${start}-${end}`);
}
