/** Frames that are right in themselves and come at the wrong time. */
import { beforeAll, describe, expect, it } from 'vitest';
import { CLOSE_CODES } from '../../protocol/close-codes.ts';
import { BAD_FRAMES_MAX, DISPLAYED_MAX } from '../../protocol/limits.ts';
import { clientFrame, OPCODE, RawSocket, upgradeRequest } from '../support/raw-socket.ts';
import { systemStarter } from '../support/system.ts';
import { Arena } from './arena.ts';

const AT = '2026-11-20T09:30:00.000Z';
const FRAMES = {
  hello: '{"type":"hello"}',
  applied: '{"type":"applied","rev":1}',
  receipt: JSON.stringify({ type: 'receipt', items: [{ deploymentId: 1, stage: 'displayed', at: AT }] }),
  status: '{"type":"status","volume":1}',
} as const;
type Name = keyof typeof FRAMES;

function permutations(names: readonly Name[]): Name[][] {
  if (names.length === 0) return [[]];
  return names.flatMap((name) => permutations(names.filter((other) => other !== name)).map((rest) => [name, ...rest]));
}

describe('first messages in the wrong order', () => {
  const start = systemStarter('embedded');
  let arena: Arena;
  beforeAll(async () => {
    arena = await Arena.open(start);
  });

  it.each(permutations(['hello', 'applied', 'receipt', 'status']).map((order) => [order.join(', '), order] as const))(
    '%s: what comes before hello is refused, what follows is heard',
    async (_name, order) => {
      const socket = await arena.upgraded();
      for (const name of order) socket.write(clientFrame({ payload: FRAMES[name] }));
      await socket.until('welcome', () => socket.messages.some(({ type }) => type === 'welcome'));
      expect(await arena.answers(socket)).toBe(true);
      const before = socket.messages.findIndex(({ type }) => type === 'welcome');
      expect(before).toBe(order.indexOf('hello'));
      for (const message of socket.messages.slice(0, before)) {
        expect(message).toMatchObject({ type: 'error', code: 'WRONG_ORDER' });
      }
      const after = socket.messages.slice(before + 1);
      expect(after.filter(({ type }) => type === 'error')).toEqual([]);
      socket.destroy();
      await arena.unharmed();
    },
  );

  it('a hello that is said twice is refused, said five times more it closes the session with 4102', async () => {
    const socket = await arena.live();
    socket.write(clientFrame({ payload: FRAMES.hello }));
    expect(await arena.answers(socket)).toBe(true);
    expect(socket.messages.filter(({ code }) => code === 'WRONG_ORDER')).toHaveLength(1);
    expect(socket.messages.filter(({ type }) => type === 'welcome')).toHaveLength(1);
    for (let count = 0; count < BAD_FRAMES_MAX; count += 1) socket.write(clientFrame({ payload: FRAMES.hello }));
    expect(await socket.closed()).toBe(CLOSE_CODES.BAD_FRAMES.code);
    await arena.unharmed();
  });

  it('a session that never says hello but talks is closed with 4102', async () => {
    const socket = await arena.upgraded();
    for (let count = 0; count < BAD_FRAMES_MAX; count += 1) socket.write(clientFrame({ payload: FRAMES.status }));
    expect(await socket.closed()).toBe(CLOSE_CODES.BAD_FRAMES.code);
    expect(socket.messages.every(({ code }) => code === 'WRONG_ORDER')).toBe(true);
    await arena.unharmed();
  });

  it('more frames than may wait for the authentication are not kept: 4102', async () => {
    const socket = await RawSocket.open(arena.hubUrl);
    const token = await (await arena.attacker()).token();
    socket.write(upgradeRequest({ token }));
    await socket.answer();
    socket.write(Buffer.concat(Array.from({ length: 200 }, () => clientFrame({ payload: FRAMES.status }))));
    // Whether the token was verified by then or not: too many early frames, or as many frames before hello.
    expect(await socket.closed()).toBe(CLOSE_CODES.BAD_FRAMES.code);
    await arena.unharmed();
  });

  it('frames in one segment with the upgrade request do not confuse the session [INV-8]', async () => {
    const socket = await RawSocket.open(arena.hubUrl);
    const token = await (await arena.attacker()).token();
    const frames = Array.from({ length: 3 }, () => clientFrame({ payload: FRAMES.hello }));
    socket.write(Buffer.concat([Buffer.from(upgradeRequest({ token })), ...frames]));
    expect((await socket.answer()).status).toBe(101);
    // RFC 6455 §4.1 lets a client speak after the 101 only: uWebSockets.js drops what came with the request.
    socket.write(clientFrame({ payload: FRAMES.hello }));
    await socket.until('welcome', () => socket.messages.some(({ type }) => type === 'welcome'));
    expect(await arena.answers(socket)).toBe(true);
    socket.destroy();
    await arena.unharmed();
  });

  it.each([
    ['of another history', { epoch: 1, rev: 5 }],
    ['from the future', { epoch: Number.MAX_SAFE_INTEGER, rev: Number.MAX_SAFE_INTEGER }],
    [
      'that shows alerts that never were',
      { displayed: Array.from({ length: DISPLAYED_MAX }, (_, at) => 10 ** 9 + at) },
    ],
    ['with a rev and no history', { rev: 7 }],
  ])('a hello %s gets the whole state', async (_name, claim) => {
    const socket = await arena.upgraded();
    socket.write(clientFrame({ payload: JSON.stringify({ type: 'hello', ...claim }) }));
    await socket.until('welcome', () => socket.messages.length > 0);
    expect(socket.messages[0]).toMatchObject({ type: 'welcome', state: { alerts: [] } });
    socket.destroy();
    await arena.unharmed();
  });

  it('a hello with a rev that this history never reached gets the state, late but whole', async () => {
    const { epoch } = arena.witness.screen;
    const socket = await arena.upgraded();
    socket.write(clientFrame({ payload: JSON.stringify({ type: 'hello', epoch, rev: Number.MAX_SAFE_INTEGER }) }));
    // Meanwhile it waits, and others do not wait for it.
    await arena.unharmed();
    await socket.until('welcome', () => socket.messages.length > 0);
    expect(socket.messages[0]).toMatchObject({ type: 'welcome', state: { alerts: [] } });
    socket.destroy();
  });

  it('a hello that shows one alert too many is refused', async () => {
    const socket = await arena.upgraded();
    const displayed = Array.from({ length: DISPLAYED_MAX + 1 }, (_, at) => at + 1);
    socket.write(clientFrame({ opcode: OPCODE.text, payload: JSON.stringify({ type: 'hello', displayed }) }));
    await socket.until('an answer', () => socket.messages.length > 0);
    expect(socket.messages[0]).toMatchObject({ type: 'error', code: 'BAD_FRAME' });
    socket.destroy();
    await arena.unharmed();
  });
});
