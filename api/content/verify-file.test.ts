import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import { createMediaTools, TOOL_FOLDERS, ToolFailed, type MediaTools } from './media-tools.ts';
import { RefusedFile } from './refused-file.ts';
import { film, picture, smallFilm, zipOf, type ZipPart } from './testing/sample-files.ts';
import { BUNDLE_ENTRIES_MAX, BUNDLE_NAME_CHARS_MAX } from './verify-bundle.ts';
import { verifyFile, type VerifiedFile } from './verify-file.ts';
import { IMAGE_PIXELS_MAX } from './verify-image.ts';
import { PAGE_BYTES_MAX } from './verify-page.ts';

const folder = mkdtempSync(join(tmpdir(), 'podoh-verify-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const clock = { monotonicMs: () => 0 };
const noTools = createMediaTools(clock, [folder]);
const tools = createMediaTools(clock, TOOL_FOLDERS);

let written = 0;
function verify(bytes: Buffer | string, using: MediaTools = noTools, signal?: AbortSignal): Promise<VerifiedFile> {
  written += 1;
  // The ending says something else than the bytes: nobody is to care.
  const path = join(folder, `${written}.exe`);
  writeFileSync(path, bytes);
  return verifyFile(path, using, signal);
}

async function refusal(bytes: Buffer | string, using?: MediaTools): Promise<string> {
  const found = await verify(bytes, using).then(
    () => 'taken',
    (error: unknown) => error,
  );
  if (!(found instanceof RefusedFile)) throw new Error(`not refused: ${String(found)}`);
  expect(found.message).not.toContain(folder);
  return `${found.why}: ${found.message}`;
}

describe('images', () => {
  test.each(['jpeg', 'png', 'webp', 'gif', 'avif'] as const)('takes %s, with a thumbnail in WebP', async (format) => {
    const found = await verify(await picture(format, 640, 400));
    expect(found).toMatchObject({ type: 'image', mimeType: `image/${format}`, width: 640, height: 400, probe: null });
    const thumbnail = await sharp(found.thumbnail ?? Buffer.alloc(0)).metadata();
    expect([thumbnail.format, thumbnail.width, thumbnail.height]).toEqual(['webp', 480, 300]);
  });

  test('applies the orientation that the camera noted, in size and thumbnail', async () => {
    const turned = await sharp(await picture('jpeg', 640, 400))
      .withMetadata({ orientation: 6 })
      .toBuffer();
    const found = await verify(turned);
    expect([found.width, found.height]).toEqual([400, 640]);
    expect((await sharp(found.thumbnail ?? Buffer.alloc(0)).metadata()).height).toBe(480);
  });

  test('measures one frame of an animation', async () => {
    const frames = await Promise.all([1, 2, 3].map((seed) => picture('png', 64, 48, seed)));
    const animation = await sharp(frames, { join: { animated: true } })
      .gif({ delay: 100 })
      .toBuffer();
    expect(await verify(animation)).toMatchObject({ mimeType: 'image/gif', width: 64, height: 48 });
  });

  test.each(['jpeg', 'png', 'webp', 'gif', 'avif'] as const)('refuses %s that is cut off', async (format) => {
    const whole = await picture(format);
    expect(await refusal(whole.subarray(0, Math.floor(whole.length * 0.7)))).toMatch(/^broken: /);
  });

  test('refuses more pixels than may be, by the header alone', async () => {
    const bomb = await picture('png');
    bomb.writeUInt32BE(16_383, 16);
    bomb.writeUInt32BE(12_000, 20);
    bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29);
    expect(16_383 * 12_000).toBeGreaterThan(IMAGE_PIXELS_MAX);
    expect(await refusal(bomb)).toContain('16383 x 12000 pixels: the most is 100 megapixels');
  });

  test('refuses what only begins as an image', async () => {
    const png = await picture('png');
    expect(
      await refusal(Buffer.concat([png.subarray(0, 33), Buffer.from('<script>alert(1)</script>'.repeat(50))])),
    ).toMatch(/^broken: The image is damaged/);
  });

  test('takes an image with something behind it for the image that it is', async () => {
    const bundle = zipOf([{ name: 'index.html', bytes: '<!doctype html>' }]);
    const polyglot = Buffer.concat([await picture('jpeg'), bundle]);
    expect(await verify(polyglot)).toMatchObject({ type: 'image', mimeType: 'image/jpeg' });
    const gif = await picture('gif');
    const comment = Buffer.from('<script>alert(1)</script>');
    const extension = Buffer.concat([Buffer.from([0x21, 0xfe, comment.length]), comment, Buffer.from([0])]);
    const trailer = gif.subarray(0, gif.length - 1);
    expect(await verify(Buffer.concat([trailer, extension, Buffer.from([0x3b])]))).toMatchObject({
      mimeType: 'image/gif',
    });
  });
});

describe('what is not taken', () => {
  test.each<[string, Buffer | string, RegExp]>([
    ['nothing', '', /^broken: The file is empty/],
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', /^unsupported: SVG can carry scripts/],
    ['SVG with a prologue', '<?xml version="1.0"?><!-- a --><!DOCTYPE svg><svg/>', /^unsupported: SVG/],
    ['text', 'hello', /^unsupported: This kind of file is not taken/],
    ['a script', '#!/bin/sh\nrm -rf', /^unsupported: /],
    ['PDF', '%PDF-1.7\n%âãÏÓ', /^unsupported: application\/pdf/],
    ['a program', Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(200)]), /^unsupported: /],
    ['a playlist', '#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n', /^unsupported: /],
    ['HTML in UTF-16', Buffer.from('\uFEFF<!doctype html><p>hello', 'utf16le'), /^unsupported: /],
  ])('refuses %s', async (_what, bytes, message) => {
    expect(await refusal(bytes, tools)).toMatch(message);
  });

  test('refuses TIFF, which browsers do not show', async () => {
    expect(await refusal(await picture('tiff'))).toMatch(/^unsupported: image\/tiff is not taken/);
  });
});

