/** The part of the object store's contract that is about objects that come in parts. */
import { expect, test } from 'vitest';
import { MissingPartsError, PartsGoneError, type ObjectStore } from '../../core/ports.ts';
import { asFetched, fetchWhole, MEBIBYTE, someBytes, streamOf } from './object-samples.ts';

const MP4 = 'video/mp4';
/** S3's least for every part but the last. */
const PART_BYTES = 5 * MEBIBYTE;

/** Sends a part as its sender would: to the store's own address where it has one. */
async function send(
  store: ObjectStore,
  key: string,
  partsId: string,
  number: number,
  bytes: Buffer,
): Promise<number | null> {
  const part = { key, partsId, number };
  const url = await store.partUrl(part, { expiresInSeconds: 60, sizeBytes: bytes.length });
  if (url === null) {
    await store.putPart(part, streamOf(bytes), bytes.length);
    return null;
  }
  return (await fetch(url, { method: 'PUT', body: new Uint8Array(bytes) })).status;
}

export function describeObjectsInParts(store: () => ObjectStore): void {
  test('parts that come in any order, and again, are one object when they are joined, and not before', async () => {
    const key = 'in-parts/any-order';
    const bytes = someBytes(2 * PART_BYTES + 12_345);
    const parts = [bytes.subarray(0, PART_BYTES), bytes.subarray(PART_BYTES, 2 * PART_BYTES)];
    const last = bytes.subarray(2 * PART_BYTES);
    const partsId = await store().beginParts(key, MP4);
    expect(await store().listParts(key, partsId)).toEqual([]);
    await send(store(), key, partsId, 3, last);
    await send(store(), key, partsId, 1, someBytes(PART_BYTES));
    expect(await store().listParts(key, partsId)).toEqual(
      [
        { number: 1, sizeBytes: PART_BYTES },
        { number: 3, sizeBytes: 12_345 },
      ].map((part) => expect.objectContaining(part)),
    );
    await send(store(), key, partsId, 2, parts[1] ?? last);
    await send(store(), key, partsId, 1, parts[0] ?? last);
    expect(await store().get(key)).toBeNull();
    expect(await store().listParts(key, partsId)).toHaveLength(3);
    await store().joinParts(key, partsId, 3);
    expect(await fetchWhole(store(), key)).toEqual(asFetched(bytes, MP4));
    expect(await store().listParts(key, partsId)).toBeNull();
  });

  test('a part through the store itself is the same', async () => {
    const key = 'in-parts/through';
    const bytes = someBytes(70_001);
    const partsId = await store().beginParts(key, MP4);
    await store().putPart({ key, partsId, number: 1 }, streamOf(bytes), bytes.length);
    await store().joinParts(key, partsId, 1);
    expect(await fetchWhole(store(), key)).toEqual(asFetched(bytes, MP4));
  });

  test('what is missing is named, and nothing is lost by trying', async () => {
    const key = 'in-parts/missing';
    const partsId = await store().beginParts(key, MP4);
    await send(store(), key, partsId, 2, someBytes(PART_BYTES));
    const joining = store().joinParts(key, partsId, 4);
    await expect(joining).rejects.toBeInstanceOf(MissingPartsError);
    await expect(joining).rejects.toMatchObject({ missing: [1, 3, 4] });
    expect(await store().get(key)).toBeNull();
    for (const number of [1, 3]) await send(store(), key, partsId, number, someBytes(PART_BYTES));
    await send(store(), key, partsId, 4, someBytes(1));
    await store().joinParts(key, partsId, 4);
    expect((await store().stat(key))?.sizeBytes).toBe(3 * PART_BYTES + 1);
  });

  test('a stream that fails leaves no part, and the one that was there', async () => {
    const key = 'in-parts/broken';
    const partsId = await store().beginParts(key, MP4);
    const failure = new Error('the sender hung up');
    const part = { key, partsId, number: 1 };
    await expect(store().putPart(part, streamOf(someBytes(100), failure), 200)).rejects.toBe(failure);
    expect(await store().listParts(key, partsId)).toEqual([]);
    await store().abortParts(key, partsId);
  });

  test('dropped parts take no more and are never joined; dropping them again is no error', async () => {
    const key = 'in-parts/dropped';
    const partsId = await store().beginParts(key, MP4);
    await send(store(), key, partsId, 1, someBytes(1_000));
    await store().abortParts(key, partsId);
    await store().abortParts(key, partsId);
    expect(await store().listParts(key, partsId)).toBeNull();
    await expect(store().joinParts(key, partsId, 1)).rejects.toBeInstanceOf(PartsGoneError);
    const part = { key, partsId, number: 1 };
    await expect(store().putPart(part, streamOf(someBytes(9)), 9)).rejects.toBeInstanceOf(PartsGoneError);
    if ((await store().partUrl(part, { expiresInSeconds: 60, sizeBytes: 9 })) !== null)
      expect(await send(store(), key, partsId, 1, someBytes(9))).toBe(404);
    expect(await store().get(key)).toBeNull();
  });

  test('parts that were joined are gone, and their object stays', async () => {
    const key = 'in-parts/twice';
    const partsId = await store().beginParts(key, MP4);
    await send(store(), key, partsId, 1, someBytes(10));
    await store().joinParts(key, partsId, 1);
    await expect(store().joinParts(key, partsId, 1)).rejects.toBeInstanceOf(PartsGoneError);
    expect((await store().stat(key))?.sizeBytes).toBe(10);
  });

  test('two sets of parts of one key are apart', async () => {
    const key = 'in-parts/apart';
    const [one, two] = [await store().beginParts(key, MP4), await store().beginParts(key, MP4)];
    await send(store(), key, one, 1, someBytes(10));
    expect(await store().listParts(key, two)).toEqual([]);
    await store().abortParts(key, two);
    expect(await store().listParts(key, one)).toHaveLength(1);
    await store().abortParts(key, one);
  });

  test.each([0, -1, 1.5, 10_001, Number.NaN])('%d is no part', async (number) => {
    const part = { key: 'in-parts/a', partsId: 'a', number };
    await expect(store().partUrl(part, { expiresInSeconds: 60, sizeBytes: 1 })).rejects.toThrow("not a part's number");
    await expect(store().putPart(part, streamOf(someBytes(1)), 1)).rejects.toThrow("not a part's number");
  });

  test('a name that the store never gave, or that would climb, has no parts', async () => {
    expect(await store().listParts('in-parts/a', 'never-given')).toBeNull();
    await store().abortParts('in-parts/a', 'never-given');
    for (const partsId of ['..', '../..']) {
      await store()
        .abortParts('in-parts/a', partsId)
        .catch(() => null);
      expect(
        await store()
          .listParts('in-parts/a', partsId)
          .catch(() => null),
      ).toBeNull();
    }
  });
}
