/** Bytes that break RFC 6455 on a live session: the session ends, everybody else is served. [INV-8] */
import { beforeAll, describe, expect, it } from 'vitest';
import { clientFrame, closeFrame, OPCODE, upgradeRequest, RawSocket } from '../support/raw-socket.ts';
import { systemStarter } from '../support/system.ts';
import { FRAME_BYTES_MAX } from '../../protocol/limits.ts';
import { Arena } from './arena.ts';

const { continuation, text, binary, close, ping, pong } = OPCODE;

/** A frame of exactly so many bytes, of a type that nobody knows. */
function frameOfSize(bytes: number): string {
  const around = '{"type":"x","a":""}'.length;
  return `{"type":"x","a":"${'y'.repeat(bytes - around)}"}`;
}

function repeat(count: number, frame: Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => frame));
}

/** Bytes after which the connection is to be cut, with or without a close frame. */
const CUT: readonly (readonly [name: string, ...bytes: readonly Buffer[]])[] = [
  ['RSV1 without an extension', clientFrame({ rsv: 4, payload: '{"type":"ping"}' })],
  ['RSV2', clientFrame({ rsv: 2, payload: '{"type":"ping"}' })],
  ['RSV3', clientFrame({ rsv: 1, payload: '{"type":"ping"}' })],
  ['all reserved bits on a ping', clientFrame({ opcode: ping, rsv: 7 })],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
    (opcode) => [`reserved opcode ${opcode}`, clientFrame({ opcode })] as const,
  ),
  ['a continuation of nothing', clientFrame({ opcode: continuation, payload: '{"type":"ping"}' })],
  [
    'a message inside a fragmented message',
    clientFrame({ opcode: text, fin: false, payload: '{' }),
    clientFrame({ opcode: text, payload: '}' }),
  ],
  ['a fragmented ping', clientFrame({ opcode: ping, fin: false, payload: 'x' })],
  ['a fragmented close', clientFrame({ opcode: close, fin: false, payload: Buffer.from([3, 232]) })],
  ['a ping of 126 bytes', clientFrame({ opcode: ping, payload: 'x'.repeat(126) })],
  ['a pong of 126 bytes', clientFrame({ opcode: pong, payload: 'x'.repeat(126) })],
  ['a close of 126 bytes', closeFrame(1000, 'x'.repeat(124))],
  [`a message of ${FRAME_BYTES_MAX + 1} bytes`, clientFrame({ payload: frameOfSize(FRAME_BYTES_MAX + 1) })],
  ['a binary message one byte too long', clientFrame({ opcode: binary, payload: Buffer.alloc(FRAME_BYTES_MAX + 1) })],
  ['the announcement of 4 GiB', clientFrame({ payload: 'x', announcedLength: 2 ** 32 })],
  ['the announcement of 2^53 bytes', clientFrame({ payload: 'x', announcedLength: 2 ** 53 })],
  [
    `${FRAME_BYTES_MAX + 1} fragments of one byte`,
    clientFrame({ fin: false, payload: 'y' }),
    repeat(FRAME_BYTES_MAX, clientFrame({ opcode: continuation, fin: false, payload: 'y' })),
  ],
  ['text that is not UTF-8', clientFrame({ payload: Buffer.from([0x7b, 0xff, 0x7d]) })],
  ['overlong UTF-8', clientFrame({ payload: Buffer.from([0xc0, 0xaf]) })],
  ['a surrogate in UTF-8', clientFrame({ payload: Buffer.from([0xed, 0xa0, 0x80]) })],
  ['a code point beyond Unicode', clientFrame({ payload: Buffer.from([0xf4, 0x90, 0x80, 0x80]) })],
  [
    'a character that breaks between fragments',
    clientFrame({ fin: false, payload: Buffer.from([0xe2, 0x82]) }),
    clientFrame({ opcode: continuation, payload: Buffer.from([0x28]) }),
  ],
  ...[0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535].map(
    (code) => [`a close with the forbidden code ${code}`, closeFrame(code)] as const,
  ),
  ['a close of one byte', clientFrame({ opcode: close, payload: 'x' })],
  ['a close whose reason is not UTF-8', clientFrame({ opcode: close, payload: Buffer.from([3, 232, 255]) })],
  ['TLS in the middle of a session', Buffer.from('16030102000100', 'hex'), Buffer.alloc(256, 0x7f)],
  ['an HTTP request in the middle of a session', Buffer.from('GET /health/live HTTP/1.1\r\nHost: hub\r\n\r\n')],
];

