/** What is the disk's own: who may read the files, what is left after a failure, and readers and writers of one key at once. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { removeFolder, throwawayFolder } from '../../test/support/daemon.ts';
import { systemIds } from '../system-ports.ts';
import { DiskObjectStore } from './disk-object-store.ts';
import { asFetched, fetchWhole, MEBIBYTE, someBytes, streamOf } from './testing/object-samples.ts';

const PNG = 'image/png';

describe('the object store on disk', () => {
  let folder: string;
  let store: DiskObjectStore;
  beforeEach(() => {
    folder = throwawayFolder('objects');
    store = new DiskObjectStore(join(folder, 'not', 'made', 'yet'), systemIds);
  });
  afterEach(() => {
    removeFolder(folder);
  });

  /** Every file under the folder, relative to it. */
  function files(): string[] {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  }

  test('nothing is there before the first put, and nobody else may read what is there after it', async () => {
    expect(await store.get('a')).toBeNull();
    await store.delete('a');
    expect(files()).toEqual([]);
    await store.put('a/b', someBytes(10), PNG);
    expect(files()).toEqual(['not/made/yet/a/b~']);
    expect(statSync(join(folder, 'not/made/yet/a/b~')).mode & 0o777).toBe(0o600);
  });

  test('another store on the same folder finds it', async () => {
    const bytes = someBytes(1_000);
    await store.put('kept', bytes, PNG);
    const other = new DiskObjectStore(relative(process.cwd(), join(folder, 'not', 'made', 'yet')), systemIds);
    expect(await fetchWhole(other, 'kept')).toEqual(asFetched(bytes, PNG));
  });

  test('a put that fails leaves no draft', async () => {
    await store.put('a', someBytes(10), PNG);
    const before = files();
    await expect(store.put('a', streamOf(someBytes(MEBIBYTE), new Error('hung up')), PNG)).rejects.toThrow('hung up');
    await expect(store.put('b', streamOf(someBytes(0), new Error('hung up')), PNG)).rejects.toThrow('hung up');
    expect(files()).toEqual(before);
  });

  test('a put that cannot write fails, and ends the stream that it was given', async () => {
    writeFileSync(join(folder, 'not'), 'a file where the folder should be');
    const stream = streamOf(someBytes(1_000));
    await expect(store.put('a', stream, PNG)).rejects.toThrow('ENOTDIR');
    expect(stream.destroyed).toBe(true);
  });

  test('a reader keeps the object that it opened, whatever happens meanwhile', async () => {
    const old = someBytes(3 * MEBIBYTE);
    await store.put('a', old, PNG);
    const [first, second] = [await store.get('a'), await store.get('a')];
    await store.put('a', someBytes(5), 'application/zip');
    expect((await buffer(first?.stream as Readable)).equals(old)).toBe(true);
    await store.delete('a');
    expect((await buffer(second?.stream as Readable)).equals(old)).toBe(true);
    expect(second?.sizeBytes).toBe(old.byteLength);
  });

  test('of puts of one key at once one wins whole, and readers meanwhile see one or another', async () => {
    const versions = Array.from({ length: 8 }, (_, at) => ({ bytes: someBytes(200_000 + at), type: `image/x-${at}` }));
    const allowed = versions.map(({ bytes, type }) => asFetched(bytes, type));
    const writing = { isDone: false };
    async function readUntilDone(): Promise<number> {
      let read = 0;
      while (!writing.isDone) {
        const found = await fetchWhole(store, 'a');
        if (found !== null) expect(allowed).toContainEqual(found);
        read += 1;
      }
      return read;
    }
    const reading = readUntilDone();
    await Promise.all(versions.map(({ bytes, type }) => store.put('a', streamOf(bytes), type)));
    writing.isDone = true;
    expect(await reading).toBeGreaterThan(0);
    expect(allowed).toContainEqual(await fetchWhole(store, 'a'));
    expect(files()).toEqual(['not/made/yet/a~']);
  });

  test.each(['', 'no line feed', '{}\nbytes', '{"contentType":7}\nbytes', 'null\nbytes', '[]\nbytes', '{\nbytes'])(
    'a file that is no object of ours (%j) is an error and not an object',
    async (content) => {
      await store.put('a', someBytes(1), PNG);
      const file = join(folder, 'not/made/yet/a~');
      writeFileSync(file, content);
      await expect(store.get('a')).rejects.toThrow('the file of object a does not begin with its content type');
      expect(readFileSync(file, 'utf8')).toBe(content);
    },
  );
});
