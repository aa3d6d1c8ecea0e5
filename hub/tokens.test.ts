import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  constants,
} from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Clock, Tokens } from './core/ports.ts';
import { createTokens, DEVICE_TOKEN_SECONDS, USER_TOKEN_SECONDS } from './tokens.ts';

function keyPair(modulusLength = 2048) {
  return generateKeyPairSync('rsa', {
    modulusLength,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

const ours = keyPair();
const theirs = keyPair();
const old = keyPair();
let nowMs = Date.UTC(2026, 10, 20, 9);
const clock: Clock = { now: () => nowMs, monotonicMs: () => nowMs };
const seconds = () => Math.floor(nowMs / 1_000);

const base64url = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

function thumbprint(publicPem: string): string {
  const { e, kty, n } = createPublicKey(publicPem).export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url');
}

const KID = thumbprint(ours.publicKey);

interface Forgery {
  readonly header?: Record<string, unknown>;
  readonly claims?: Record<string, unknown>;
  readonly without?: string;
  readonly key?: string;
  readonly signer?: (input: string) => string;
}

/** A token as we would sign it, but for what the forgery says. */
function forge({ header, claims, without, key = ours.privateKey, signer }: Forgery = {}): string {
  const body: Record<string, unknown> = {
    iss: 'podoh',
    aud: 'podoh-api',
    sub: '7',
    role: 'admin',
    tenant: 3,
    ver: 0,
    iat: seconds(),
    exp: seconds() + USER_TOKEN_SECONDS,
    ...claims,
  };
  if (without !== undefined) delete body[without];
  const input = `${base64url({ alg: 'RS256', typ: 'at+jwt', kid: KID, ...header })}.${base64url(body)}`;
  const signature = signer
    ? signer(input)
    : sign('RSA-SHA256', Buffer.from(input), createPrivateKey(key)).toString('base64url');
  return `${input}.${signature}`;
}

const hmac = (secret: string | Buffer) => (input: string) =>
  createHmac('sha256', secret).update(input).digest('base64url');
const pss = (input: string) =>
  sign('RSA-SHA256', Buffer.from(input), {
    key: ours.privateKey,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: 32,
  }).toString('base64url');

const good = forge();
const [goodHeader = '', goodBody = '', goodSignature = ''] = good.split('.');

const BAD: Record<string, () => string> = {
  nothing: () => '',
  'no dots': () => 'abc',
  'two parts': () => `${goodHeader}.${goodBody}`,
  'four parts': () => `${good}.x`,
  'five parts (JWE)': () => `${goodHeader}..${goodBody}.${goodSignature}.x`,
  'no signature': () => `${goodHeader}.${goodBody}.`,
  'another signature': () => `${goodHeader}.${goodBody}.${forge({ claims: { ver: 1 } }).split('.')[2]}`,
  'another body under our signature': () => `${goodHeader}.${base64url({ sub: '1' })}.${goodSignature}`,
  'a cut signature': () => good.slice(0, -4),
  'alg none': () => forge({ header: { alg: 'none' }, signer: () => '' }),
  'alg None': () => forge({ header: { alg: 'None' }, signer: () => '' }),
  'HS256 with the public PEM': () => forge({ header: { alg: 'HS256' }, signer: hmac(ours.publicKey) }),
  'HS256 with the public DER': () =>
    forge({
      header: { alg: 'HS256' },
      signer: hmac(createPublicKey(ours.publicKey).export({ type: 'spki', format: 'der' })),
    }),
  'PS256 with our key': () => forge({ header: { alg: 'PS256' }, signer: pss }),
  'PSS bytes that say RS256': () => forge({ signer: pss }),
  RS512: () =>
    forge({
      header: { alg: 'RS512' },
      signer: (input) => sign('RSA-SHA512', Buffer.from(input), ours.privateKey).toString('base64url'),
    }),
  'no alg': () => forge({ header: { alg: undefined } }),
  'a key of somebody else': () => forge({ key: theirs.privateKey }),
  'a key of somebody else with its own kid': () =>
    forge({ key: theirs.privateKey, header: { kid: thumbprint(theirs.publicKey) } }),
  'a key of somebody else as jwk': () =>
    forge({ key: theirs.privateKey, header: { jwk: createPublicKey(theirs.publicKey).export({ format: 'jwk' }) } }),
  'a jku': () => forge({ key: theirs.privateKey, header: { jku: 'https://evil.example/jwks.json' } }),
  'an x5u': () => forge({ key: theirs.privateKey, header: { x5u: 'https://evil.example/cert' } }),
  'no kid': () => forge({ header: { kid: undefined } }),
  'an unknown kid': () => forge({ header: { kid: 'other' } }),
  'a kid that is a path': () => forge({ header: { kid: '../../../dev/null' } }),
  'a kid that is SQL': () => forge({ header: { kid: "' or 1=1 --" } }),
  'a kid that is a number': () => forge({ header: { kid: 1 } }),
  'a kid of a prototype': () => forge({ header: { kid: '__proto__' } }),
  'typ JWT': () => forge({ header: { typ: 'JWT' } }),
  'no typ': () => forge({ header: { typ: undefined } }),
  'an unknown crit': () => forge({ header: { crit: ['x'], x: 1 } }),
  'b64 false': () => forge({ header: { crit: ['b64'], b64: false } }),
  'another issuer': () => forge({ claims: { iss: 'someone' } }),
  'no issuer': () => forge({ without: 'iss' }),
  'the audience of the hub': () => forge({ claims: { aud: 'podoh-hub' } }),
  'no audience': () => forge({ without: 'aud' }),
  expired: () => forge({ claims: { iat: seconds() - USER_TOKEN_SECONDS - 6, exp: seconds() - 6 } }),
  'no exp': () => forge({ without: 'exp' }),
  'exp as text': () => forge({ claims: { exp: String(seconds() + 60) } }),
  'issued an hour ago and still running': () => forge({ claims: { iat: seconds() - 3_600, exp: seconds() + 3_600 } }),
  'issued in the future': () => forge({ claims: { iat: seconds() + 61 } }),
  'no iat': () => forge({ without: 'iat' }),
  'not valid yet': () => forge({ claims: { nbf: seconds() + 61 } }),
  'no subject': () => forge({ without: 'sub' }),
  'a subject that is no id': () => forge({ claims: { sub: '7 or 1=1' } }),
  'a subject of zero': () => forge({ claims: { sub: '0' } }),
  'a subject past what is exact': () => forge({ claims: { sub: '9007199254740993' } }),
  'an unknown role': () => forge({ claims: { role: 'root' } }),
  'no role': () => forge({ without: 'role' }),
  'no tenant': () => forge({ without: 'tenant' }),
  'a tenant as text': () => forge({ claims: { tenant: '3' } }),
  'no ver': () => forge({ without: 'ver' }),
  'ver as text': () => forge({ claims: { ver: '0' } }),
  'a body that is no object': () => {
    const input = `${goodHeader}.${base64url('[1]')}`;
    return `${input}.${sign('RSA-SHA256', Buffer.from(input), ours.privateKey).toString('base64url')}`;
  },
  'two kilobytes': () => forge({ claims: { padding: 'x'.repeat(2_000) } }),
};

describe('access tokens', () => {
  let tokens: Tokens;
  beforeAll(async () => {
    tokens = await createTokens({ privateKeyPem: ours.privateKey, retiredPublicKeys: [old.publicKey], clock });
  });

  test('of users carry who they are and run 15 minutes', async () => {
    const { token, expiresIn } = await tokens.issueUser({ sub: 7, role: 'manager', tenant: 3, ver: 2 });
    expect(expiresIn).toBe(900);
    const claims = { sub: 7, role: 'manager', tenant: 3, ver: 2, iat: seconds(), exp: seconds() + 900 };
    expect(await tokens.verifyUser(token)).toEqual({ ok: true, claims });
    expect(token.length).toBeLessThan(1_000);
  });

  test('of devices run an hour', async () => {
    const { token, expiresIn } = await tokens.issueDevice({ sub: 9, tenant: 3, ver: 1 });
    expect(expiresIn).toBe(DEVICE_TOKEN_SECONDS);
    expect(await tokens.verifyDevice(token)).toMatchObject({ ok: true, claims: { sub: 9, tenant: 3, ver: 1 } });
  });

  test('are good for their own audience alone', async () => {
    const user = await tokens.issueUser({ sub: 7, role: 'admin', tenant: 3, ver: 0 });
    const device = await tokens.issueDevice({ sub: 7, tenant: 3, ver: 0 });
    expect(await tokens.verifyDevice(user.token)).toEqual({ ok: false, why: 'invalid' });
    expect(await tokens.verifyUser(device.token)).toEqual({ ok: false, why: 'invalid' });
  });

  test('that we forge by hand as we sign them are accepted, so that the refusals below mean something', async () => {
    expect(await tokens.verifyUser(forge())).toMatchObject({ ok: true });
    expect(await tokens.verifyUser(forge({ claims: { iat: seconds() + 4 } }))).toMatchObject({ ok: true });
  });

  test.each(Object.entries(BAD))('with %s are refused', async (_name, make) => {
    const verified = await tokens.verifyUser(make());
    expect(verified.ok).toBe(false);
  });

  test('say when they have expired', async () => {
    const { token } = await tokens.issueUser({ sub: 7, role: 'user', tenant: 3, ver: 0 });
    nowMs += 900_000;
    expect(await tokens.verifyUser(token)).toMatchObject({ ok: true });
    nowMs += 6_000;
    expect(await tokens.verifyUser(token)).toEqual({ ok: false, why: 'expired' });
  });

  test('of a retired key are good while the key is published', async () => {
    const before = await createTokens({ privateKeyPem: old.privateKey, retiredPublicKeys: [], clock });
    const { token } = await before.issueUser({ sub: 7, role: 'user', tenant: 3, ver: 0 });
    expect(await tokens.verifyUser(token)).toMatchObject({ ok: true });
    const without = await createTokens({ privateKeyPem: ours.privateKey, retiredPublicKeys: [], clock });
    expect(await without.verifyUser(token)).toMatchObject({ ok: false });
  });

  test('publish public keys only, named by their RFC 7638 thumbprint', () => {
    const { keys } = tokens.jwks();
    expect(keys.map((key) => key['kid'])).toEqual([KID, thumbprint(old.publicKey)]);
    for (const key of keys) expect(Object.keys(key).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  });

  test('whatever bytes come, verifying answers and never throws', async () => {
    const piece = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom(goodHeader, goodBody, goodSignature, ''),
    );
    const json = fc.json().map(base64url);
    const text = fc.array(fc.oneof(piece, json), { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.'));
    await fc.assert(
      fc.asyncProperty(text, async (token) => {
        if (token === good) return;
        expect((await tokens.verifyUser(token)).ok).toBe(false);
        expect((await tokens.verifyDevice(token)).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test('need an RSA key of at least 2048 bits', async () => {
    const make = (privateKeyPem: string, retiredPublicKeys: string[] = []) =>
      createTokens({ privateKeyPem, retiredPublicKeys, clock });
    await expect(make(keyPair(1_024).privateKey)).rejects.toThrow('at least 2048 bits, not 1024');
    await expect(make(ours.privateKey, [keyPair(1_024).publicKey])).rejects.toThrow('at least 2048 bits');
    const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    });
    await expect(make(elliptic.toString())).rejects.toThrow('must be an RSA key, not ec');
    await expect(make('no key')).rejects.toThrow();
  });
});
