/** The device's HTTP half under wrong methods, media types, bodies and files. Every refusal comes in the contract's envelope. */
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { HTTP_CALLS } from '../../protocol/http-calls.ts';
import { COMMAND_FILE_BYTES_MAX, FRAME_BYTES_MAX, FRAME_DEPTH_MAX } from '../../protocol/limits.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { systemStarter } from '../support/system.ts';
import { TestDevice, type Credentials } from '../support/test-device.ts';
import { Arena } from './arena.ts';

const BASE = '/api/v1/sync';
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'BREW'] as const;
const ENDPOINTS = [
  { method: 'POST', path: '/register', open: true, good: { playerId: 'good' } },
  { method: 'POST', path: '/token', open: true, good: { deviceId: 1, credential: 'x' } },
  { method: 'POST', path: '/heartbeat', open: false, good: {} },
  { method: 'GET', path: '/schedule', open: false, good: null },
  { method: 'POST', path: '/receipts', open: false, good: { items: [] } },
  { method: 'POST', path: '/log', open: false, good: { entries: [] } },
  { method: 'PUT', path: '/commands/1/file', open: false, good: null },
] as const;
const WITH_JSON = ENDPOINTS.filter(({ good }) => good !== null);

/** Bodies that are no body of any call. */
const BODIES: readonly (readonly [name: string, status: number, body: string | Uint8Array])[] = [
  ['nothing', 400, ''],
  ['no JSON', 400, 'deviceId=1&credential=x'],
  ['JSON cut short', 400, '{"deviceId":1'],
  ['two objects', 400, '{}{}'],
  ['a list', 400, '[{}]'],
  ['null', 400, 'null'],
  ['a text', 400, '"{}"'],
  ['UTF-16', 400, Buffer.from('{"deviceId":1}', 'utf16le')],
  ['a byte order mark', 400, '\ufeff{}'],
  ['what is not UTF-8', 400, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ['half a surrogate pair', 400, '{"playerId":"\\ud800"}'],
  ['a key twice', 400, '{"deviceId":1,"deviceId":2,"credential":"x"}'],
  ['a __proto__', 400, '{"__proto__":{"active":true},"deviceId":1,"credential":"x"}'],
  ['a __proto__ in disguise', 400, '{"\\u005f_proto__":{},"deviceId":1,"credential":"x"}'],
  ['a nest', 400, `{"a":${'['.repeat(FRAME_DEPTH_MAX)}${']'.repeat(FRAME_DEPTH_MAX)}}`],
  ['a nest of 16,000', 400, '['.repeat(16_000)],
  ['five thousand values', 400, `{"a":[${'0,'.repeat(5_000)}0]}`],
  ['one byte too many', 413, `{"a":"${'x'.repeat(FRAME_BYTES_MAX - 7)}"}`],
  ['a megabyte', 413, `{"a":"${'x'.repeat(1_000_000)}"}`],
  ['something compressed', 400, gzipSync('{}')],
];

/** Media types that are not JSON, and some that only look like it. */
const MEDIA_TYPES = [
  '',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/jsonx',
  'application/json\tx',
  'application/json garbage',
  'application/json, text/plain',
  'application/msgpack',
  'text/json',
  'application/ld+json',
  'APPLICATION/JSON-SEQ',
];

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex');

/** Files that no command brings back. */
const FILES: readonly (readonly [name: string, status: number, bytes: Uint8Array])[] = [
  ['nothing', 400, Buffer.alloc(0)],
  ['a web page', 415, Buffer.from('<html><script>alert(1)</script></html>\u0000')],
  ['an SVG', 415, Buffer.from('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>')],
  ['a PDF', 415, Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1')],
  ['an ELF program', 415, Buffer.concat([Buffer.from('7f454c46020101', 'hex'), Buffer.alloc(64)])],
  ['a Windows program', 415, Buffer.concat([Buffer.from('MZ'), Buffer.alloc(64)])],
  ['a GIF', 415, Buffer.from('GIF89a\u0001\u0000\u0001\u0000')],
  ['noise', 415, Buffer.from(Array.from({ length: 1_000 }, (_, at) => (at * 7_919) % 256))],
  ['one byte too many', 413, Buffer.concat([PNG, Buffer.alloc(COMMAND_FILE_BYTES_MAX - PNG.length + 1)])],
  ['ten times too much', 413, Buffer.alloc(COMMAND_FILE_BYTES_MAX * 10)],
];

describe('the HTTP half of the device contract', () => {
  const start = systemStarter('embedded');
  let arena: Arena;
  let device: TestDevice;
  let token: string;
  beforeAll(async () => {
    arena = await Arena.open(start);
  });

  async function send(
    method: string,
    path: string,
    body: string | Uint8Array | null,
    headers: Readonly<Record<string, string>>,
  ): Promise<{ status: number; code: string | undefined; success: unknown }> {
    const response = await fetch(`${arena.hubUrl}${BASE}${path}`, {
      method,
      headers,
      ...(body === null || method === 'GET' ? {} : { body: body as string }),
    });
    const { success, error } = (await response.json()) as { success: unknown; error?: { code: string } };
    return { status: response.status, code: error?.code, success };
  }

  /** A device for each case: none may use up what it is allowed. */
  async function authorised(): Promise<Record<string, string>> {
    device = await arena.attacker();
    token = await device.token();
    return { authorization: `Bearer ${token}` };
  }

  it('is tried here whole', () => {
    const calls = HTTP_CALLS.map(({ method, path }) => `${method} ${path.replace(/\{\w+\}|:\w+/, '1')}`);
    expect(ENDPOINTS.map(({ method, path }) => `${method} ${BASE}${path}`)).toEqual(calls);
  });

  it.each(ENDPOINTS)('$method $path answers no other method [INV-8]', async ({ method, path }) => {
    const headers = { ...(await authorised()), 'content-type': 'application/json' };
    for (const other of METHODS.filter((name) => name !== method)) {
      expect(await send(other, path, '{}', headers)).toEqual({ status: 404, code: 'NOT_FOUND', success: false });
    }
    await arena.unharmed();
  });

  it.each(ENDPOINTS.filter(({ open }) => !open))(
    '$method $path is refused without a token',
    async ({ method, path }) => {
      const body = method === 'GET' ? null : 'x'.repeat(300_000);
      expect(await send(method, path, body, {})).toEqual({ status: 401, code: 'UNAUTHENTICATED', success: false });
      await arena.unharmed();
    },
  );

  it.each(WITH_JSON.flatMap(({ path }) => BODIES.map((body) => [path, ...body] as const)))(
    '%s with a body that is %s is answered %i [INV-8]',
    async (path, _name, status, body) => {
      const headers = { ...(await authorised()), 'content-type': 'application/json' };
      const code = status === 413 ? 'PAYLOAD_TOO_LARGE' : 'VALIDATION_ERROR';
      expect(await send('POST', path, body, headers)).toEqual({ status, code, success: false });
      await arena.unharmed();
    },
  );

  it.each(WITH_JSON)('$path takes application/json and nothing that looks like it [INV-8]', async ({ path, good }) => {
    for (const type of MEDIA_TYPES) {
      const headers = await authorised();
      const socket = await RawSocket.open(arena.hubUrl);
      const body = JSON.stringify(good);
      const lines = ['Host: x', `Authorization: ${headers['authorization']}`, `Content-Length: ${body.length}`];
      if (type !== '') lines.push(`Content-Type: ${type}`);
      socket.write([`POST ${BASE}${path} HTTP/1.1`, ...lines, '', body].join('\r\n'));
      const answer = await socket.answer();
      expect([type, answer.status]).toEqual([type, 415]);
      expect(JSON.parse(answer.body).error.code).toBe('UNSUPPORTED_MEDIA_TYPE');
      socket.destroy();
    }
    await arena.unharmed();
  });

  it.each(WITH_JSON)('$path takes a good body: the control', async ({ path, good }) => {
    const headers = { ...(await authorised()), 'content-type': 'Application/JSON ; charset=utf-8' };
    const { status, code } = await send('POST', path, JSON.stringify(good), headers);
    // Empty batches are no batches, and the credential is made up.
    expect([200, 400, 401]).toContain(status);
    expect(code).not.toBe('UNSUPPORTED_MEDIA_TYPE');
  });

  it.each([
    ['/nowhere'],
    ['/commands/0/file'],
    ['/commands/-1/file'],
    ['/commands/1e3/file'],
    ['/commands/99999999999999999999/file'],
    ['/commands/%31/file'],
    ['/commands/../../etc/file'],
    ['/commands/1%00/file'],
    ['/commands/1/file/'],
    ['/commands//file'],
  ])('a file for %s is refused with 404 [INV-8]', async (path) => {
    const headers = await authorised();
    const socket = await RawSocket.open(arena.hubUrl);
    const lines = ['Host: x', `Authorization: ${headers['authorization']}`, `Content-Length: ${PNG.length}`];
    socket.write([`PUT ${BASE}${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'), PNG);
    const answer = await socket.answer();
    expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([404, 'NOT_FOUND']);
    socket.destroy();
    await arena.unharmed();
  });

  describe('a file of a command', () => {
    let commandId: number;
    let owner: Credentials;
    let headers: Record<string, string>;
    beforeAll(async () => {
      const { admin, parts } = arena.system;
      const { devices } = await admin.must('POST', '/devices/import', {
        devices: [{ playerId: 'owner', name: 'Owner' }],
      });
      owner = devices[0];
      const capabilities = JSON.stringify(['screenshot']);
      await parts.db.sql.updateTable('devices').set({ capabilities }).where('id', '=', owner.deviceId).execute();
      ({ commandId } = await admin.must('POST', `/devices/${owner.deviceId}/commands`, { name: 'screenshot' }));
      headers = { authorization: `Bearer ${await new TestDevice(arena.hubUrl, owner).token()}` };
    });

    async function files(): Promise<unknown> {
      const [command] = await arena.system.admin.must('GET', `/devices/${owner.deviceId}/commands`);
      return command.file ?? null;
    }

    it.each(FILES)('that is %s is answered %i, and nothing is kept [INV-8]', async (_name, status, bytes) => {
      const code = { 400: 'VALIDATION_ERROR', 413: 'PAYLOAD_TOO_LARGE', 415: 'UNSUPPORTED_MEDIA_TYPE' }[status];
      const claims = { ...headers, 'content-type': 'image/png' };
      expect(await send('PUT', `/commands/${commandId}/file`, bytes, claims)).toEqual({ status, code, success: false });
      expect(await files()).toBeNull();
      await arena.unharmed();
    });

    it('is taken one at a time: forty at once hold the memory of one [INV-8]', async () => {
      const token = headers['authorization'];
      const sockets = await Promise.all(Array.from({ length: 40 }, () => RawSocket.open(arena.hubUrl)));
      const head = `PUT ${BASE}/commands/${commandId}/file HTTP/1.1\r\nHost: x\r\nAuthorization: ${token}\r\nContent-Length: ${COMMAND_FILE_BYTES_MAX}\r\n\r\n`;
      for (const socket of sockets) socket.write(head, Buffer.alloc(1_000));
      const refused = (): number => sockets.filter(({ answers }) => answers[0]?.status === 429).length;
      await arena.witness.until('refusals', () => refused() === sockets.length - 1);
      await arena.unharmed();
      expect(refused()).toBe(sockets.length - 1);
      for (const socket of sockets) socket.destroy();
    });

    it('that is a picture is kept: the control', async () => {
      let status = 429;
      // The upload that was cut off a moment ago may still count.
      while (status === 429) ({ status } = await send('PUT', `/commands/${commandId}/file`, PNG, headers));
      expect(status).toBe(200);
    });
  });
});
