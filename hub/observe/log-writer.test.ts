/** Logging never costs the service: with a reader that stops, goes away, or a disk that is full, against real descriptors. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { removeFolder, throwawayFolder } from '../../test/support/daemon.ts';
import { eventually } from '../../test/support/eventually.ts';
import { LogWriter } from './log-writer.ts';

const WRITER = JSON.stringify(new URL('log-writer.ts', import.meta.url).href);

describe('in this process, on a pipe that does not block', () => {
  let folder: string;
  let fd: number;
  beforeEach(() => {
    folder = throwawayFolder('log');
    spawnSync('/usr/bin/mkfifo', [join(folder, 'pipe')]);
    fd = openSync(join(folder, 'pipe'), constants.O_RDWR | constants.O_NONBLOCK);
  });
  afterEach(() => {
    closeSync(fd);
    removeFolder(folder);
  });

  /** Writes until the pipe takes no more; returns how many bytes that were. */
  function fillPipe(): number {
    let filled = 0;
    try {
      for (;;) filled += writeSync(fd, 'f'.repeat(4_096));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      return filled;
    }
  }

  /** What is in the pipe now. */
  function readAvailable(): string {
    const chunk = Buffer.alloc(1024 * 1024);
    try {
      return chunk.toString('utf8', 0, readSync(fd, chunk));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return '';
      throw error;
    }
  }

  async function readUntil(isDone: (all: string) => boolean): Promise<string> {
    let all = '';
    await eventually(() => isDone((all += readAvailable())));
    return all;
  }

  const line = (at: number): string => `${String(at).padStart(6, '0')} ${'x'.repeat(92)}\n`;

  test('what a full pipe does not take waits, and comes whole and in order when it is read', async () => {
    const writer = new LogWriter(fd, () => undefined);
    const lines = Array.from({ length: 5_000 }, (_, at) => line(at));
    for (const each of lines) writer.write(each);
    expect(await readUntil((all) => all.length >= 500_000)).toBe(lines.join(''));
    writer.write('and on\n');
    expect(await readUntil((all) => all !== '')).toBe('and on\n');
  });

  test('past its limit lines are dropped whole, counted, and told once others are taken', async () => {
    const told: number[] = [];
    const writer = new LogWriter(
      fd,
      (dropped) => {
        told.push(dropped);
        writer.write(`dropped ${dropped}\n`);
      },
      10_000,
    );
    const filled = fillPipe();
    for (let at = 0; at < 2_000; at += 1) {
      writer.write(line(at));
      if (at % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(told).toEqual([]);
    const all = (await readUntil((text) => /^dropped \d+$/m.test(text))).slice(filled);
    const kept = all.split('\n').filter((each) => /^\d{6} x{92}$/.test(each));
    const [dropped = 0] = told;
    expect(told).toHaveLength(1);
    expect(kept.length + dropped).toBe(2_000);
    expect(dropped).toBeGreaterThan(1_700);
    expect(all.split('\n').filter((each) => each !== '')).toHaveLength(kept.length + 1);
    expect(kept).toEqual(kept.toSorted());
  });

  test('while nothing waits it leaves no trace on the process', async () => {
    const before = process.listenerCount('exit');
    const writer = new LogWriter(fd, () => undefined);
    for (let round = 0; round < 20; round += 1) writer.write('line\n');
    expect(process.listenerCount('exit')).toBe(before + 1);
    await readUntil((all) => all.length === 100);
    await eventually(() => process.listenerCount('exit') === before);
  });
});

/** Runs a program that has a `writer` on its stdout, with a stdout of our choice. */
function program(body: string, stdout: 'pipe' | number) {
  const source = `
    const { LogWriter } = await import(${WRITER});
    const { setTimeout: sleep } = await import('node:timers/promises');
    const writer = new LogWriter(1, (dropped) => writer.write('dropped ' + dropped + '\\n'));
    ${body}
    process.stderr.write('alive');
    process.exitCode = 7;
  `;
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', source],
    {
      stdio: ['ignore', stdout, 'pipe'],
    },
  );
  return { child, ended: Promise.all([once(child, 'exit'), text(child.stderr as Readable)]) };
}

describe('in a process of its own', () => {
  test('a full disk costs lines and not the process, and does not keep it from ending', async () => {
    const full = openSync('/dev/full', 'w');
    const { ended } = program(`for (let at = 0; at < 20; at += 1) { writer.write('line\\n'); await sleep(5); }`, full);
    const [[exitCode], stderr] = await ended;
    closeSync(full);
    expect([exitCode, stderr]).toEqual([7, 'alive']);
  });

  test('so does a reader that goes away, and nothing is kept for it', async () => {
    const { child, ended } = program(
      `writer.write('line\\n');
      await sleep(50);
      for (let at = 0; at < 20; at += 1) { writer.write('line\\n'); await sleep(5); }
      process.stderr.write(process.listenerCount('exit') + ' waiting, ');`,
      'pipe',
    );
    child.stdout?.once('data', () => child.stdout?.destroy());
    const [[exitCode], stderr] = await ended;
    expect([exitCode, stderr]).toEqual([7, '0 waiting, alive']);
  });

  test('an exit right after the last line loses none', async () => {
    const folder = throwawayFolder('log');
    const file = join(folder, 'log');
    const fd = openSync(file, 'w');
    const { ended } = program(`for (let at = 0; at < 10_000; at += 1) writer.write(at + '\\n'); process.exit(3);`, fd);
    const [[exitCode]] = await ended;
    closeSync(fd);
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    removeFolder(folder);
    expect(exitCode).toBe(3);
    expect(lines.map(Number).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 10_000 }, (_, at) => at));
  });

  test('a reader that sleeps through a hundred megabytes costs lines and not memory', async () => {
    const { child, ended } = program(
      `const line = 'x'.repeat(999) + '\\n';
      const before = process.memoryUsage.rss();
      for (let at = 0; at < 100_000; at += 1) { writer.write(line); if (at % 1000 === 0) await sleep(1); }
      process.stderr.write(Math.round((process.memoryUsage.rss() - before) / 1048576) + ' MB ');
      await sleep(100);`,
      'pipe',
    );
    const stderr = child.stderr as Readable;
    await once(stderr, 'readable');
    const [all, [[exitCode], said]] = await Promise.all([text(child.stdout as Readable), ended]);
    const lines = all.split('\n').filter((line) => line !== '');
    const dropped = Number(/dropped (\d+)/.exec(all)?.[1]);
    expect(lines.filter((line) => line.length === 999).length + dropped).toBe(100_000);
    expect(dropped).toBeGreaterThan(90_000);
    expect(exitCode).toBe(7);
    expect(Number(/^(\d+) MB alive$/.exec(said)?.[1])).toBeLessThan(60);
  });
});
