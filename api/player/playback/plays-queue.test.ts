/** Proof of play on the device: nothing is lost but by an overflow that is counted, nothing is told as two, the order is kept. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../../../protocol/up.ts';
import { LOG_ENTRIES_MAX } from '../../../protocol/limits.ts';
import type { FinishedPlay } from './finished-play.ts';
import {
  acknowledgePlays,
  addPlay,
  duePlays,
  EMPTY_PLAYS,
  forgetPlaysSent,
  markPlaysSent,
  PLAYS_BATCH_MAX,
  PLAYS_IN_FLIGHT_MAX,
  PLAYS_MAX,
  PLAYS_RESEND_MS,
  restorePlays,
  savePlays,
  waitingPlays,
  type PlaysQueue,
} from './plays-queue.ts';

const RUN = '0123456789abcdef';

function play(contentId: number): FinishedPlay {
  return { contentId, scheduleId: 4, startedAt: '2026-11-20T09:00:00.000Z', playSeconds: 10 };
}

function queueOf(count: number): PlaysQueue {
  let queue = EMPTY_PLAYS;
  for (let at = 1; at <= count; at += 1) queue = addPlay(queue, play(at), RUN);
  return queue;
}

const contents = (entries: readonly LogEntry[]): number[] => entries.map(({ contentId }) => contentId);

describe('plays queue', () => {
  it('tells the oldest first, in batches, and no more at once than the hub is to have', () => {
    let queue = queueOf(PLAYS_IN_FLIGHT_MAX + 5);
    const sent: number[] = [];
    for (;;) {
      const due = duePlays(queue, 1_000);
      if (due.length === 0) break;
      expect(due.length).toBeLessThanOrEqual(PLAYS_BATCH_MAX);
      sent.push(...contents(due));
      queue = markPlaysSent(queue, due, 1_000);
    }
    expect(sent).toEqual(Array.from({ length: PLAYS_IN_FLIGHT_MAX }, (_, index) => index + 1));
    queue = acknowledgePlays(queue, [`${RUN}-1`, `${RUN}-2`]);
    expect(contents(duePlays(queue, 1_001))).toEqual([PLAYS_IN_FLIGHT_MAX + 1, PLAYS_IN_FLIGHT_MAX + 2]);
  });

  it('tells again what was not acknowledged in time, or might be lost with a connection', () => {
    let queue = queueOf(2);
    queue = markPlaysSent(queue, duePlays(queue, 0), 0);
    expect(duePlays(queue, PLAYS_RESEND_MS - 1)).toEqual([]);
    expect(contents(duePlays(queue, PLAYS_RESEND_MS))).toEqual([1, 2]);
    expect(contents(duePlays(forgetPlaysSent(queue), 1))).toEqual([1, 2]);
    expect(waitingPlays(acknowledgePlays(queue, [`${RUN}-1`, 'of somebody else']))).toBe(1);
  });

  it('keeps a message under the size of a frame', () => {
    const id = `${'f'.repeat(40)}-${Number.MAX_SAFE_INTEGER}`;
    const largest: LogEntry = {
      ...{ id, contentId: Number.MAX_SAFE_INTEGER, scheduleId: Number.MAX_SAFE_INTEGER, playSeconds: 604_799.999 },
      ...{ startedAt: '2026-11-20T09:00:00.000Z', alertDeploymentId: Number.MAX_SAFE_INTEGER },
    };
    expect(id.length).toBeLessThanOrEqual(64);
    const frame = JSON.stringify({ type: 'log', entries: Array.from({ length: PLAYS_BATCH_MAX }, () => largest) });
    expect(frame.length).toBeLessThan(16 * 1024);
    expect(PLAYS_BATCH_MAX).toBeLessThanOrEqual(LOG_ENTRIES_MAX);
  });

  it('past its limit lets go of the oldest and counts them', () => {
    const entries = Array.from({ length: PLAYS_MAX }, (_, index) => ({ id: `old-${index}`, ...play(index + 1) }));
    let queue = restorePlays(JSON.stringify({ entries, next: 7, dropped: 2 }));
    expect([waitingPlays(queue), queue.dropped]).toEqual([PLAYS_MAX, 2]);
    queue = addPlay(addPlay(queue, play(1), RUN), play(2), RUN);
    expect([waitingPlays(queue), queue.dropped]).toEqual([PLAYS_MAX, 4]);
    expect(queue.plays[0]?.entry.id).toBe('old-2');
    expect(queue.plays.at(-1)?.entry.id).toBe(`${RUN}-8`);
  });

  it('comes back from storage with everything due, and gives no number twice', () => {
    let queue = queueOf(3);
    queue = acknowledgePlays(markPlaysSent(queue, duePlays(queue, 5), 5), [`${RUN}-2`]);
    const back = restorePlays(savePlays(queue));
    expect(contents(duePlays(back, 6))).toEqual([1, 3]);
    expect(addPlay(back, play(9), RUN).plays.at(-1)?.entry.id).toBe(`${RUN}-4`);
  });

  it.each([
    null,
    '',
    '{',
    '[]',
    '{"entries":5}',
    '{"entries":[null,7,{"id":""},{"id":"a","contentId":"1","startedAt":"2026-11-20T09:00:00.000Z","playSeconds":1}]}',
    '{"entries":[{"id":"a","contentId":1,"startedAt":"never","playSeconds":1},{"id":"b","contentId":1,"startedAt":"2026-11-20T09:00:00.000Z","playSeconds":-1}]}',
  ])('takes damaged storage for an empty queue: %s', (text) => {
    expect(restorePlays(text).plays).toEqual([]);
    expect(restorePlays(text).next).toBe(1);
  });
});

type Step = { readonly do: 'add' | 'send' | 'ack' | 'lose' | 'reconnect' | 'restart' | 'wait' };
const steps = fc.array(
  fc.record<Step>({ do: fc.constantFrom('add', 'add', 'add', 'send', 'ack', 'lose', 'reconnect', 'restart', 'wait') }),
  { maxLength: 120 },
);

it('property: whatever happens on the way, in the end the hub has every play exactly once, and first told in order', () => {
  fc.assert(
    fc.property(steps, (list) => {
      let queue = EMPTY_PLAYS;
      let nowMs = 0;
      let run = 0;
      let added = 0;
      const wire: LogEntry[][] = [];
      const hub = new Map<string, number>();
      const firstTold: number[] = [];
      const told = new Set<string>();
      function send(): void {
        const due = duePlays(queue, nowMs);
        queue = markPlaysSent(queue, due, nowMs);
        if (due.length > 0) wire.push(due);
        for (const { id, contentId } of due) if (!told.has(id)) firstTold.push(contentId);
        for (const { id } of due) told.add(id);
      }
      function acknowledge(): void {
        const batch = wire.shift() ?? [];
        for (const { id, contentId } of batch) hub.set(id, contentId);
        queue = acknowledgePlays(
          queue,
          batch.map(({ id }) => id),
        );
      }
      for (const step of list) {
        if (step.do === 'add') queue = addPlay(queue, play((added += 1)), `run${run}`);
        else if (step.do === 'send') send();
        else if (step.do === 'ack') acknowledge();
        else if (step.do === 'lose') wire.shift();
        else if (step.do === 'reconnect') queue = forgetPlaysSent(queue);
        else if (step.do === 'wait') nowMs += PLAYS_RESEND_MS;
        else {
          queue = restorePlays(savePlays(queue));
          run += 1;
        }
      }
      for (let turn = 0; waitingPlays(queue) > 0 && turn < 100; turn += 1) {
        nowMs += PLAYS_RESEND_MS;
        send();
        acknowledge();
      }
      const everything = Array.from({ length: added }, (_, index) => index + 1);
      expect([...hub.values()].toSorted((a, b) => a - b)).toEqual(everything);
      expect(firstTold).toEqual(everything);
    }),
  );
});
