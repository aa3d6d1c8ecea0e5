import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemIds } from '../testing/api-fixture.ts';
import { Quarantine } from './quarantine.ts';

let folder: string;
let quarantine: Quarantine;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podoh-quarantine-'));
  quarantine = new Quarantine(join(folder, 'made'), systemIds);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A stream that breaks off after these chunks. */
function broken(...chunks: string[]): Readable {
  return Readable.from(
    (function* () {
      for (const chunk of chunks) yield Buffer.from(chunk);
      throw new Error('broken off');
    })(),
  );
}

test('a file is what came, measured', async () => {
  const file = await quarantine.receive(Readable.from([Buffer.from('ab'), Buffer.from('c')]), 3);
  expect(readFileSync(file.path, 'utf8')).toBe('abc');
  expect(file).toMatchObject({
    sizeBytes: 3,
    sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  });
});

test('what breaks off, at once or later, or is too large, leaves nothing', async () => {
  const sources = Array.from({ length: 60 }, (_, at) => [broken(), broken('a', 'b'), Readable.from(['abcd'])][at % 3]!);
  const outcomes = await Promise.allSettled(
    sources.map((source) =>
      quarantine.receive(
        source.map((chunk: string) => Buffer.from(chunk)),
        3,
      ),
    ),
  );
  expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']));
  // Long enough for a file to come to be that was still being opened.
  await sleep(100);
  expect(readdirSync(join(folder, 'made'))).toEqual([]);
});
