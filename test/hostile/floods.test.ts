/** Too much of what is right: frames, connections, clones, uploads. Who floods is cut off, who does not is served. [INV-8] */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLOSE_CODES } from '../../protocol/close-codes.ts';
import { FRAME_BURST } from '../../protocol/limits.ts';
import { clientFrame, OPCODE, RawSocket, upgradeRequest } from '../support/raw-socket.ts';
import { systemStarter } from '../support/system.ts';
import { importDevices, TestDevice } from '../support/test-device.ts';
import { Arena } from './arena.ts';

const AT = '2026-11-20T09:30:00.000Z';

const FLOODS: readonly (readonly [name: string, frame: Buffer])[] = [
  ['pings of the protocol', clientFrame({ payload: '{"type":"ping"}' })],
  ['frames of an unknown type', clientFrame({ payload: '{"type":"x"}' })],
  [
    'receipts',
    clientFrame({
      payload: JSON.stringify({ type: 'receipt', items: [{ deploymentId: 1, stage: 'received', at: AT }] }),
    }),
  ],
  [
    'log entries',
    clientFrame({
      payload: JSON.stringify({ type: 'log', entries: [{ id: 'a', contentId: 1, startedAt: AT, playSeconds: 1 }] }),
    }),
  ],
  ['status reports', clientFrame({ payload: '{"type":"status","volume":1}' })],
  ['confirmations', clientFrame({ payload: '{"type":"applied","rev":1}' })],
  ['WebSocket pings', clientFrame({ opcode: OPCODE.ping, payload: 'x' })],
  ['WebSocket pongs that nobody asked for', clientFrame({ opcode: OPCODE.pong, payload: 'x' })],
  ['empty WebSocket pings', clientFrame({ opcode: OPCODE.ping })],
];

