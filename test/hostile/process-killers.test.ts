/**
 * What could take the whole process along, against a process of its own: decoding bombs, connections that vanish at every moment
 * (uWebSockets.js answers a broken rule with std::terminate, which no handler sees), files that inflate. [INV-8]
 */
import { readFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import { Unpackr } from 'msgpackr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { badFrames } from '../../protocol/golden-bad-frames.ts';
import { decodeFrame } from '../../protocol/codec.ts';
import { BAD_FRAMES_MAX, FRAME_BYTES_MAX } from '../../protocol/limits.ts';
import { ApiClient } from '../support/api-client.ts';
import { removeFolder, throwawayFolder } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { Program } from '../support/processes.ts';
import { clientFrame, OPCODE, RawSocket, upgradeRequest } from '../support/raw-socket.ts';
import { ADMIN } from '../support/system.ts';
import { importDevices, TestDevice, type Credentials } from '../support/test-device.ts';

const MIB = 1024 ** 2;

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}

/** Arrays, each announcing as many values as there are bytes left: no single length lies. */
function nestedPromises(bytes: number): Buffer {
  const bomb = Buffer.alloc(bytes);
  for (let at = 0; at + 3 <= bytes; at += 3) {
    bomb[at] = 0xdc;
    bomb.writeUInt16BE(bytes - at - 3, at + 1);
  }
  return bomb;
}

/** An array of record definitions, which msgpackr compiles with `new Function`. */
function recordDefinitions(count: number): Buffer {
  const record = (at: number): Buffer => Buffer.from([0xd4, 0x72, 0x40 + (at % 60), 0x91, 0xa1, 97 + (at % 26), 0xc0]);
  return Buffer.concat([
    Buffer.from([0xdc, count >> 8, count & 0xff]),
    ...Array.from({ length: count }, (_, at) => record(at)),
  ]);
}

/** Bytes that decoders of MessagePack have paid for dearly. */
const BOMBS: readonly (readonly [name: string, bytes: Buffer])[] = [
  ['5 bytes that announce 16 million values', hex('dd00ffffff')],
  ['40 bytes of nested announcements', hex('dd00ffffff'.repeat(8))],
  ['40 bytes of nested maps', hex('df00ffffff'.repeat(8))],
  ['16 KB of nested announcements that could be true', nestedPromises(FRAME_BYTES_MAX)],
  ['16 KB of nested arrays', Buffer.alloc(FRAME_BYTES_MAX, 0x91)],
  ['16 KB of nested maps', hex('81a161'.repeat(5_461))],
  ['411 bytes that are doubled again and again', Buffer.concat([hex('92d66900000001'.repeat(58)), hex('c0c0c0c0c0')])],
  ['16 KB of record definitions', recordDefinitions(2_300)],
  ['a record whose field is __proto__', hex('d4724091a95f5f70726f746f5f5f81a16101')],
  ['a regular expression without end', hex('c71278ae28612b292b2428612b292b2478a0')],
  ['a big integer of 16,000 bytes', Buffer.concat([hex('c83e8042'), Buffer.alloc(16_000, 0xff)])],
  ['an error', hex('d46500')],
  ['a set', hex('d4730093010203')],
  ['a typed array', hex('c70a7400010203040506070809')],
  ['a pointer to itself', hex('d66900000001')],
  ['a bundle of strings', hex('d66200000010a161')],
  ['a text of 4 GiB', hex('81a161dbffffffff')],
  ['binary of 4 GiB', hex('81a161c6ffffffff')],
  ['4,000 empty maps', Buffer.concat([hex('dc0fa0'), Buffer.alloc(4_000, 0x80)])],
  ['16,000 brackets of JSON', Buffer.from('['.repeat(16_000))],
  ['3,000 objects of JSON, one inside the other', Buffer.from('{"a":'.repeat(3_000))],
  ['one number of 16,000 digits', Buffer.from(`{"type":"applied","rev":${'9'.repeat(16_000)}}`)],
  ['a string of 2,700 escapes', Buffer.from(`{"type":"status","network":"${'\\u0041'.repeat(2_700)}"}`)],
];

/** Whether a bomb is to be sent as text. */
function isJson(bytes: Buffer): boolean {
  return bytes[0] === 0x5b || bytes[0] === 0x7b;
}

/** A ZIP archive of one entry that inflates to 256 MiB of zeros. */
function zipBomb(): Buffer {
  const bytes = 256 * MIB;
  const name = Buffer.from('[Content_Types].xml');
  const packed = deflateRawSync(Buffer.alloc(bytes), { level: 1 });
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x04034b50, 0);
  head.writeUInt16LE(20, 4);
  head.writeUInt16LE(8, 8);
  head.writeUInt32LE(packed.length, 18);
  head.writeUInt32LE(bytes, 22);
  head.writeUInt16LE(name.length, 26);
  return Buffer.concat([head, name, packed]);
}