describe('pages', () => {
  test.each([
    '<!DOCTYPE html><title>x</title>',
    '\uFEFF<!-- made by hand -->\n<!doctype html>',
    '<html lang="de"><body>größer</body></html>',
  ])('takes %j', async (page) => {
    expect(await verify(page)).toMatchObject({ type: 'html', mimeType: 'text/html; charset=utf-8', thumbnail: null });
  });

  test('refuses bytes that are no UTF-8, no text, or too many', async () => {
    expect(await refusal(Buffer.concat([Buffer.from('<!doctype html>'), Buffer.from([0xe9, 0x20])]))).toContain(
      'not UTF-8',
    );
    expect(await refusal('<!doctype html>\0')).toContain('no text');
    expect(await refusal(`<!doctype html>${'x'.repeat(PAGE_BYTES_MAX)}`)).toContain('send it as a ZIP bundle');
  });

  test('reads many comments before the start in linear time', async () => {
    expect(await refusal('<!---->'.repeat(500))).toMatch(/^unsupported/);
  });
});

const INDEX: ZipPart = { name: 'index.html', bytes: '<!doctype html><script src="app/main.js"></script>' };

describe('bundles', () => {
  test('takes one, folders, descriptors and all', async () => {
    const bundle = zipOf([
      INDEX,
      { name: 'app/', mode: 0o040755 },
      { name: 'app/main.js', bytes: 'let a;', stored: true },
    ]);
    expect(await verify(bundle)).toMatchObject({ type: 'html', mimeType: 'application/zip' });
  });

  const nothing = Buffer.alloc(0);
  test.each<[string, Buffer, string]>([
    ['no index.html', zipOf([{ name: 'site/index.html', bytes: 'x' }]), 'has no index.html at its root'],
    ['an empty index.html', zipOf([{ name: 'index.html' }]), 'empty index.html'],
    ['a way up', zipOf([INDEX, { name: '../evil', bytes: 'x' }]), 'invalid relative path'],
    ['a way up inside', zipOf([INDEX, { name: 'a/../../evil', bytes: 'x' }]), 'invalid relative path'],
    ['an absolute path', zipOf([INDEX, { name: '/etc/passwd', bytes: 'x' }]), 'absolute path'],
    ['a drive', zipOf([INDEX, { name: 'c:/evil', bytes: 'x' }]), 'absolute path'],
    ['a stream of NTFS', zipOf([INDEX, { name: 'a.txt:evil', bytes: 'x' }]), 'leads elsewhere'],
    ['backslashes', zipOf([INDEX, { name: 'a\\..\\evil', bytes: 'x' }]), 'invalid characters'],
    ['an empty folder name', zipOf([INDEX, { name: 'a//b', bytes: 'x' }]), 'leads elsewhere'],
    ['a NUL', zipOf([INDEX, { name: 'a\0.html', bytes: 'x' }]), 'leads elsewhere'],
    ['a link', zipOf([INDEX, { name: 'link', bytes: '/etc', mode: 0o120777 }]), 'neither file nor folder'],
    ['a device', zipOf([INDEX, { name: 'tty', bytes: 'x', mode: 0o020666 }]), 'neither file nor folder'],
    ['encryption', zipOf([INDEX, { name: 'a', bytes: 'x', flags: 1 }]), 'encrypted'],
    ['another packing', zipOf([INDEX, { name: 'a', bytes: 'xx', method: 12 }]), 'not supported'],
    ['a name twice', zipOf([INDEX, { name: 'a', bytes: 'x' }, { name: 'a', bytes: 'y' }]), 'names "a" twice'],
    ['a name twice but for case', zipOf([INDEX, { name: 'INDEX.html', bytes: 'x' }]), 'twice'],
    ['a file that is a folder', zipOf([INDEX, { name: 'a', bytes: 'x' }, { name: 'a/b', bytes: 'y' }]), 'twice'],
    ['a long name', zipOf([INDEX, { name: 'x'.repeat(BUNDLE_NAME_CHARS_MAX + 1), bytes: 'x' }]), 'longer than 255'],
    ['deep folders', zipOf([INDEX, { name: `${'d/'.repeat(16)}f`, bytes: 'x' }]), 'folders deeper than 16'],
    [
      'many entries',
      zipOf([INDEX, ...Array.from({ length: BUNDLE_ENTRIES_MAX }, (_none, at) => ({ name: `e${at}` }))]),
      'more than 2000 entries',
    ],
    ['a bomb', zipOf([INDEX, { name: 'zeros', bytes: Buffer.alloc(8_000_000) }]), 'more than 200 times its size'],
    ['a size that is a lie', zipOf([INDEX, { name: 'a', bytes: Buffer.alloc(5_000), claimedBytes: 10 }]), 'damaged'],
    ['a wrong checksum', zipOf([INDEX, { name: 'a', bytes: 'xyz', claimedCrc: 1 }]), 'checksum of "a" is wrong'],
    [
      'ZIP64',
      zipOf([INDEX, { name: 'a', bytes: 'x', extra: Buffer.from('0100100000000000000000000000000000000000', 'hex') }]),
      'ZIP64',
    ],
    ['ZIP64 at its end', zipOf([INDEX], { zip64: true }), 'ZIP64'],
    ['two lengths', zipOf([INDEX, { name: 'a', bytes: 'xyz', localPackedBytes: 1 }]), 'says two things'],
    ['bytes behind its directory', zipOf([INDEX], { behind: Buffer.alloc(40) }), 'hides bytes'],
    ['two names', zipOf([INDEX, { name: 'good.html', localName: 'evil.html', bytes: 'x' }]), 'says two things'],
    ['entries that share bytes', zipOf([INDEX, { name: 'a', bytes: 'x' }, { name: 'a', sameAs: 1 }]), 'twice'],
    [
      'entries that overlap',
      zipOf([INDEX, { name: 'a', bytes: 'x' }, { name: 'b', localName: 'a', sameAs: 1 }]),
      'says two things',
    ],
    ['bytes that nobody owns', zipOf([INDEX], { gap: Buffer.alloc(64) }), 'hides bytes'],
    ['bytes at its end', Buffer.concat([zipOf([INDEX]), Buffer.from('<script>')]), 'damaged'],
    ['no directory', Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), Buffer.alloc(100)]), 'damaged'],
    ['nothing in it', zipOf([], { prefix: nothing }), 'has no index.html'],
  ])('refuses one with %s', async (_what, bytes, message) => {
    expect(await refusal(bytes)).toContain(message);
  });

  test('refuses one that is cut off', async () => {
    const whole = zipOf([INDEX, { name: 'a', bytes: Buffer.from(await picture('png')) }]);
    expect(await refusal(whole.subarray(0, whole.length - 30))).toContain('damaged');
  });
});

