import { describe, expect, it } from 'vitest';
import { CLOSE_CODES } from '../../protocol/close-codes.ts';
import { HTTP_AFTER_FAILURES, RECONNECT_ALERT_MAX_MS, RECONNECT_MAX_MS } from '../../protocol/reconnect.ts';
import { NEW_LINK, stepLink, type Link, type LinkEffect, type LinkEvent, type LinkInput } from './link.ts';

const CALM: LinkInput = { random: 0.5, alertActive: false };
const WELCOMED: LinkEvent = { kind: 'welcomed', reconnect: { minMs: 1000, maxMs: 60_000 } };

/** Runs events through the link and tells the last effects by name. */
function run(
  events: readonly LinkEvent[],
  from: Link = NEW_LINK,
  input: LinkInput = CALM,
): { link: Link; effects: readonly LinkEffect[]; names: string[] } {
  let link = from;
  let effects: readonly LinkEffect[] = [];
  for (const event of events) ({ link, effects } = stepLink(link, event, input));
  return { link, effects, names: effects.map((effect) => effect.do) };
}

const TO_OPENING: readonly LinkEvent[] = [{ kind: 'start', paired: true }, { kind: 'token.ready' }];
const TO_LIVE: readonly LinkEvent[] = [...TO_OPENING, { kind: 'socket.opened' }, WELCOMED];

function ended(code: number, welcomed = false, livedMs = 0): LinkEvent {
  return { kind: 'socket.ended', end: { code, welcomed, livedMs } };
}

/** The link after this many sockets in a row that could not be opened. */
function afterFailures(count: number): Link {
  let { link } = run([{ kind: 'start', paired: true }]);
  for (let index = 0; index < count; index += 1)
    ({ link } = run([{ kind: 'token.ready' }, ended(1006), { kind: 'retry.due' }], link));
  return link;
}

