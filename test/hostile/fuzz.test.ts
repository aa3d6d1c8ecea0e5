/** Bytes that nobody thought of, at the decoder and at the socket. Failures print the seed and path that replay them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeBody, decodeFrame, type Codec } from '../../protocol/codec.ts';
import { syncValidators, type WireValidator } from '../../protocol/validators.ts';
import { clientFrame, OPCODE, RawSocket, upgradeRequest } from '../support/raw-socket.ts';
import { systemStarter } from '../support/system.ts';
import { Arena } from './arena.ts';

const GOLDEN = new URL('../../protocol/golden/', import.meta.url).pathname;

/** The bytes of every golden frame, in both directions and codecs. */
const golden: readonly Uint8Array[] = readdirSync(GOLDEN)
  .filter((name) => /^(up|down)\./.test(name))
  .map((name) => {
    const file = readFileSync(join(GOLDEN, name));
    return name.endsWith('.hex') ? Buffer.from(file.toString('utf8').replaceAll(/\s/g, ''), 'hex') : file;
  });

/** Bytes that open containers, announce lengths or end strings: noise made of them gets further than noise. */
const TELLING = [
  ...Buffer.from('{}[]":,\\u0truefalsnE-+.'),
  0x80,
  0x81,
  0x8f,
  0x90,
  0x91,
  0x9f,
  0xa0,
  0xa4,
  0xbf,
  0xc0,
  0xc1,
  0xc4,
  0xc7,
  0xcb,
  0xcf,
  0xd3,
  0xd4,
  0xd6,
  0xd9,
  0xdb,
  0xdc,
  0xdd,
  0xde,
  0xdf,
  0xe0,
  0xff,
];

const noise = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc.array(fc.constantFrom(...TELLING), { maxLength: 400 }).map((bytes) => Uint8Array.from(bytes)),
);

interface Edit {
  readonly at: number;
  readonly kind: 'set' | 'insert' | 'remove' | 'repeat';
  readonly byte: number;
}

function edited(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const list = [...bytes];
  for (const { at, kind, byte } of edits) {
    const place = at % (list.length + 1);
    if (kind === 'set') list[place] = byte;
    else if (kind === 'insert') list.splice(place, 0, byte);
    else if (kind === 'remove') list.splice(place, byte % 8);
    else list.splice(place, 0, ...list.slice(place, place + (byte % 64)));
  }
  return Uint8Array.from(list);
}

const mutated = fc
  .tuple(
    fc.constantFrom(...golden),
    fc.array(
      fc.record<Edit>({
        at: fc.nat(2_000),
        kind: fc.constantFrom('set', 'insert', 'remove', 'repeat'),
        byte: fc.oneof(fc.nat(255), fc.constantFrom(...TELLING)),
      }),
      { maxLength: 6 },
    ),
  )
  .map(([bytes, edits]) => edited(bytes, edits));

const hostile = fc.oneof(noise, mutated);

describe('whatever bytes come', () => {
  const start = systemStarter('embedded');
  let arena: Arena;
  beforeAll(async () => {
    arena = await Arena.open(start);
  });

  it('the decoder gives a frame or a reason, never throws, and changes no prototype [INV-8]', () => {
    const prototypes = [Object.prototype, Array.prototype, Function.prototype, Map.prototype];
    const before = prototypes.map((prototype) => Object.getOwnPropertyNames(prototype).length);
    expect(golden.length).toBeGreaterThan(40);
    fc.assert(
      fc.property(hostile, fc.constantFrom<Codec>('json', 'msgpack'), (bytes, codec) => {
        const copy = Uint8Array.from(bytes);
        const decoded = decodeFrame(bytes, codec);
        if (decoded.ok && decoded.frame !== undefined)
          expect(Object.getPrototypeOf(decoded.frame)).toBe(Object.prototype);
        for (const validator of Object.values(syncValidators)) decodeBody(bytes, validator as WireValidator<unknown>);
        expect(bytes).toEqual(copy);
      }),
      { numRuns: 3_000 },
    );
    expect(prototypes.map((prototype) => Object.getOwnPropertyNames(prototype).length)).toEqual(before);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('in whole messages: the session answers or is closed with a code of ours, and the witness is served [INV-8]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(hostile, fc.boolean()), { minLength: 1, maxLength: 20 }), async (messages) => {
        const socket = await arena.live();
        for (const [payload, isText] of messages) {
          socket.write(clientFrame({ opcode: isText ? OPCODE.text : OPCODE.binary, payload }));
        }
        const lives = await arena.answers(socket);
        // Invalid UTF-8 is cut by the WebSocket layer, without a code.
        if (!lives) expect([4102, 4105, null]).toContain(socket.closeCode);
        socket.destroy();
        await arena.unharmed();
      }),
      { numRuns: 40 },
    );
  });

  it('in the middle of a session: it is cut or goes on, and the witness is served [INV-8]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { minLength: 1, maxLength: 10 }), async (pieces) => {
        const socket = await arena.live();
        socket.write(...pieces);
        await arena.unharmed();
        socket.destroy();
      }),
      { numRuns: 40 },
    );
  });

  it('as frames with any head: they are cut or mean nothing, and the witness is served [INV-8]', async () => {
    const anyFrame = fc.record({
      opcode: fc.nat(15),
      fin: fc.boolean(),
      rsv: fc.oneof(fc.constant(0), fc.nat(7)),
      masked: fc.oneof(fc.constant(true), fc.boolean()),
      payload: noise,
      announcedLength: fc.option(fc.nat(2 ** 31 - 1), { nil: undefined, freq: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anyFrame, { minLength: 1, maxLength: 8 }), async (frames) => {
        const socket = await arena.live();
        for (const { announcedLength, ...frame } of frames) {
          socket.write(clientFrame(announcedLength === undefined ? frame : { ...frame, announcedLength }));
        }
        await arena.unharmed();
        socket.destroy();
      }),
      { numRuns: 40 },
    );
  });

  it('as requests: no 2xx for what is none, and the witness is served [INV-8]', async () => {
    const good = upgradeRequest({ token: 'aa.bb.cc' });
    const heartbeat =
      'POST /api/v1/sync/heartbeat HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';
    const request = fc.oneof(
      noise,
      fc
        .tuple(
          fc.constantFrom(Buffer.from(good), Buffer.from(heartbeat)),
          fc.array(
            fc.record<Edit>({
              at: fc.nat(300),
              kind: fc.constantFrom('set', 'insert', 'remove', 'repeat'),
              byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 9, 10, 13, 32, 44, 58)),
            }),
            { maxLength: 4 },
          ),
        )
        .map(([bytes, edits]) => edited(bytes, edits)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 5 }), async (requests) => {
        for (const bytes of requests) {
          const [hub, api] = [await RawSocket.open(arena.hubUrl), await RawSocket.open(arena.apiUrl)];
          for (const socket of [hub, api]) socket.write(bytes);
          await arena.unharmed();
          expect(hub.answers.filter(({ status }) => status >= 200 && status < 300)).toEqual([]);
          for (const socket of [hub, api]) socket.destroy();
        }
      }),
      { numRuns: 15 },
    );
  });
});
