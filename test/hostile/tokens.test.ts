/**
 * Every kind of wrong token at all three doors: the socket, the device's HTTP half and the CMS API. The socket is refused at
 * the upgrade or closed before anything was sent on it. [INV-9]
 */
import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { CLOSE_CODES } from '../../protocol/close-codes.ts';
import { TOKEN_BYTES_MAX } from '../../protocol/limits.ts';
import { clientFrame, OPCODE, RawSocket, upgradeRequest } from '../support/raw-socket.ts';
import { ADMIN, systemStarter } from '../support/system.ts';
import type { TestDevice } from '../support/test-device.ts';
import { Arena } from './arena.ts';
import {
  attackerKeys,
  base64urlJson,
  forge,
  hmacSigner,
  rsaSigner,
  unsigned,
  type AttackerKeys,
  type Json,
} from './forged-tokens.ts';

/** What the hub itself signs with and says; only a test can know the first. */
interface Genuine {
  readonly key: KeyObject;
  readonly publicPem: string;
  readonly header: Json;
  readonly claims: Json;
  readonly token: string;
}
type Make = (genuine: Genuine, own: AttackerKeys) => string;

const nowSeconds = (): number => Math.floor(Date.now() / 1000);
/** Signed as the hub does it, with other claims. */
const resigned =
  (claims: Json, header: Json = {}): Make =>
  (genuine) =>
    forge({ ...genuine.header, ...header }, { ...genuine.claims, ...claims }, rsaSigner(genuine.key, 256));
/** Signed by the attacker under another header. */
const selfSigned =
  (header: (own: AttackerKeys) => Json): Make =>
  (genuine, own) =>
    forge({ ...genuine.header, ...header(own) }, genuine.claims, rsaSigner(own.rsa, 256));
const none =
  (alg: string): Make =>
  (genuine) =>
    forge({ ...genuine.header, alg }, genuine.claims, unsigned);

