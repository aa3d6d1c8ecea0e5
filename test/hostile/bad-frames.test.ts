/** Frames that are well-formed WebSocket messages and still wrong: each is refused by name, none does harm. [INV-8] */
import { beforeAll, describe, expect, it } from 'vitest';
import { CLOSE_CODES } from '../../protocol/close-codes.ts';
import { badFrames } from '../../protocol/golden-bad-frames.ts';
import {
  BAD_FRAMES_MAX,
  DISPLAYED_MAX,
  FRAME_BYTES_MAX,
  RECEIPTS_MAX,
  TOKEN_BYTES_MAX,
} from '../../protocol/limits.ts';
import { clientFrame, OPCODE, type RawSocket } from '../support/raw-socket.ts';
import { systemStarter } from '../support/system.ts';
import { Arena } from './arena.ts';

const AT = '2026-11-20T09:30:00.000Z';

function receipt(item: object): string {
  return JSON.stringify({ type: 'receipt', items: [{ deploymentId: 1, stage: 'received', at: AT, ...item }] });
}

/** What the hub's schema of a known frame refuses. */
const OUT_OF_RANGE: readonly (readonly [name: string, json: string])[] = [
  ['a receipt for deployment 0', receipt({ deploymentId: 0 })],
  ['a receipt for a negative deployment', receipt({ deploymentId: -1 })],
  ['a receipt for half a deployment', receipt({ deploymentId: 1.5 })],
  ['a receipt for a deployment in quotes', receipt({ deploymentId: '1' })],
  ['a receipt for a list of deployments', receipt({ deploymentId: [1] })],
  ['a receipt for an object with operators', receipt({ deploymentId: { $gt: 0 } })],
  ['a receipt for deployment 2^53', receipt({ deploymentId: 0 }).replace(':0', ':9007199254740992')],
  ['a receipt for deployment 1e309', receipt({ deploymentId: 0 }).replace(':0', ':1e309')],
  ['a receipt for deployment true', receipt({ deploymentId: true })],
  ['a receipt for deployment null', receipt({ deploymentId: null })],
  ['a receipt of a stage that is the hub’s own', receipt({ stage: 'accepted' })],
  ['a receipt of a stage from the prototype', receipt({ stage: 'constructor' })],
  ['a receipt from the 31st of Nevermber', receipt({ at: '2026-13-31T00:00:00.000Z' })],
  ['a receipt from hour 24', receipt({ at: '2026-11-20T24:00:00.000Z' })],
  ['a receipt with a leap second', receipt({ at: '2026-12-31T23:59:60.000Z' })],
  ['a receipt without milliseconds', receipt({ at: '2026-11-20T09:30:00Z' })],
  ['a receipt from the year 10000', receipt({ at: '+010000-01-01T00:00:00.000Z' })],
  ['a receipt whose instant has a line feed', receipt({ at: `${AT}\n` })],
  ['a reason of 201 characters', receipt({ stage: 'failed', reason: 'x'.repeat(201) })],
  ['a reason of one letter under 4,000 accents', receipt({ stage: 'failed', reason: `e${'\u0301'.repeat(4_000)}` })],
  ['a reason of one family of 2,000', receipt({ stage: 'failed', reason: '\u{1f468}\u200d'.repeat(2_000) })],
  [
    `${RECEIPTS_MAX + 1} receipts`,
    JSON.stringify({
      type: 'receipt',
      items: Array.from({ length: RECEIPTS_MAX + 1 }, () => ({ deploymentId: 1, stage: 'received', at: AT })),
    }),
  ],
  ['receipts that are an object', '{"type":"receipt","items":{"length":1}}'],
  ['a rev of minus one', '{"type":"applied","rev":-1}'],
  ['a rev with a fraction', '{"type":"applied","rev":0.1}'],
  ['a rev in quotes', '{"type":"applied","rev":"7"}'],
  ['a command update of an unknown state', '{"type":"command.update","commandId":1,"state":"pending"}'],
  ['a command update with a deep result', '{"type":"command.update","commandId":1,"state":"failed","result":{"a":{}}}'],
  ['101 percent of volume', '{"type":"status","volume":101}'],
  ['a temperature below absolute zero', '{"type":"status","temperatureCelsius":-300}'],
  ['negative storage', '{"type":"status","freeStorageBytes":-1}'],
  ['storage without end', '{"type":"status","freeStorageBytes":1e400}'],
  ['a version of one letter under accents', `{"type":"status","appVersion":"e${'\u0301'.repeat(4_000)}"}`],
  ['a token that is too long', JSON.stringify({ type: 'auth', accessToken: 'x'.repeat(TOKEN_BYTES_MAX + 1) })],
  ['an empty token', '{"type":"auth","accessToken":""}'],
  ['no log entries', '{"type":"log","entries":[]}'],
  [
    'a week and a second of play',
    JSON.stringify({ type: 'log', entries: [{ id: 'a', contentId: 1, startedAt: AT, playSeconds: 604_801 }] }),
  ],
  [
    'an entry named by one letter under accents',
    JSON.stringify({
      type: 'log',
      entries: [{ id: `e${'\u0301'.repeat(4_000)}`, contentId: 1, startedAt: AT, playSeconds: 1 }],
    }),
  ],
];