describe('a session that breaks the WebSocket protocol', () => {
  const start = systemStarter('embedded');
  let arena: Arena;
  beforeAll(async () => {
    arena = await Arena.open(start);
  });

  it.each(CUT)('is cut after %s [INV-8]', async (_name, ...bytes) => {
    const socket = await arena.live();
    const before = socket.messages.length;
    socket.write(...bytes);
    const code = await socket.closed();
    // uWebSockets.js answers a close with a close and cuts everything else: a player takes both for "reconnect with backoff".
    expect(code === null || code === 1000 || code === 1002 || code === 1005 || code === 1007).toBe(true);
    expect(socket.messages.slice(before)).toEqual([]);
    await arena.unharmed();
  });

  it(`goes on after exactly ${FRAME_BYTES_MAX} bytes, whole or in one-byte fragments: the control [INV-8]`, async () => {
    const socket = await arena.live();
    const frame = frameOfSize(FRAME_BYTES_MAX);
    socket.write(clientFrame({ payload: frame }));
    expect(await arena.answers(socket)).toBe(true);
    const [first = '', ...rest] = frame;
    const fragments = rest.map((payload, at) =>
      clientFrame({ opcode: continuation, payload, fin: at === rest.length - 1 }),
    );
    socket.write(clientFrame({ fin: false, payload: first }), Buffer.concat(fragments));
    expect(await arena.answers(socket)).toBe(true);
    socket.destroy();
  });

  it('gets nothing for frames without a mask, and is closed for their noise [INV-8]', async () => {
    const socket = await arena.live();
    const before = socket.messages.length;
    // uWebSockets.js reads four bytes of every frame as its mask, so what was not masked is noise.
    socket.write(repeat(50, clientFrame({ masked: false, payload: '{"type":"ping"}' })));
    await socket.closed();
    expect(socket.messages.slice(before).filter(({ type }) => type !== 'error')).toEqual([]);
    await arena.unharmed();
  });

  it('cannot hide a ping between the fragments of a message, nor stop it from arriving [INV-8]', async () => {
    const socket = await arena.live();
    socket.write(
      clientFrame({ fin: false, payload: '{"type":' }),
      clientFrame({ opcode: ping, payload: 'between' }),
      clientFrame({ opcode: continuation, payload: '"ping"}' }),
    );
    await socket.until('both pongs', () => socket.messages.some(({ type }) => type === 'pong'));
    expect(socket.frames.filter(({ opcode }) => opcode === pong).map(({ payload }) => payload.toString())).toEqual([
      'between',
    ]);
    socket.destroy();
    await arena.unharmed();
  });

  it('ends with the code it gave when it closes properly: the control', async () => {
    const socket = await arena.live();
    socket.write(closeFrame(1000, 'bye'));
    expect(await socket.closed()).toBe(1000);
  });

  it('gets no compression, whatever it offers: there is nothing to inflate [INV-8]', async () => {
    const offers = [
      'permessage-deflate; client_max_window_bits; server_no_context_takeover',
      'permessage-deflate, x-webkit-deflate-frame',
      `permessage-deflate${'; client_max_window_bits=15'.repeat(40)}`,
    ];
    for (const offer of offers) {
      const socket = await RawSocket.open(arena.hubUrl);
      const token = await (await arena.attacker()).token();
      socket.write(upgradeRequest({ token, lines: [`Sec-WebSocket-Extensions: ${offer}`] }));
      const { status, headers } = await socket.answer();
      expect(status).toBe(101);
      expect(headers['sec-websocket-extensions']).toBeUndefined();
      socket.destroy();
    }
    await arena.unharmed();
  });
});
