import { expect, test } from 'vitest';
import { inReportTurn } from './report-turns.ts';

/** Work that goes on until it is told to end. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let begun = false;
  const work = (): Promise<string> => {
    begun = true;
    return promise;
  };
  return { work, end: resolve, fail: reject, hasBegun: () => begun };
}

test('two run, the next wait for their turn, and the rest are told to come again', async () => {
  const db = {};
  const works = Array.from({ length: 18 }, held);
  const runs = works.map(({ work }) => inReportTurn(db, work));
  const begun = (): number => works.filter(({ hasBegun }) => hasBegun()).length;
  expect(begun()).toBe(2);
  await expect(inReportTurn(db, held().work)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfterSeconds: 5 });
  // Another database is not concerned.
  expect(await inReportTurn({}, async () => 'elsewhere')).toBe('elsewhere');

  works[1]?.end('second');
  expect(await runs[1]).toBe('second');
  expect(begun()).toBe(3);
  works[0]?.fail(new Error('lost'));
  await expect(runs[0]).rejects.toThrow('lost');
  expect(begun()).toBe(4);
  for (const { end } of works) end('done');
  expect(await Promise.all(runs.slice(2))).toEqual(Array.from({ length: 16 }, () => 'done'));
  // Every turn was given back.
  const more = [held(), held(), held()];
  const again = more.map(({ work }) => inReportTurn(db, work));
  expect(more.map(({ hasBegun }) => hasBegun())).toEqual([true, true, false]);
  for (const { end } of more) end('end');
  expect(await Promise.all(again)).toEqual(['end', 'end', 'end']);
});