/** Types that no device may say or nobody knows: ignored and counted. */
const UNKNOWN = [
  'x',
  '',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'welcome',
  'state',
  'alert.start',
  'alert.stop',
  'schedule.changed',
  'config.changed',
  'command',
  'ack',
  'goaway',
  'error',
  'HELLO',
  'hello ',
  'x'.repeat(10_000),
  '../hello',
  'receipt\u0000',
  '\u{1f4a3}',
];

async function saidAfter(socket: RawSocket, before: number): Promise<Record<string, unknown>> {
  await socket.until('an answer or the close', () => socket.messages.length > before || socket.isClosed);
  return socket.messages[before] ?? {};
}

describe('a session that says what it should not', () => {
  const start = systemStarter('embedded');
  let arena: Arena;
  beforeAll(async () => {
    arena = await Arena.open(start);
  });

  it.each(badFrames())('is told why: $codec, $name [INV-8]', async ({ codec, hex, refusal }) => {
    const socket = await arena.live();
    const before = socket.messages.length;
    const opcode = codec === 'json' ? OPCODE.text : OPCODE.binary;
    socket.write(clientFrame({ opcode, payload: Buffer.from(hex, 'hex') }));
    if (refusal === 'too-large' || (refusal === 'not-utf8' && codec === 'json')) {
      // The WebSocket layer finds these first.
      expect(await socket.closed()).toBeNull();
    } else {
      const said = await saidAfter(socket, before);
      expect(said).toEqual({ type: 'error', code: 'BAD_FRAME', message: `frame refused: ${refusal}` });
      expect(await arena.answers(socket)).toBe(true);
      socket.destroy();
    }
    await arena.unharmed();
  });

  it.each(OUT_OF_RANGE)('is refused %s [INV-8]', async (_name, json) => {
    expect(json.length).toBeLessThan(FRAME_BYTES_MAX);
    const socket = await arena.live();
    const before = socket.messages.length;
    socket.write(clientFrame({ payload: json }));
    const said = await saidAfter(socket, before);
    expect(said).toEqual({ type: 'error', code: 'BAD_FRAME', message: 'frame refused: schema' });
    expect(await arena.answers(socket)).toBe(true);
    socket.destroy();
    await arena.unharmed();
  });

  it('may say what is just within the limits: the control', async () => {
    const socket = await arena.live();
    const before = socket.messages.length;
    const items = Array.from({ length: RECEIPTS_MAX }, () => ({ deploymentId: 1, stage: 'received', at: AT }));
    const frames = [
      receipt({ deploymentId: Number.MAX_SAFE_INTEGER, stage: 'failed', reason: '\u{1f4a3}'.repeat(200) }),
      receipt({ at: '0000-01-01T00:00:00.000Z' }),
      receipt({ at: '9999-12-31T23:59:59.999Z' }),
      JSON.stringify({ type: 'receipt', items }),
      '{"type":"applied","rev":-0}',
      '{"type":"status","volume":100,"temperatureCelsius":200}',
      JSON.stringify({ type: 'status', displayed: Array.from({ length: DISPLAYED_MAX }, (_, at) => at + 1) }),
    ];
    for (const payload of frames) socket.write(clientFrame({ payload }));
    expect(await arena.answers(socket)).toBe(true);
    expect(socket.messages.slice(before).filter(({ type }) => type === 'error')).toEqual([]);
    socket.destroy();
    await arena.unharmed();
  });

  it.each(UNKNOWN.map((type) => [type.slice(0, 30), type]))(
    'is not punished for a frame of type "%s", and gets nothing for it [INV-8]',
    async (_name, type) => {
      const socket = await arena.live();
      const before = socket.messages.length;
      for (let count = 0; count <= BAD_FRAMES_MAX; count += 1) {
        socket.write(clientFrame({ payload: JSON.stringify({ type, rev: 1, state: {}, ['toString']: 1 }) }));
      }
      expect(await arena.answers(socket)).toBe(true);
      expect(socket.messages.slice(before).map((message) => message['type'])).toEqual(['pong']);
      socket.destroy();
      await arena.unharmed();
    },
  );

  it(`is closed at its ${BAD_FRAMES_MAX}th bad frame with 4102, and not before [INV-8]`, async () => {
    const socket = await arena.live();
    for (let count = 1; count < BAD_FRAMES_MAX; count += 1) socket.write(clientFrame({ payload: 'no' }));
    expect(await arena.answers(socket)).toBe(true);
    socket.write(clientFrame({ payload: 'no' }));
    expect(await socket.closed()).toBe(CLOSE_CODES.BAD_FRAMES.code);
    await arena.unharmed();
  });

  it('changes no prototype, whatever its keys are called [INV-8]', async () => {
    const socket = await arena.live();
    const nasty = [
      '{"type":"status","__proto__":{"polluted":1}}',
      '{"type":"status","constructor":{"prototype":{"polluted":1}}}',
      '{"type":"command.update","commandId":1,"state":"failed","result":{"__proto__":1}}',
      '{"type":"command.update","commandId":1,"state":"failed","result":{"constructor":"x","toString":"y"}}',
    ];
    for (const payload of nasty) socket.write(clientFrame({ payload }));
    expect(await arena.answers(socket)).toBe(true);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    socket.destroy();
    await arena.unharmed();
  });
});