describe('a process of its own', () => {
  let folder: string;
  let program: Program;
  let admin: ApiClient;
  let hubUrl: string;
  let devices: Credentials[];
  let witness: TestDevice;
  beforeAll(async () => {
    folder = throwawayFolder('killers');
    const env = {
      API_HOST: '127.0.0.1',
      HUB_HOST: '127.0.0.1',
      API_PORT: '0',
      HUB_PORT: '0',
      PODOH_DATA_DIR: folder,
      PODOH_ADMIN_PASSWORD: ADMIN.password,
      RATE_LIMIT_ADDRESS_PER_MINUTE: '1000000',
      RATE_LIMIT_USER_PER_MINUTE: '1000000',
    };
    program = new Program({ entry: 'api/main-embedded.ts', env });
    await program.start();
    await eventually(() => !program.isRunning || /Hub +port \d+/.test(program.stdout));
    hubUrl = `http://127.0.0.1:${/Hub +port (\d+)/.exec(program.stdout)?.[1]}`;
    admin = new ApiClient(`http://127.0.0.1:${/API +\S+:(\d+)\//.exec(program.stdout)?.[1]}`);
    await admin.login(ADMIN.username, ADMIN.password);
    devices = await importDevices(admin, 100, null);
    witness = nextDevice();
    await witness.connect();
    await witness.until('welcome', () => witness.of('welcome').length === 1);
  });
  afterAll(async () => {
    await program.stop();
    removeFolder(folder);
  });

  function nextDevice(): TestDevice {
    const credentials = devices.pop();
    if (credentials === undefined) throw new Error('no device is left');
    return new TestDevice(hubUrl, credentials);
  }

  /** The process lives and said nothing of a bug, and the witness on its old session gets an alert. [INV-8] */
  async function unharmed(): Promise<void> {
    const { deploymentId } = await admin.must('POST', '/alerts/deploy', {
      alert: { severity: 'info', title: 'Still there?', message: '' },
      deviceIds: [witness.deviceId],
    });
    await witness.until('the alert', () => witness.showing.includes(deploymentId));
    await admin.must('POST', '/alerts/stop', { deploymentId });
    expect([program.isRunning, witness.closed, program.stderr]).toEqual([true, null, '']);
    expect(program.stdout).not.toMatch(/"level":(50|60)/);
  }

  /** The most memory that the process ever held, in bytes; 0 where there is no /proc. */
  function peakBytes(): number {
    if (process.platform !== 'linux') return 0;
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${program.pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  }

  async function liveSocket(): Promise<RawSocket> {
    const socket = await RawSocket.open(hubUrl);
    socket.write(upgradeRequest({ token: await nextDevice().token() }));
    await socket.answer();
    socket.write(clientFrame({ payload: '{"type":"hello"}' }));
    await socket.until('welcome', () => socket.messages.length > 0);
    return socket;
  }

  it('refuses every bomb for its bytes, and grows by less than 64 MiB over all of them [INV-8]', async () => {
    const golden = badFrames().map(({ hex: text }) => hex(text));
    const frames = [...BOMBS.map(([, bytes]) => bytes), ...golden]
      .filter(({ length }) => length <= FRAME_BYTES_MAX)
      .map((payload) => clientFrame({ opcode: isJson(payload) ? OPCODE.text : OPCODE.binary, payload }));
    // A session bears a few, and ends with the last of them.
    const nothing = clientFrame({ opcode: OPCODE.binary });
    while (frames.length % BAD_FRAMES_MAX !== 0) frames.push(nothing);
    await unharmed();
    const before = peakBytes();
    while (frames.length > 0) {
      const socket = await liveSocket();
      socket.write(...frames.splice(0, BAD_FRAMES_MAX));
      await socket.closed();
      expect(socket.messages.filter(({ type }) => type !== 'welcome' && type !== 'error')).toEqual([]);
    }
    await unharmed();
    expect(peakBytes() - before).toBeLessThan(64 * MIB);
  });

  it.each(BOMBS)('%s: no gate lets it pass, and none throws [INV-8]', (_name, bytes) => {
    for (const codec of ['msgpack', 'json'] as const) {
      const decoded = decodeFrame(bytes, codec);
      expect(decoded.ok && decoded.frame !== undefined).toBe(false);
    }
  });

  it('control: msgpackr alone overflows the stack, and makes of bytes what no JSON can say', () => {
    const unguarded = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });
    expect(() => unguarded.unpack(Buffer.alloc(FRAME_BYTES_MAX, 0x91))).toThrow(RangeError);
    expect(unguarded.unpack(hex('d4724091a16101'))).toEqual({ a: 1 });
    expect(typeof unguarded.unpack(hex('c7084200ffffffffffffff'))).toBe('bigint');
    expect(unguarded.unpack(hex('d6ff00000000'))).toBeInstanceOf(Date);
    for (const text of ['d4724091a16101', 'c7084200ffffffffffffff', 'd6ff00000000']) {
      expect(decodeFrame(hex(text), 'msgpack')).toEqual({ ok: false, why: 'unsupported-type' });
    }
    expect(decodeFrame(Buffer.alloc(FRAME_BYTES_MAX, 0x91), 'msgpack')).toEqual({ ok: false, why: 'not-an-object' });
  });

  it('lives when connections vanish while their upgrade is decided, verified or greeted [INV-8]', async () => {
    const token = await nextDevice().token();
    const forged = `${token.slice(0, -8)}AAAAAAAA`;
    for (let count = 0; count < 120; count += 1) {
      const socket = await RawSocket.open(hubUrl);
      socket.write(upgradeRequest({ token: count % 3 === 0 ? forged : token }));
      if (count % 4 === 1) await new Promise((resolve) => setImmediate(resolve));
      if (count % 4 === 2) await socket.answer();
      if (count % 4 === 3) {
        await socket.answer();
        socket.write(clientFrame({ payload: '{"type":"hello"}' }), clientFrame({ payload: '{"type":"ping"}' }));
      }
      socket.destroy();
    }
    await unharmed();
    expect(program.isRunning).toBe(true);
  });

  it('lives when connections vanish while an answer is made [INV-8]', async () => {
    const device = nextDevice();
    const token = await device.token();
    const { data } = await device.http('POST', '/heartbeat', {});
    const held = JSON.stringify({ epoch: data.epoch, rev: data.rev, waitSeconds: 25 });
    const request = (method: string, path: string, body: string, length = body.length): string =>
      `${method} ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`;
    const requests = [
      request('POST', '/api/v1/sync/register', '{"playerId":"gone"}'),
      request('POST', '/api/v1/sync/token', JSON.stringify({ deviceId: device.deviceId, credential: 'x' })),
      request('POST', '/api/v1/sync/heartbeat', held),
      request('POST', '/api/v1/sync/heartbeat', '{}'),
      request('POST', '/api/v1/sync/heartbeat', '{', 500),
      request('POST', '/api/v1/sync/heartbeat', ' '.repeat(200_000)),
      request('GET', '/api/v1/sync/schedule', ''),
      request('PUT', '/api/v1/sync/commands/1/file', 'x', 5_000_000),
      request('GET', '/metrics', ''),
      request('GET', '/metrics', '').repeat(10),
      request('POST', '/api/v1/sync/heartbeat', held).repeat(3),
    ];
    for (let count = 0; count < 110; count += 1) {
      const socket = await RawSocket.open(hubUrl);
      socket.write(requests[count % requests.length] ?? '');
      if (count % 2 === 1) await new Promise((resolve) => setTimeout(resolve, count % 7));
      socket.destroy();
    }
    await unharmed();
    expect(program.isRunning).toBe(true);
  });

  it('lives when a held heartbeat ends by an alert, a revocation and the end of its connection at once [INV-8]', async () => {
    for (let count = 0; count < 5; count += 1) {
      const device = nextDevice();
      const token = await device.token();
      const { data } = await device.http('POST', '/heartbeat', {});
      const body = JSON.stringify({ epoch: data.epoch, rev: data.rev, waitSeconds: 25 });
      const socket = await RawSocket.open(hubUrl);
      socket.write(
        `POST /api/v1/sync/heartbeat HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      const acts = [
        admin.must('POST', '/alerts/deploy', {
          alert: { severity: 'info', title: 'T', message: '' },
          deviceIds: [device.deviceId],
        }),
        admin.must('POST', `/devices/${device.deviceId}/revoke`),
      ];
      socket.destroy();
      await Promise.all(acts);
    }
    await unharmed();
    expect(program.isRunning).toBe(true);
  });

  it('does not inflate what a device uploads [INV-8]', async () => {
    const capable = nextDevice();
    await capable.connect({ wellBehaved: false, hello: false });
    capable.send({ type: 'hello', capabilities: ['screenshot'] });
    await capable.until('welcome', () => capable.of('welcome').length === 1);
    let issued = await admin.call('POST', `/devices/${capable.deviceId}/commands`, { body: { name: 'screenshot' } });
    // Its capabilities are written with its first report, a second later.
    while (issued.status !== 201) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      issued = await admin.call('POST', `/devices/${capable.deviceId}/commands`, { body: { name: 'screenshot' } });
    }
    const before = peakBytes();
    const response = await fetch(`${hubUrl}/api/v1/sync/commands/${issued.data.commandId}/file`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${await capable.token()}` },
      body: zipBomb(),
    });
    expect([200, 415]).toContain(response.status);
    await unharmed();
    expect(peakBytes() - before).toBeLessThan(100 * MIB);
  });
});
