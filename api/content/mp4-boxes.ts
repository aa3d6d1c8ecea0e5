/** The outermost boxes of an MP4 file (ISO/IEC 14496-12 §4.2): whether all of it has arrived, told without any tool. */
import type { FileHandle } from 'node:fs/promises';
import { RefusedFile } from './refused-file.ts';

/** Boxes that are looked at; a fragmented film of six hours has some ten thousand. */
const BOXES_MAX = 100_000;
const HEADER_BYTES = 16;

/** Rejects with RefusedFile unless the boxes fill the file and hold a film. */
export async function checkMp4Boxes(file: FileHandle, sizeBytes: number): Promise<void> {
  const seen = new Set<string>();
  let at = 0;
  for (let count = 0; at < sizeBytes; count += 1) {
    if (count >= BOXES_MAX) throw new RefusedFile('broken', 'The video is cut into too many pieces');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, at);
    const bytes = boxBytes(buffer.subarray(0, bytesRead), sizeBytes - at);
    if (bytes === null || at + bytes > sizeBytes) throw new RefusedFile('broken', 'The video is incomplete');
    seen.add(buffer.toString('latin1', 4, 8));
    at += bytes;
  }
  if (!seen.has('moov')) throw new RefusedFile('broken', 'The video is incomplete: it has no index');
  if (!seen.has('mdat') && !seen.has('moof')) throw new RefusedFile('broken', 'The video holds nothing to play');
}

/** Length of the box that begins here; null when it is no box. */
function boxBytes(header: Buffer, leftBytes: number): number | null {
  if (header.length < 8) return null;
  const short = header.readUInt32BE(0);
  if (short === 0) return leftBytes;
  if (short !== 1) return short >= 8 ? short : null;
  const long = header.length < HEADER_BYTES ? 0n : header.readBigUInt64BE(8);
  return long >= 16n && long <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(long) : null;
}