describe('link', () => {
  it('pairs first when there is no credential, then connects', () => {
    const start = run([{ kind: 'start', paired: false }]);
    expect([start.link.phase, start.names]).toEqual(['unpaired', ['pair']]);
    const paired = run([{ kind: 'paired' }], start.link);
    expect([paired.link.phase, paired.names]).toEqual(['authorizing', ['get-token']]);
  });

  it('goes from token to socket to hello to live', () => {
    expect(run(TO_OPENING).names).toEqual(['open-socket']);
    expect(run([...TO_OPENING, { kind: 'socket.opened' }]).names).toEqual(['say-hello']);
    expect(run(TO_LIVE).link.phase).toBe('live');
  });

  it('falls to HTTP after three failed sockets, goes on trying the socket, and returns to it', () => {
    const two = afterFailures(HTTP_AFTER_FAILURES - 1);
    expect(two.http).toBe(false);
    const third = run([{ kind: 'token.ready' }, ended(1006)], two);
    expect(third.names).toEqual(['retry', 'start-heartbeats']);
    const fourth = run([{ kind: 'retry.due' }, { kind: 'token.ready' }, ended(1006)], third.link);
    expect([fourth.link.phase, fourth.link.http, fourth.names]).toEqual(['waiting', true, ['retry']]);
    const back = run(
      [{ kind: 'retry.due' }, { kind: 'token.ready' }, { kind: 'socket.opened' }, WELCOMED],
      fourth.link,
    );
    expect([back.link.phase, back.link.http, back.names]).toEqual(['live', false, ['stop-heartbeats']]);
  });

  it('never gives up, and never waits longer than the contract says', () => {
    let link = afterFailures(60);
    for (const [alertActive, mostMs] of [
      [false, RECONNECT_MAX_MS],
      [true, RECONNECT_ALERT_MAX_MS],
    ] as const) {
      const step = run([{ kind: 'token.ready' }, ended(1006)], link, { random: 0.999_999, alertActive });
      const retry = step.effects.find((effect) => effect.do === 'retry');
      expect(retry?.afterMs).toBeLessThanOrEqual(mostMs);
      expect(retry?.afterMs).toBeGreaterThan(mostMs / 2);
      ({ link } = run([{ kind: 'retry.due' }], step.link));
    }
  });

  it('waits as long as the hub asks when it cannot give a token', () => {
    const { effects } = run([
      { kind: 'start', paired: true },
      { kind: 'token.failed', retryAfterMs: 90_000 },
    ]);
    expect(effects).toContainEqual({ do: 'retry', afterMs: 90_000 });
  });

  it('gets a new token after a close that says the old one is no good', () => {
    const waiting = run([...TO_LIVE, ended(CLOSE_CODES.TOKEN_EXPIRED.code, true, 60_000)]);
    expect(run([{ kind: 'retry.due' }], waiting.link).effects).toEqual([{ do: 'get-token', fresh: true }]);
  });

  it.each([CLOSE_CODES.UNKNOWN_DEVICE, CLOSE_CODES.REVOKED])('pairs again after $code', ({ code }) => {
    const { link, names } = run([...TO_LIVE, ended(code, true, 60_000)]);
    expect([link.phase, names]).toEqual(['unpaired', ['pair']]);
  });

  it('pairs again when the credential is refused, from any phase, leaving socket and heartbeats', () => {
    const live = run([...TO_LIVE, { kind: 'token.refused' }]);
    expect([live.link.phase, live.names]).toEqual(['unpaired', ['close-socket', 'pair']]);
    const fallback = run(
      [{ kind: 'token.ready' }, ended(1006), { kind: 'token.refused' }],
      afterFailures(HTTP_AFTER_FAILURES),
    );
    expect([fallback.link.phase, fallback.link.http, fallback.names]).toEqual([
      'unpaired',
      false,
      ['stop-heartbeats', 'pair'],
    ]);
  });

  it('fetches a newer player when the hub has outgrown this one, without asking to be paired', () => {
    const { link, names } = run([...TO_OPENING, { kind: 'socket.opened' }, ended(CLOSE_CODES.PROTOCOL_TOO_OLD.code)]);
    expect([link.phase, names]).toEqual(['outdated', ['fetch-newer-player']]);
    expect(run([{ kind: 'retry.due' }, { kind: 'token.ready' }, { kind: 'network.back' }], link).link.phase).toBe(
      'outdated',
    );
  });

  it.each([
    ['resync', CLOSE_CODES.RESYNC.code],
    ['goaway', CLOSE_CODES.DRAIN.code],
  ] as const)('leaves a live socket for %s and comes back at once', (kind, code) => {
    const { link, effects } = run([...TO_LIVE, { kind }]);
    expect(effects[0]?.do).toBe('close-socket');
    expect(effects[1]).toMatchObject({ do: 'retry' });
    expect([link.phase, link.lastCloseCode, link.reconnect.failures]).toEqual(['waiting', code, 0]);
    expect(run([{ kind }], run(TO_OPENING).link).effects).toEqual([]);
  });

  it('remembers how the last socket ended until it is welcomed again', () => {
    const slow = run([
      ...TO_LIVE,
      ended(CLOSE_CODES.SLOW.code, true, 1000),
      { kind: 'retry.due' },
      { kind: 'token.ready' },
      { kind: 'socket.opened' },
    ]);
    expect(slow.link.lastCloseCode).toBe(CLOSE_CODES.SLOW.code);
    expect(run([WELCOMED], slow.link).link.lastCloseCode).toBeNull();
  });

  it('tries at once when the network is back', () => {
    const waiting = run([...TO_OPENING, ended(1006)]);
    expect(run([{ kind: 'network.back' }], waiting.link).names).toEqual(['get-token']);
  });

  it('is not moved by events of an abandoned try', () => {
    const { link } = run(TO_LIVE);
    for (const event of [
      { kind: 'token.ready' },
      { kind: 'socket.opened' },
      WELCOMED,
      { kind: 'retry.due' },
    ] as const) {
      expect(stepLink(link, event, CALM)).toEqual({ link, effects: [] });
    }
    const waiting = run([...TO_OPENING, ended(1006)]).link;
    expect(stepLink(waiting, ended(1006), CALM)).toEqual({ link: waiting, effects: [] });
  });
});