const BAD: readonly (readonly [name: string, make: Make])[] = [
  ['that is no token', () => 'secret'],
  ['of two parts', () => 'aa.bb'],
  ['of four parts', ({ token }) => `${token}.AA`],
  ['of empty parts', () => '..'],
  ['with a blank inside', ({ token }) => token.replace('.', '. ')],
  ['in plain base64', ({ token }) => `${token}==`],
  ['with letters from elsewhere', ({ token }) => token.replace('ey', 'е́y')],
  ['with a path for a header', () => '../../etc/passwd.aa.bb'],
  ['whose header is no JSON', ({ token }) => token.replace(/^[^.]+/, 'AAAA')],
  ['whose header is null', ({ token }) => token.replace(/^[^.]+/, base64urlJson(null))],
  [
    'whose header nests 200 deep',
    ({ token }) => token.replace(/^[^.]+/, Buffer.from('['.repeat(200)).toString('base64url')),
  ],
  ['whose claims are a list', ({ header, key }) => forge(header, [] as unknown as Json, rsaSigner(key, 256))],
  ['with alg none', none('none')],
  ['with alg None', none('None')],
  ['with alg nOnE and a signature', ({ header, claims }) => forge({ ...header, alg: 'nOnE' }, claims, () => 'AA')],
  ['with no alg', ({ header, claims, key }) => forge({ ...header, alg: undefined }, claims, rsaSigner(key, 256))],
  ['with an empty alg', ({ header, claims, key }) => forge({ ...header, alg: '' }, claims, rsaSigner(key, 256))],
  [
    'with a list of algs',
    ({ header, claims, key }) => forge({ ...header, alg: ['RS256'] }, claims, rsaSigner(key, 256)),
  ],
  [
    'HS256 with the public key as the secret',
    ({ header, claims, publicPem }) => forge({ ...header, alg: 'HS256' }, claims, hmacSigner(publicPem)),
  ],
  [
    'HS256 with the trimmed public key',
    ({ header, claims, publicPem }) => forge({ ...header, alg: 'HS256' }, claims, hmacSigner(publicPem.trim())),
  ],
  ['HS256 with an empty secret', ({ header, claims }) => forge({ ...header, alg: 'HS256' }, claims, hmacSigner(''))],
  [
    'RS384 with the right key',
    ({ header, claims, key }) => forge({ ...header, alg: 'RS384' }, claims, rsaSigner(key, 384)),
  ],
  [
    'RS512 with the right key',
    ({ header, claims, key }) => forge({ ...header, alg: 'RS512' }, claims, rsaSigner(key, 512)),
  ],
  [
    'PS256 with the right key',
    ({ header, claims, key }) => forge({ ...header, alg: 'PS256' }, claims, rsaSigner(key, 256, true)),
  ],
  ['RS256 over a PSS signature', ({ header, claims, key }) => forge(header, claims, rsaSigner(key, 256, true))],
  [
    'ES256 with a key of its own',
    ({ header, claims }, { ec }) =>
      forge({ ...header, alg: 'ES256' }, claims, (input) =>
        sign('sha256', Buffer.from(input), { key: ec, dsaEncoding: 'ieee-p1363' }).toString('base64url'),
      ),
  ],
  ['RS256 with another key under our kid', selfSigned(() => ({}))],
  ['of an unknown kid', selfSigned(() => ({ kid: 'mine' }))],
  ['without a kid', resigned({}, { kid: undefined })],
  ['whose kid is a path', selfSigned(() => ({ kid: '../../../../dev/null' }))],
  ['whose kid is SQL', selfSigned(() => ({ kid: "' UNION SELECT 'secret' -- " }))],
  ['whose kid is __proto__', selfSigned(() => ({ kid: '__proto__' }))],
  ['whose kid is a number', selfSigned(() => ({ kid: 0 }))],
  ['whose kid is a list', resigned({}, { kid: ['x'] })],
  ['with a jku of the attacker', selfSigned(() => ({ kid: 'mine', jku: 'http://127.0.0.1:9/jwks.json' }))],
  ['with an x5u of the attacker', selfSigned(() => ({ kid: 'mine', x5u: 'http://127.0.0.1:9/cert.pem' }))],
  ['with the attacker’s key inside', selfSigned(({ rsaJwk }) => ({ kid: 'mine', jwk: rsaJwk }))],
  ['with the attacker’s key inside, under our kid', selfSigned(({ rsaJwk }) => ({ jwk: rsaJwk }))],
  ['with a critical extension', resigned({}, { crit: ['exp'], exp: 1 })],
  ['with an unencoded payload', resigned({}, { b64: false, crit: ['b64'] })],
  ['of another type', resigned({}, { typ: 'JWT' })],
  ['of no type', resigned({}, { typ: undefined })],
  ['for nobody', resigned({ aud: undefined })],
  ['for another audience', resigned({ aud: 'podoh' })],
  ['for an audience that only begins like ours', resigned({ aud: 'podoh-hub.example' })],
  ['of another issuer', resigned({ iss: 'https://podoh.example' })],
  ['of no issuer', resigned({ iss: undefined })],
  ['that ran out', resigned({ iat: nowSeconds() - 3_700, exp: nowSeconds() - 100 })],
  ['that never runs out', resigned({ exp: undefined })],
  ['that runs out at a text', resigned({ exp: '9999999999' })],
  [
    'that was issued too long ago, however late it ends',
    resigned({ iat: nowSeconds() - 86_400, exp: nowSeconds() + 86_400 }),
  ],
  ['that will be issued in an hour', resigned({ iat: nowSeconds() + 3_600, exp: nowSeconds() + 7_200 })],
  ['that is not valid yet', resigned({ nbf: nowSeconds() + 600 })],
  ['of no issue', resigned({ iat: undefined })],
  ['of nobody', resigned({ sub: undefined })],
  ['of device 0', resigned({ sub: '0' })],
  ['of device -1', resigned({ sub: '-1' })],
  ['of device 1e0', resigned({ sub: '1e0' })],
  ['of a device that is a number', resigned({ sub: 1 })],
  ['of a device with a wildcard', resigned({ sub: '%' })],
  ['of no tenant', resigned({ tenant: undefined })],
  ['of a tenant in quotes', resigned({ tenant: '1' })],
  ['of no version', resigned({ ver: undefined })],
  ['with its signature left out', ({ token }) => token.replace(/[^.]+$/, '')],
  ['with its signature cut', ({ token }) => token.slice(0, -4)],
  [
    'with one bit of its signature turned',
    ({ token }) => token.replace(/.(.{20})$/, (tail) => (tail.startsWith('A') ? 'B' : 'A') + tail.slice(1)),
  ],
  [
    'with another device’s claims under its signature',
    ({ token, claims }) => token.replace(/\.[^.]+\./, `.${base64urlJson({ ...claims, sub: '1' })}.`),
  ],
  [`of more than ${TOKEN_BYTES_MAX} bytes`, resigned({ padding: 'x'.repeat(1_000) })],
];

