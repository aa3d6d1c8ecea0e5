/**
 * Clients that take their time: who sends slowly, reads slowly or not at all, or stops in the middle. Each is cut off after a time
 * of its own; the tests run side by side, because they mostly wait. [INV-8]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CLOSE_CODES } from '../../protocol/close-codes.ts';
import { clientFrame, OPCODE, RawSocket, upgradeRequest } from '../support/raw-socket.ts';
import { systemStarter } from '../support/system.ts';
import { TestDevice } from '../support/test-device.ts';
import { Arena } from './arena.ts';

// They wait and do not work: all at once.
vi.setConfig({ maxConcurrency: 50 });

/** The longest of the deadlines is 30 s of silence; the machine may be slow. */
const WITHIN_MS = 50_000;

describe.concurrent('a client that takes its time', () => {
  const start = systemStarter('embedded');
  const sockets: RawSocket[] = [];
  let arena: Arena;
  beforeAll(async () => {
    arena = await Arena.open(start);
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
  });

  async function open(url: string, ...parts: readonly (string | Uint8Array)[]): Promise<RawSocket> {
    const socket = await RawSocket.open(url);
    sockets.push(socket);
    socket.write(...parts);
    return socket;
  }

  /** Sends piece after piece until the connection is closed; throws when it is still open after WITHIN_MS. */
  async function trickle(socket: RawSocket, everyMs: number, next: () => string | Uint8Array): Promise<void> {
    const deadline = performance.now() + WITHIN_MS;
    while (!socket.isClosed) {
      if (performance.now() > deadline) throw new Error(`still open after ${WITHIN_MS} ms of trickling`);
      socket.write(next());
      await sleep(everyMs);
    }
  }

  async function heartbeatHead(lines: readonly string[]): Promise<string> {
    const token = await (await arena.attacker()).token();
    const head = ['POST /api/v1/sync/heartbeat HTTP/1.1', 'Host: x', 'Content-Type: application/json'];
    return [...head, `Authorization: Bearer ${token}`, ...lines, '', ''].join('\r\n');
  }

  it('and never says hello is closed with 4103', { timeout: WITHIN_MS }, async () => {
    const socket = await arena.upgraded();
    expect(await socket.closed(WITHIN_MS)).toBe(CLOSE_CODES.HELLO_TIMEOUT.code);
    await arena.unharmed();
  });

  it('and says hello in single bytes, one a second, is closed with 4103', { timeout: WITHIN_MS }, async () => {
    const socket = await arena.upgraded();
    const hello = clientFrame({ payload: '{"type":"hello"}' });
    let at = 0;
    await trickle(socket, 1_000, () => hello.subarray(at, ++at));
    expect(socket.closeCode).toBe(CLOSE_CODES.HELLO_TIMEOUT.code);
    await arena.unharmed();
  });

  it('in the bytes of one frame is closed with 4104', { timeout: WITHIN_MS + 5_000 }, async () => {
    const socket = await arena.live();
    socket.write(clientFrame({ payload: '', announcedLength: 10_000 }));
    await trickle(socket, 500, () => 'x');
    expect(socket.closeCode).toBe(CLOSE_CODES.SILENT.code);
    await arena.unharmed();
  });

  it('in fragments without content is closed with 4104', { timeout: WITHIN_MS + 5_000 }, async () => {
    const socket = await arena.live();
    socket.write(clientFrame({ fin: false }));
    const empty = clientFrame({ opcode: OPCODE.continuation, fin: false });
    await trickle(socket, 500, () => empty);
    expect(socket.closeCode).toBe(CLOSE_CODES.SILENT.code);
    await arena.unharmed();
  });

  it('in frames that mean nothing but are bad is closed with 4102 long before', { timeout: WITHIN_MS }, async () => {
    const socket = await arena.live();
    await trickle(socket, 300, () => clientFrame({ payload: '{' }));
    expect(socket.closeCode).toBe(CLOSE_CODES.BAD_FRAMES.code);
    await arena.unharmed();
  });

  it('and answers no ping is cut', { timeout: WITHIN_MS }, async () => {
    const socket = await arena.live();
    await socket.closed(WITHIN_MS);
    expect(socket.frames.some(({ opcode }) => opcode === OPCODE.ping)).toBe(true);
    await arena.unharmed();
  });

  it.each([
    ['says nothing at all', ''],
    ['stops in its request line', 'GET /ws HT'],
    ['stops in its headers', upgradeRequest({ token: 'x' }).slice(0, 60)],
    ['speaks SSH', 'SSH-2.0-OpenSSH_9.9\r\n\r\n'],
    ['speaks to Redis', '*1\r\n$8\r\nFLUSHALL\r\n\r\n'],
    ['names no host', 'GET /health/live HTTP/1.1\r\n\r\n'],
    ['puts a blank before a colon', 'GET /health/live HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n'],
    ['folds a header', 'GET /health/live HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n'],
    ['puts a NUL into a header', 'GET /health/live HTTP/1.1\r\nHost: x\r\nA: b\u0000c\r\n\r\n'],
  ])('and %s is cut by the hub without an answer', { timeout: WITHIN_MS }, async (_name, bytes) => {
    const socket = await open(arena.hubUrl, bytes);
    await socket.closed(WITHIN_MS);
    expect(socket.answers.filter(({ status }) => status < 400)).toEqual([]);
    await arena.unharmed();
  });

  it('in its upgrade request, a byte a second, is cut by the hub', { timeout: WITHIN_MS + 5_000 }, async () => {
    const request = upgradeRequest({ token: await (await arena.attacker()).token() });
    const headers = request.indexOf('\r\n') + 2;
    const socket = await open(arena.hubUrl, request.slice(0, headers));
    let at = headers;
    await trickle(socket, 1_000, () => request.slice(at, ++at));
    expect(socket.answers).toEqual([]);
    await arena.unharmed();
  });

  it.each([
    ['never sends the body it announced', ['Content-Length: 100'], ''],
    ['sends a body shorter than it announced', ['Content-Length: 100'], '{}'],
    ['stops in a chunk', ['Transfer-Encoding: chunked'], '64\r\n{'],
  ])('and %s is cut by the hub', { timeout: WITHIN_MS }, async (_name, lines, body) => {
    const socket = await open(arena.hubUrl, await heartbeatHead(lines), body);
    await socket.closed(WITHIN_MS);
    expect(socket.answers).toEqual([]);
    await arena.unharmed();
  });

  it('in its body, a byte a second, is cut by the hub', { timeout: WITHIN_MS + 5_000 }, async () => {
    const socket = await open(arena.hubUrl, await heartbeatHead(['Content-Length: 10000']));
    await trickle(socket, 1_000, () => ' ');
    expect(socket.answers).toEqual([]);
    await arena.unharmed();
  });

  it.each([
    ['without a token', 401, 'Host: x', 2],
    ['without a token and with much body', 401, 'Host: x', 300_000],
    ['from a foreign page', 403, 'Origin: https://evil.example', 2],
    ['from a foreign page and with much body', 403, 'Origin: https://evil.example', 300_000],
  ])(
    'and is refused %s (%i) before its body came does not take the hub along [INV-8]',
    { timeout: WITHIN_MS },
    async (_name, status, line, bytes) => {
      const head = ['POST /api/v1/sync/heartbeat HTTP/1.1', 'Host: x', line, 'Content-Length: 1000000', '', ''];
      const socket = await open(arena.hubUrl, head.join('\r\n'), ' '.repeat(bytes));
      expect((await socket.answer()).status).toBe(status);
      // The deadline of the body used to strike 15 s later, on an exchange that was over: it ended the process.
      await Promise.all([socket.closed(WITHIN_MS), sleep(17_000)]);
      await arena.unharmed();
    },
  );

  it('with a body that never ends is told 413 by the hub', { timeout: WITHIN_MS }, async () => {
    const socket = await open(arena.hubUrl, await heartbeatHead(['Transfer-Encoding: chunked']));
    const chunk = `1000\r\n${' '.repeat(0x1000)}\r\n`;
    while (socket.answers.length === 0 && !socket.isClosed) {
      socket.write(chunk);
      await sleep(20);
    }
    expect(socket.answers.map(({ status }) => status)).toEqual([413]);
    await arena.unharmed();
  });

  it('before the API is cut by it as well', { timeout: WITHIN_MS + 5_000 }, async () => {
    const head = 'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
    const slow = await open(arena.apiUrl, `${head}Content-Length: 10000\r\n\r\n`);
    const slowHeaders = await open(arena.apiUrl, head);
    const silent = await open(arena.apiUrl, `${head}Content-Length: 100\r\n\r\n{`);
    await Promise.all([
      trickle(slow, 1_000, () => ' '),
      trickle(slowHeaders, 1_000, () => 'X'),
      silent.closed(WITHIN_MS),
    ]);
    for (const socket of [slow, slowHeaders, silent]) expect(socket.answers.map(({ status }) => status)).toEqual([408]);
    await arena.unharmed();
  });

  it(
    'to read is cut off, finds its whole state when it comes back, and holds up nobody',
    { timeout: WITHIN_MS + 10_000 },
    async () => {
      const { admin } = arena.system;
      const [here, there] = [
        await admin.must('POST', '/groups', { name: 'Here' }),
        await admin.must('POST', '/groups', { name: 'There' }),
      ];
      const { devices } = await admin.must('POST', '/devices/import', {
        devices: [{ playerId: 'slow-reader', name: 'Slow', groupId: here.id }],
      });
      const device = new TestDevice(arena.hubUrl, devices[0]);
      const socket = await arena.live(await device.token());
      sockets.push(socket);
      socket.pause();
      const message = '\u{1f6a8}'.repeat(1_000);
      const alert = { severity: 'info', title: 'Long', message };
      for (let count = 0; count < 15; count += 1) {
        await admin.must('POST', '/alerts/deploy', { alert, groupIds: [here.id, there.id] });
      }
      // Each move sends the whole state, about 60 KB: more than the kernel and the hub's 256 KiB together take in.
      let { version } = await admin.must('GET', `/devices/${device.deviceId}`);
      const [hub] = arena.system.hubs;
      const sessions = (): number => hub?.gauges().sessions ?? 0;
      const isOnline = async (): Promise<boolean> =>
        (await admin.must('GET', `/devices/${device.deviceId}`)).status === 'online';
      let moves = 0;
      while (moves < 400 && (moves % 10 !== 0 || (await isOnline()))) {
        const groupId = moves % 2 === 0 ? there.id : here.id;
        ({ version } = await admin.must('PUT', `/devices/${device.deviceId}`, { groupId, version }));
        moves += 1;
      }
      expect(moves).toBeLessThan(400);
      expect(sessions()).toBeGreaterThan(0);
      await arena.unharmed();
      await device.connect({ wellBehaved: false });
      await device.until('the whole state', () => device.showing.length === 15);
      await device.disconnect();
    },
  );
});
