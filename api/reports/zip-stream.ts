/**
 * Writes a ZIP archive (APPNOTE 6.3) front to back, so that it can be sent while its files are still being made: sizes and
 * checksums follow each file. An entry and the whole archive stay below 4 GiB (no ZIP64): past it, an error.
 */
import { pipeline, Readable } from 'node:stream';
import { crc32, createDeflateRaw } from 'node:zlib';

const SIZE_MAX = 0xffff_ffff;
/** 1 January 1980, the earliest that the format knows: the archive says nothing about when it was made. */
const DOS_DATE = 0x0021;
/** Sizes follow the data (bit 3), names are UTF-8 (bit 11). */
const FLAGS = 0x0808;
const DEFLATED = 8;
const VERSION_NEEDED = 20;

interface Entry {
  readonly name: Buffer;
  readonly offset: number;
  crc: number;
  packed: number;
  size: number;
}

/** Makes an archive; `files` is read file by file, each in its turn. */
export async function* zipChunks(
  files: AsyncIterable<{ readonly name: string; readonly chunks: AsyncIterable<string> }>,
): AsyncGenerator<Buffer> {
  const entries: Entry[] = [];
  let offset = 0;
  for await (const { name, chunks } of files) {
    const entry: Entry = { name: Buffer.from(name), offset, crc: 0, packed: 0, size: 0 };
    entries.push(entry);
    const header = localHeader(entry);
    offset += header.length;
    yield header;
    for await (const packed of deflated(entry, chunks)) {
      entry.packed += packed.length;
      yield packed;
    }
    const descriptor = dataDescriptor(entry);
    offset += entry.packed + descriptor.length;
    if (Math.max(offset, entry.size) > SIZE_MAX) throw new Error('the archive is too large');
    yield descriptor;
  }
  const directory = Buffer.concat(entries.map(directoryEntry));
  yield directory;
  yield endOfDirectory(entries.length, directory.length, offset);
}

async function* deflated(entry: Entry, chunks: AsyncIterable<string>): AsyncGenerator<Buffer> {
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      const bytes = Buffer.from(chunk);
      entry.crc = crc32(bytes, entry.crc);
      entry.size += bytes.length;
      yield bytes;
    }
  }
  const deflate = createDeflateRaw({ level: 6 });
  // An error of the source reaches us as one of `deflate`; when we stop reading, the source is stopped.
  pipeline(Readable.from(counted(), { highWaterMark: 2 }), deflate, (error) => {
    if (error && !deflate.destroyed) deflate.destroy(error);
  });
  for await (const packed of deflate) yield packed as Buffer;
}

function localHeader({ name }: Entry): Buffer {
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(VERSION_NEEDED, 4);
  header.writeUInt16LE(FLAGS, 6);
  header.writeUInt16LE(DEFLATED, 8);
  header.writeUInt16LE(DOS_DATE, 12);
  header.writeUInt16LE(name.length, 26);
  return Buffer.concat([header, name]);
}

function dataDescriptor({ crc, packed, size }: Entry): Buffer {
  const descriptor = Buffer.alloc(16);
  descriptor.writeUInt32LE(0x08074b50, 0);
  descriptor.writeUInt32LE(crc, 4);
  descriptor.writeUInt32LE(packed % (SIZE_MAX + 1), 8);
  descriptor.writeUInt32LE(size % (SIZE_MAX + 1), 12);
  return descriptor;
}

function directoryEntry({ name, offset, crc, packed, size }: Entry): Buffer {
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(VERSION_NEEDED, 4);
  header.writeUInt16LE(VERSION_NEEDED, 6);
  header.writeUInt16LE(FLAGS, 8);
  header.writeUInt16LE(DEFLATED, 10);
  header.writeUInt16LE(DOS_DATE, 14);
  header.writeUInt32LE(crc, 16);
  header.writeUInt32LE(packed, 20);
  header.writeUInt32LE(size, 24);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt32LE(offset, 42);
  return Buffer.concat([header, name]);
}

function endOfDirectory(count: number, size: number, offset: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return end;
}
