/** Bundles are unpacked whole, or refused for what they are. */
import { zipSync, type Zippable } from 'fflate';
import { describe, expect, it } from 'vitest';
import { BUNDLE_BYTES_MAX, BUNDLE_FILES_MAX, unpackBundle } from './bundle-files.ts';
import { SlideTrouble } from './slide.ts';

const PAGE = new TextEncoder().encode('<!doctype html><p>Hello');

async function unpacked(files: Zippable): Promise<Map<string, Uint8Array>> {
  return new Map(await unpackBundle(zipSync(files), () => Promise.resolve()));
}

describe('a bundle', () => {
  it('comes out as it went in, folders left out, and with pauses', async () => {
    const large = new Uint8Array(3 * 1024 * 1024).map((_, index) => (index * 7_919) >> 3);
    let pauses = 0;
    const zip = zipSync({
      'index.html': PAGE,
      img: { 'a.bin': [large, { level: 0 }], 'b.bin': new Uint8Array([1]) },
      empty: {},
    });
    const files = await unpackBundle(zip, async () => {
      pauses += 1;
    });
    expect([...files.keys()].toSorted()).toEqual(['img/a.bin', 'img/b.bin', 'index.html']);
    expect(Buffer.from(files.get('img/a.bin') ?? []).equals(Buffer.from(large))).toBe(true);
    expect(pauses).toBeGreaterThan(1);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['without a page', () => unpacked({ 'start.html': PAGE }), /no index\.html/],
    ['that is none', () => unpackBundle(PAGE, () => Promise.resolve()), /damaged/],
    [
      'that is cut short',
      () => unpackBundle(zipSync({ 'index.html': PAGE }).slice(0, -30), () => Promise.resolve()),
      /damaged/,
    ],
    [
      'that is a bomb',
      () => unpacked({ 'index.html': PAGE, 'zeros.bin': new Uint8Array(8 * 1024 * 1024) }),
      /times its size/,
    ],
    [
      'that is too large',
      () => unpacked({ 'index.html': PAGE, 'x.bin': [new Uint8Array(BUNDLE_BYTES_MAX + 1), { level: 0 }] }),
      /more than \d+ bytes/,
    ],
    [
      'of too many files',
      () =>
        unpacked({
          'index.html': PAGE,
          ...Object.fromEntries(Array.from({ length: BUNDLE_FILES_MAX }, (_, at) => [`${at}.txt`, new Uint8Array()])),
        }),
      /more than 2000 files/,
    ],
  ])('%s is refused', async (_label, unpack, reason) => {
    const refused = await unpack().then(
      () => null,
      (cause: unknown) => cause,
    );
    expect(refused).toBeInstanceOf(SlideTrouble);
    expect((refused as SlideTrouble).message).toMatch(reason);
  });
});