const mp4 = await film('mp4', ['-c:v', 'libx264', '-movflags', '+faststart']);

describe.skipIf(mp4 === null)('videos, measured', () => {
  const bytes = (made: Buffer | null): Buffer => made ?? Buffer.alloc(0);

  test('takes MP4 and WebM with what was found in them, and a picture', async () => {
    const found = await verify(bytes(mp4), tools);
    expect(found).toMatchObject({ type: 'video', mimeType: 'video/mp4', width: 320, height: 180, durationMs: 1_000 });
    expect(found.probe).toMatchObject({ status: 'done', videoCodec: 'h264', audioCodec: null, framesPerSecond: 10 });
    expect((await sharp(found.thumbnail ?? Buffer.alloc(0)).metadata()).width).toBe(320);
    const webm = await verify(bytes(await film('webm', ['-c:v', 'libvpx-vp9', '-deadline', 'realtime'])), tools);
    expect(webm).toMatchObject({ type: 'video', mimeType: 'video/webm', width: 320, durationMs: 1_000 });
  });

  test('refuses what players cannot decode, or do not open', async () => {
    expect(await refusal(bytes(await film('mp4', ['-c:v', 'mpeg4'])), tools)).toContain('cannot decode mpeg4');
    expect(await refusal(bytes(await film('mov', ['-c:v', 'libx264'])), tools)).toMatch(/^unsupported: QuickTime/);
    expect(await refusal(bytes(await film('mkv', ['-c:v', 'libx264'])), tools)).toMatch(/^unsupported: Matroska/);
  });

  test('refuses one that is cut off, with or without tools', async () => {
    for (const using of [tools, noTools]) {
      expect(await refusal(bytes(mp4).subarray(0, bytes(mp4).length - 500), using)).toContain('incomplete');
    }
  });

  test('refuses one whose pictures are noise', async () => {
    const damaged = Buffer.from(bytes(mp4));
    const from = damaged.indexOf('mdat') + 4;
    damaged.fill(0xff, from);
    expect(await refusal(damaged, tools)).toMatch(/^broken: /);
  });

  test('kills a tool that takes too long, says too much or is stopped', async () => {
    const failing = async (
      args: string[],
      limits: { timeMs: number; stdoutBytesMax: number; signal?: AbortSignal },
    ) => {
      const ffmpeg = (await tools.find('ffmpeg')) ?? '';
      const error: unknown = await tools.run(ffmpeg, args, limits).catch((caught: unknown) => caught);
      return error instanceof ToolFailed ? error.why : error;
    };
    const forever = ['-v', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc', '-f', 'null', '-'];
    const loud = ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc', '-f', 'rawvideo', 'pipe:1'];
    expect(await failing(forever, { timeMs: 50, stdoutBytesMax: 100 })).toBe('time');
    expect(await failing(loud, { timeMs: 20_000, stdoutBytesMax: 100_000 })).toBe('output');
    const stopped = AbortSignal.abort();
    expect(await failing(forever, { timeMs: 20_000, stdoutBytesMax: 100, signal: stopped })).toBe('stopped');
    expect(await failing(['-i', 'file:nowhere'], { timeMs: 20_000, stdoutBytesMax: 100 })).toBe('exit');
  });
});

/** The boxes of an MP4 without a film in them: enough where nobody can look inside. */
function boxes(...names: string[]): Buffer {
  const brand = Buffer.from('isom\0\0\x02\0isomiso2avc1mp41', 'latin1');
  const box = (name: string, content: Buffer): Buffer => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(8 + content.length, 0);
    head.write(name, 4, 'latin1');
    return Buffer.concat([head, content]);
  };
  return Buffer.concat([box('ftyp', brand), ...names.map((name) => box(name, Buffer.alloc(64)))]);
}

describe('videos, without ffprobe', () => {
  test('are taken as they are, and it is said that nobody looked', async () => {
    const found = await verify(boxes('moov', 'mdat'));
    expect(found).toMatchObject({
      type: 'video',
      mimeType: 'video/mp4',
      width: null,
      durationMs: null,
      thumbnail: null,
    });
    expect(found.probe?.status).toBe('unavailable');
    expect(found.probe?.message).toContain('ffprobe is not installed');
  });

  test('a real film is taken where nobody can measure it', async () => {
    expect(await verify(smallFilm())).toMatchObject({ mimeType: 'video/mp4', durationMs: null, thumbnail: null });
  });

  test('are refused when they have not come whole', async () => {
    const whole = boxes('moov', 'mdat');
    expect(await refusal(whole.subarray(0, whole.length - 1))).toContain('incomplete');
    expect(await refusal(boxes('mdat'))).toContain('no index');
    expect(await refusal(boxes('moov'))).toContain('nothing to play');
    expect(await refusal(Buffer.concat([whole, Buffer.from('PK\x03\x04zip', 'latin1')]))).toContain('incomplete');
  });
});