/** Right tokens of devices that are not what they were: signed by us, refused by what the database says. */
const STALE: readonly (readonly [name: string, closeCode: number, make: Make])[] = [
  ['of a device that never was', CLOSE_CODES.UNKNOWN_DEVICE.code, resigned({ sub: '999999999' })],
  ['of the right device in another tenant', CLOSE_CODES.UNKNOWN_DEVICE.code, resigned({ tenant: 999 })],
  ['of the credential after the present one', CLOSE_CODES.CREDENTIAL_ROTATED.code, resigned({ ver: 99 })],
];

describe('a wrong token', () => {
  const start = systemStarter('embedded');
  const own = attackerKeys();
  let arena: Arena;
  let device: TestDevice;
  let genuine: Genuine;
  beforeAll(async () => {
    arena = await Arena.open(start);
    device = await arena.attacker();
    const token = await device.token();
    const key = createPrivateKey(readFileSync(join(arena.system.parts.config.dataDir, 'keys', 'signing.pem')));
    const publicPem = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
    genuine = { key, publicPem, header: { ...decodeProtectedHeader(token) }, claims: decodeJwt(token), token };
  });

  /** The status of a refused upgrade, or the code of the close that came first on the socket. */
  async function atTheSocket(token: string): Promise<number> {
    const socket = await RawSocket.open(arena.hubUrl);
    socket.write(upgradeRequest({ token }));
    const { status } = await socket.answer();
    // Devices that say nothing are not looked up: their token alone has to stand until then.
    socket.write(clientFrame({ payload: '{"type":"hello"}' }));
    if (status === 101) await socket.until('a frame', () => socket.frames.length > 0 || socket.isClosed);
    const first = socket.frames[0];
    socket.destroy();
    if (status !== 101) return status;
    if (first?.opcode !== OPCODE.close) throw new Error('something was sent before the close');
    return first.payload.readUInt16BE(0);
  }

  async function overHttp(url: string, method: string, token: string): Promise<{ status: number; code: string }> {
    const response = await fetch(url, {
      method,
      // What no header may hold is sent as the octets of its UTF-8.
      headers: { authorization: `Bearer ${Buffer.from(token).toString('latin1')}`, 'content-type': 'application/json' },
      ...(method === 'GET' ? {} : { body: '{}' }),
    });
    const { error } = (await response.json()) as { error?: { code: string } };
    return { status: response.status, code: error?.code ?? '' };
  }

  const REFUSED = { status: 401, code: 'UNAUTHENTICATED' };
  const heartbeat = (token: string) => overHttp(`${arena.hubUrl}/api/v1/sync/heartbeat`, 'POST', token);
  const me = (token: string) => overHttp(`${arena.apiUrl}/api/v1/auth/me`, 'GET', token);

  it('is told from a right one: the control', async () => {
    expect(await heartbeat(genuine.token)).toEqual({ status: 200, code: '' });
    // Made here, with the hub's own key and claims: what the forgeries differ from.
    const remade = resigned({ jti: 'other' })(genuine, own);
    expect(await heartbeat(remade)).toEqual({ status: 200, code: '' });
    const socket = await arena.live(remade);
    expect(await arena.answers(socket)).toBe(true);
    socket.destroy();
  });

  it.each(BAD)('%s opens no door [INV-9]', async (_name, make) => {
    const token = make(genuine, own);
    expect([401, CLOSE_CODES.TOKEN_INVALID.code, CLOSE_CODES.TOKEN_EXPIRED.code]).toContain(await atTheSocket(token));
    expect(await heartbeat(token)).toEqual(REFUSED);
    expect(await me(token)).toEqual(REFUSED);
    await arena.unharmed();
  });

  it.each(STALE)('%s opens no door, and the close says why [INV-9]', async (_name, closeCode, make) => {
    const token = make(genuine, own);
    expect(await atTheSocket(token)).toBe(closeCode);
    expect(await heartbeat(token)).toEqual(REFUSED);
    await arena.unharmed();
  });

  it('of a user is none of a device, and the other way round [INV-9]', async () => {
    const login = await fetch(`${arena.apiUrl}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(ADMIN),
    });
    const { data } = (await login.json()) as { data: { accessToken: string; refreshToken: string } };
    expect((await me(data.accessToken)).status).toBe(200);
    for (const token of [data.accessToken, data.refreshToken]) {
      expect([401, CLOSE_CODES.TOKEN_INVALID.code]).toContain(await atTheSocket(token));
      expect(await heartbeat(token)).toEqual(REFUSED);
    }
    expect(await me(genuine.token)).toEqual(REFUSED);
    expect(await me(data.refreshToken)).toEqual(REFUSED);
    await arena.unharmed();
  });

  it('of a revoked device opens no door, not even one that it opened before [INV-9]', async () => {
    const revoked = await arena.attacker();
    const token = await revoked.token();
    const socket = await arena.live(token);
    expect((await heartbeat(token)).status).toBe(200);
    await arena.system.admin.must('POST', `/devices/${revoked.deviceId}/revoke`);
    expect(await socket.closed()).toBe(CLOSE_CODES.REVOKED.code);
    expect(await atTheSocket(token)).toBe(401);
    expect(await heartbeat(token)).toEqual(REFUSED);
    await arena.unharmed();
  });

  it('of a deleted device opens no door [INV-9]', async () => {
    const deleted = await arena.attacker();
    const token = await deleted.token();
    const socket = await arena.live(token);
    await arena.system.admin.must('DELETE', `/devices/${deleted.deviceId}`);
    expect(await socket.closed()).toBe(CLOSE_CODES.UNKNOWN_DEVICE.code);
    expect([401, CLOSE_CODES.UNKNOWN_DEVICE.code]).toContain(await atTheSocket(token));
    expect(await heartbeat(token)).toEqual(REFUSED);
    await arena.unharmed();
  });

  it('that ends late ends with our longest life all the same [INV-9]', async () => {
    const token = resigned({ exp: nowSeconds() + 10 * 365 * 86_400 })(genuine, own);
    const socket = await arena.live(token);
    const ends = Date.parse(String(socket.messages[0]?.['tokenExpiresAt']));
    expect(ends).toBeLessThanOrEqual((Number(genuine.claims['iat']) + 3_600) * 1000);
    socket.destroy();
  });

  it.each([
    ['in the query', '/ws?access_token=TOKEN&token=TOKEN', []],
    ['in the path', '/ws/TOKEN', []],
    ['as a cookie', '/ws', ['Cookie: access_token=TOKEN; token=TOKEN']],
    ['in a header of another name', '/ws', ['X-Access-Token: TOKEN', 'Proxy-Authorization: Bearer TOKEN']],
    ['under another scheme', '/ws', ['Authorization: Token TOKEN']],
    ['under Basic', '/ws', ['Authorization: Basic TOKEN']],
    ['without a scheme', '/ws', ['Authorization: TOKEN']],
    ['twice in one header', '/ws', ['Authorization: Bearer TOKEN TOKEN']],
    ['after a wrong one', '/ws', ['Authorization: Bearer wrong', 'Authorization: Bearer TOKEN']],
    ['beside a wrong one', '/ws', ['Authorization: Bearer wrong', 'Sec-WebSocket-Protocol: bearer.TOKEN']],
    ['in the extensions', '/ws', ['Sec-WebSocket-Extensions: bearer.TOKEN']],
  ])('is also a right one %s: no upgrade [INV-9]', async (_name, path, lines) => {
    const put = (text: string): string => text.replaceAll('TOKEN', genuine.token);
    const socket = await RawSocket.open(arena.hubUrl);
    socket.write(upgradeRequest({ token: null, path: put(path), lines: lines.map(put) }));
    expect([401, 404]).toContain((await socket.answer()).status);
    socket.destroy();
    await arena.unharmed();
  });

  it('extends no session, and asks for the close when it is offered again and again [INV-9]', async () => {
    const session = await arena.attacker();
    await session.connect({ wellBehaved: false });
    await session.until('welcome', () => session.of('welcome').length === 1);
    const offers = [genuine.token, none('none')(genuine, own), 'x', genuine.token, genuine.token];
    for (const accessToken of offers) session.send({ type: 'auth', accessToken });
    await session.until('the close', () => session.closed !== null);
    expect(session.closed?.code).toBe(CLOSE_CODES.BAD_FRAMES.code);
    expect(session.of('authenticated')).toEqual([]);
    await arena.unharmed();
  });
});
