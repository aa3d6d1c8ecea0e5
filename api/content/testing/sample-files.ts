/** Real files for tests of content: pictures by sharp, films by ffmpeg where it is, ZIPs by hand so that each of their lies can be told. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import sharp from 'sharp';
import { createMediaTools, TOOL_FOLDERS } from '../media-tools.ts';

/** A picture of noise, so that it has a size worth cutting. */
export async function picture(
  format: 'jpeg' | 'png' | 'webp' | 'gif' | 'avif' | 'tiff',
  width = 320,
  height = 200,
  seed = 1,
): Promise<Buffer> {
  const pixels = Buffer.alloc(width * height * 3);
  let state = seed;
  for (let at = 0; at < pixels.length; at += 1) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    pixels[at] = state >>> 16;
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .toFormat(format)
    .toBuffer();
}

/** A PNG of pure noise, which nothing makes smaller: as large as its pixels. */
export async function largePicture(width: number, height: number): Promise<Buffer> {
  return sharp(randomBytes(width * height * 3), { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

/** A one-second film, or null where ffmpeg is not installed. `args` choose codec and container. */
export async function film(
  extension: 'mp4' | 'webm' | 'mov' | 'mkv',
  args: readonly string[] = [],
): Promise<Buffer | null> {
  const ffmpeg = await createMediaTools({ monotonicMs: () => 0 }, TOOL_FOLDERS).find('ffmpeg');
  if (ffmpeg === null) return null;
  const folder = mkdtempSync(join(tmpdir(), 'podoh-film-'));
  const path = join(folder, `film.${extension}`);
  try {
    execFileSync(
      ffmpeg,
      [
        ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc=duration=1:size=320x180:rate=10'],
        ...['-pix_fmt', 'yuv420p', ...args, path],
      ],
      { stdio: 'pipe' },
    );
    return readFileSync(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A second of H.264 in MP4, 32 x 32 pixels, made once by ffmpeg: a film also where ffmpeg is missing. */
const SMALL_FILM = [
  'AAAAIGZ0eXBpc29tAAACAGlzb21pc28yYXZjMW1wNDEAAAMNbW9vdgAAAGxtdmhkAAAAAAAAAAAAAAAAAAAD6AAAA+gAAQAAAQAAAAAAAAAAAAAA',
  'AAEAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAgAAAlx0cmFrAAAAXHRraGQAAAAD',
  'AAAAAAAAAAAAAAABAAAAAAAAA+gAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAABAAAAAACAAAAAgAAAAAAAk',
  'ZWR0cwAAABxlbHN0AAAAAAAAAAEAAAPoAAAAAAABAAAAAAHUbWRpYQAAACBtZGhkAAAAAAAAAAAAAAAAAABAAAAAQABVxAAAAAAALWhkbHIAAAAA',
  'AAAAAHZpZGUAAAAAAAAAAAAAAABWaWRlb0hhbmRsZXIAAAABf21pbmYAAAAUdm1oZAAAAAEAAAAAAAAAAAAAACRkaW5mAAAAHGRyZWYAAAAAAAAA',
  'AQAAAAx1cmwgAAAAAQAAAT9zdGJsAAAAv3N0c2QAAAAAAAAAAQAAAK9hdmMxAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAACAAIABIAAAASAAAAAAA',
  'AAABDExhdmMgbGlieDI2NAAAAAAAAAAAAAAAAAAAAAAAAAAAGP//AAAANWF2Y0MBZAAK/+EAGGdkAAqs2UlsBEAAAAMAQAAAAwEDxIllgAEABmjr',
  '4E0si/34+AAAAAAQcGFzcAAAAAEAAAABAAAAFGJ0cnQAAAAAAAAGeAAABngAAAAYc3R0cwAAAAAAAAABAAAAAgAAIAAAAAAUc3RzcwAAAAAAAAAB',
  'AAAAAQAAABxzdHNjAAAAAAAAAAEAAAABAAAAAgAAAAEAAAAcc3RzegAAAAAAAAAAAAAAAgAAALAAAAAfAAAAFHN0Y28AAAAAAAAAAQAAAz0AAAA9',
  'dWR0YQAAADVtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABtZGlyYXBwbAAAAAAAAAAAAAAAAAhpbHN0AAAACGZyZWUAAADXbWRhdAAAAKxliIQBf9En',
  'Q4NIhE3d/G8VwuSPuv5kiEtcGA5NPIuD9X6rHZ0KU3vw3Ta6rfP/+khSWyKHHmTa5BhQJnQZoWWPk0E0ydgXAK0RDTQasfTd44VBp9f94/QmNWR1',
  'zqhiRssQLdEWjx1hWt9KjcUhdDXQwS9DdgH9fHvn8dmHEuXM1rB+1yz/4P1iVoSYEf3xEJmh/WS4Kzs5AUtNHHWRwOgycIxa237/+nAGVZVpAAAA',
  'G0GaIWxN/9kqw6N+ncPoX/9fYTFtuQkMSLfDTQ==',
].join('');

export function smallFilm(): Buffer<ArrayBuffer> {
  return Buffer.from(SMALL_FILM, 'base64');
}

/** One entry of a ZIP; what is given beside name and bytes is a lie, or a rarity. */
export interface ZipPart {
  readonly name: string;
  readonly bytes?: Buffer | string;
  readonly stored?: boolean;
  readonly flags?: number;
  readonly method?: number;
  /** Unix mode, e.g. 0o120777 for a link. */
  readonly mode?: number;
  readonly extra?: Buffer;
  /** What the local header says instead. */
  readonly localName?: string;
  readonly localPackedBytes?: number;
  readonly claimedBytes?: number;
  readonly claimedCrc?: number;
  /** Points at the local header of an earlier entry instead of one of its own. */
  readonly sameAs?: number;
}

export interface ZipOptions {
  /** Bytes before the directory that no entry owns. */
  readonly gap?: Buffer;
  readonly prefix?: Buffer;
  /** Bytes between the directory and its end record. */
  readonly behind?: Buffer;
  /** With the end records of ZIP64 as well. */
  readonly zip64?: boolean;
}

interface Written {
  readonly part: ZipPart;
  readonly offset: number;
  readonly packed: Buffer;
  readonly plainBytes: number;
  readonly crc: number;
  readonly method: number;
}

/** Writes a ZIP (APPNOTE §4.3). */
export function zipOf(parts: readonly ZipPart[], options: ZipOptions = {}): Buffer {
  const chunks: Buffer[] = options.prefix === undefined ? [] : [options.prefix];
  let at = chunks[0]?.length ?? 0;
  const written: Written[] = [];
  for (const part of parts) {
    const earlier = part.sameAs === undefined ? undefined : written[part.sameAs];
    if (earlier !== undefined) {
      written.push({ ...earlier, part });
      continue;
    }
    const plain = Buffer.from(part.bytes ?? '');
    const isStored = part.stored === true || plain.length === 0;
    const packed = isStored ? plain : deflateRawSync(plain);
    const entry: Written = {
      part,
      offset: at,
      packed,
      plainBytes: part.claimedBytes ?? plain.length,
      crc: part.claimedCrc ?? crc32(plain),
      method: part.method ?? (isStored ? 0 : 8),
    };
    const local = Buffer.concat([header(entry, true), packed]);
    chunks.push(local);
    at += local.length;
    written.push(entry);
  }
  if (options.gap !== undefined) {
    chunks.push(options.gap);
    at += options.gap.length;
  }
  const directory = Buffer.concat(written.map((entry) => header(entry, false)));
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(written.length, 8);
  end.writeUInt16LE(written.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  const more = options.zip64 === true ? zip64End(written.length, directory.length, at) : Buffer.alloc(0);
  return Buffer.concat([...chunks, directory, options.behind ?? Buffer.alloc(0), more, end]);
}

function zip64End(entries: number, directoryBytes: number, directoryAt: number): Buffer {
  const end = Buffer.alloc(56 + 20);
  end.writeUInt32LE(0x06064b50, 0);
  end.writeBigUInt64LE(44n, 4);
  end.writeBigUInt64LE(BigInt(entries), 24);
  end.writeBigUInt64LE(BigInt(entries), 32);
  end.writeBigUInt64LE(BigInt(directoryBytes), 40);
  end.writeBigUInt64LE(BigInt(directoryAt), 48);
  end.writeUInt32LE(0x07064b50, 56);
  end.writeBigUInt64LE(BigInt(directoryAt + directoryBytes), 64);
  end.writeUInt32LE(1, 72);
  return end;
}

function header({ part, offset, packed, plainBytes, crc, method }: Written, isLocal: boolean): Buffer {
  const name = Buffer.from(isLocal ? (part.localName ?? part.name) : part.name, 'utf8');
  const extra = part.extra ?? Buffer.alloc(0);
  const fields = Buffer.alloc(isLocal ? 30 : 46);
  const shift = isLocal ? 0 : 2;
  fields.writeUInt32LE(isLocal ? 0x04034b50 : 0x02014b50, 0);
  if (!isLocal) fields.writeUInt16LE((3 << 8) | 20, 4);
  fields.writeUInt16LE(20, 4 + shift);
  fields.writeUInt16LE(0x800 | (part.flags ?? 0), 6 + shift);
  fields.writeUInt16LE(method, 8 + shift);
  fields.writeUInt32LE(crc, 14 + shift);
  fields.writeUInt32LE((isLocal ? part.localPackedBytes : undefined) ?? packed.length, 18 + shift);
  fields.writeUInt32LE(plainBytes, 22 + shift);
  fields.writeUInt16LE(name.length, 26 + shift);
  fields.writeUInt16LE(extra.length, 28 + shift);
  if (!isLocal) {
    fields.writeUInt32LE(((part.mode ?? 0o100644) << 16) >>> 0, 38);
    fields.writeUInt32LE(offset, 42);
  }
  return Buffer.concat([fields, name, extra]);
}

/** A multipart/form-data body: parts in the order given; a Buffer is a file. */
export function formOf(parts: readonly (readonly [name: string, value: string | Buffer, fileName?: string])[]): {
  body: Buffer;
  headers: Record<string, string>;
} {
  const boundary = 'podoh-test-boundary';
  const chunks = parts.flatMap(([name, value, fileName = 'file.bin']) => [
    Buffer.from(
      typeof value === 'string'
        ? `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n`
        : `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${fileName}"\r\nContent-Type: application/octet-stream\r\n\r\n`,
    ),
    Buffer.from(value),
    Buffer.from('\r\n'),
  ]);
  return {
    body: Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]),
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  };
}
