/** Into which parts a file is divided. */

const MEBIBYTE = 1024 * 1024;
/** S3's least for every part but the last. */
const PART_BYTES_MIN = 5 * MEBIBYTE;
/** A large file comes in about so many parts, so that all their addresses go into one answer. */
export const PARTS_MAX = 100;

/** How long the parts of a file so long are, in bytes. */
export function partBytesOf(sizeBytes: number): number {
  return Math.max(PART_BYTES_MIN, Math.ceil(sizeBytes / PARTS_MAX / MEBIBYTE) * MEBIBYTE);
}

/** How many parts; the last one is what is left. */
export function partCountOf({
  sizeBytes,
  partBytes,
}: {
  readonly sizeBytes: number;
  readonly partBytes: number;
}): number {
  return Math.ceil(sizeBytes / partBytes);
}