describe('a flood', () => {
  const start = systemStarter('embedded');
  let arena: Arena;
  beforeAll(async () => {
    arena = await Arena.open(start);
  });

  it.each(FLOODS)('of %s is closed with 4105 [INV-8]', async (_name, frame) => {
    const socket = await arena.live();
    socket.write(Buffer.concat(Array.from({ length: 5_000 }, () => frame)));
    expect(await socket.closed()).toBe(CLOSE_CODES.RATE_LIMITED.code);
    await arena.unharmed();
  });

  it(`of up to ${FRAME_BURST} frames at once is none: the control`, async () => {
    const socket = await arena.live();
    // Its hello was one.
    const frames = Array.from({ length: FRAME_BURST - 1 }, () => clientFrame({ payload: '{"type":"ping"}' }));
    socket.write(Buffer.concat(frames));
    await socket.until(
      'all pongs',
      () => socket.messages.filter(({ type }) => type === 'pong').length >= frames.length,
    );
    expect(socket.isClosed).toBe(false);
    socket.destroy();
  });

  it('of frames in many sessions at once leaves the witness in peace [INV-8]', async () => {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => arena.live()));
    const flood = Buffer.concat(Array.from({ length: 20_000 }, () => clientFrame({ payload: '{"type":"status"}' })));
    for (const socket of sockets) socket.write(flood);
    await arena.unharmed();
    for (const socket of sockets) expect(await socket.closed()).toBe(CLOSE_CODES.RATE_LIMITED.code);
    await arena.unharmed();
  });

  it(`of empty fragments buys no pongs and no time, and leaves the witness in peace [INV-8]`, async () => {
    const socket = await arena.live();
    socket.write(clientFrame({ fin: false, payload: '' }));
    const empty = clientFrame({ opcode: OPCODE.continuation, fin: false, payload: '' });
    socket.write(Buffer.concat(Array.from({ length: 100_000 }, () => empty)));
    const before = socket.messages.length;
    await arena.unharmed();
    expect(socket.messages).toHaveLength(before);
    socket.destroy();
  });

  it('of sockets of one device takes no place from others: it is told 4105 [INV-8]', async () => {
    const token = await (await arena.attacker()).token();
    const sockets = await Promise.all(Array.from({ length: 200 }, () => arena.upgraded('json', token)));
    for (const socket of sockets) socket.write(clientFrame({ payload: '{"type":"hello"}' }));
    const codes = await Promise.all(
      sockets.map(async (socket) => {
        await socket.until('its fate', () => socket.messages.length > 0 || socket.isClosed);
        return socket.closeCode;
      }),
    );
    const refused = codes.filter((code) => code === CLOSE_CODES.RATE_LIMITED.code).length;
    expect(refused).toBeGreaterThan(100);
    await arena.unharmed();
    for (const socket of sockets) socket.destroy();
  });

  it('of heartbeats of one device is told 429, and another behind the same address is served [INV-8]', async () => {
    const [device, honest] = [await arena.attacker(), await arena.attacker()];
    const answers = await Promise.all(Array.from({ length: 150 }, () => device.http('POST', '/heartbeat', {})));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.error.code).toBe('RATE_LIMITED');
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await honest.http('POST', '/heartbeat', {})).status).toBe(200);
    await arena.unharmed();
  });

  it('of held heartbeats of one device holds no more than its rate allows, and all end when it goes [INV-8]', async () => {
    const device = await arena.attacker();
    const token = await device.token();
    const { data } = await device.http('POST', '/heartbeat', {});
    const body = JSON.stringify({ epoch: data.epoch, rev: data.rev, waitSeconds: 25 });
    const request = `POST /api/v1/sync/heartbeat HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const sockets = await Promise.all(Array.from({ length: 100 }, () => RawSocket.open(arena.hubUrl)));
    for (const socket of sockets) socket.write(request);
    const [hub] = arena.system.hubs;
    const refused = (): number => sockets.filter(({ answers }) => answers[0]?.status === 429).length;
    await device.until('refusals', () => refused() > 0);
    await arena.unharmed();
    expect(refused()).toBeLessThan(sockets.length);
    for (const socket of sockets) socket.destroy();
    await device.until('the end of all', () => hub?.gauges().heldHeartbeats === 0);
  });

  it('of two players with one credential ends in one session, and the other is told to wait [INV-8]', async () => {
    const [credentials] = await importDevices(arena.system.admin, 1, arena.attackerGroupId);
    if (credentials === undefined) throw new Error('nothing was imported');
    const clones = Array.from({ length: 6 }, () => new TestDevice(arena.hubUrl, credentials));
    for (const clone of clones) {
      await clone.connect();
      await clone.until('welcome', () => clone.of('welcome').length === 1);
    }
    const newest = clones.pop() as TestDevice;
    for (const clone of clones) {
      await clone.until('the close', () => clone.closed !== null);
      expect(clone.closed).toEqual({ code: CLOSE_CODES.REPLACED.code, reason: 'replaced 30000' });
    }
    expect(newest.closed).toBeNull();
    const epochs = [...clones, newest].map((clone) => clone.of('welcome')[0]?.connEpoch ?? 0);
    expect(epochs).toEqual(epochs.toSorted((a, b) => a - b));
    const { status, connEpoch } = await arena.system.admin.must('GET', `/devices/${credentials.deviceId}`);
    expect({ status, connEpoch }).toEqual({ status: 'online', connEpoch: epochs.at(-1) });
    await newest.disconnect();
    await arena.unharmed();
  });
});

describe('many sockets that say nothing', () => {
  const start = systemStarter('embedded');
  const silent: RawSocket[] = [];
  afterAll(() => {
    for (const socket of silent) socket.destroy();
  });

  it('fill the waiting room: more are told 503 and when to come back, and those who are in stay in [INV-8]', async () => {
    const arena = await Arena.open(start, { env: { HUB_PENDING_MAX: '40' } });
    const statuses: number[] = [];
    for (let count = 0; count < 60; count += 1) {
      const socket = await RawSocket.open(arena.hubUrl);
      silent.push(socket);
      socket.write(upgradeRequest({ token: await (await arena.attacker()).token() }));
      const { status, headers, body } = await socket.answer();
      statuses.push(status);
      if (status === 503) {
        expect(Number(headers['retry-after'])).toBeGreaterThan(0);
        expect(JSON.parse(body)).toMatchObject({ success: false, error: { code: 'UNAVAILABLE' } });
      }
    }
    expect(statuses.filter((status) => status === 101)).toHaveLength(40);
    expect(statuses.filter((status) => status === 503)).toHaveLength(20);
    await arena.unharmed();
    // A device over plain HTTP needs no place in the waiting room.
    expect((await (await arena.attacker()).http('POST', '/heartbeat', {})).status).toBe(200);
    // And each place is free again when its socket goes.
    for (const socket of silent.splice(0)) socket.destroy();
    const device = await arena.attacker();
    await device.until('room', () => arena.system.hubs[0]?.gauges().pendingSessions === 0);
    await device.connect();
    await device.until('welcome', () => device.of('welcome').length === 1);
    await device.disconnect();
  });
});
