import { expect, test } from 'vitest';
import { pino } from 'pino';
import { PacedLoop } from './paced-loop.ts';

function loopOf(work: () => Promise<void>): { loop: PacedLoop; lines: string[] } {
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
  return {
    loop: new PacedLoop({ name: 'the work', delayMs: 0 }, work, {
      ids: { secret: () => '', uuid: () => '', below: () => 0 },
      log,
    }),
    lines,
  };
}

test('never overlaps, and follows whoever wakes it while it works with one whole run', async () => {
  const gates: PromiseWithResolvers<void>[] = [];
  let working = 0;
  const begun: PromiseWithResolvers<void>[] = [Promise.withResolvers(), Promise.withResolvers()];
  const { loop } = loopOf(async () => {
    working += 1;
    expect(working).toBe(1);
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    begun[gates.length - 1]?.resolve();
    await gate.promise;
    working -= 1;
  });
  loop.wake();
  await begun[0]?.promise;
  loop.wake();
  loop.wake();
  expect(gates).toHaveLength(1);
  gates[0]?.resolve();
  await begun[1]?.promise;
  const stopped = loop.stop();
  loop.wake();
  gates[1]?.resolve();
  await stopped;
  expect(gates).toHaveLength(2);
});

test('goes on by itself after a failure, which it tells once, and tells when it is over', async () => {
  let runs = 0;
  const third = Promise.withResolvers<void>();
  const { loop, lines } = loopOf(async () => {
    runs += 1;
    if (runs >= 3) third.resolve();
    else throw new Error('away');
  });
  loop.wake();
  await third.promise;
  await loop.stop();
  const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  expect(messages).toEqual(['the work failed and is tried again', 'the work works again']);
});
