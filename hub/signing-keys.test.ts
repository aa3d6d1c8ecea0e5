/** Where the signing key comes from, that it is made once, and that retired keys go on verifying. */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { removeFolder, throwawayFolder } from '../test/support/daemon.ts';
import { runScript } from '../test/support/run-script.ts';
import { composeParts, createLogger } from './compose.ts';
import { ConfigError, readConfig } from './config.ts';
import { readSigningKeys, type SigningKeys } from './signing-keys.ts';
import { systemClock, systemIds } from './system-ports.ts';
import { createTokens } from './tokens.ts';

function pem(modulusLength = 2_048): { publicKey: string; privateKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

let folder: string;
let keys: string;
beforeEach(() => {
  folder = throwawayFolder('keys');
  keys = join(folder, 'keys');
});
afterEach(() => {
  removeFolder(folder);
});

function read(variables: Record<string, string> = {}): Promise<SigningKeys> {
  return readSigningKeys(readConfig({ PODOH_DATA_DIR: folder, ...variables }), systemIds);
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

describe('the signing key', () => {
  test('is made at the first start, for nobody else to read, and is the same ever after', async () => {
    const first = await read();
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(first.privateKeyPem);
    expect([asymmetricKeyType, asymmetricKeyDetails?.modulusLength]).toEqual(['rsa', 2_048]);
    expect(readdirSync(keys)).toEqual(['signing.pem']);
    expect([modeOf(keys), modeOf(join(keys, 'signing.pem'))]).toEqual([0o700, 0o600]);
    expect(await read()).toEqual(first);
  });

  test('of many that start at once, in this process and in others, one makes it and all get that', async () => {
    const source = `
      const { readSigningKeys } = await import(${JSON.stringify(new URL('signing-keys.ts', import.meta.url).href)});
      const { systemIds } = await import(${JSON.stringify(new URL('system-ports.ts', import.meta.url).href)});
      const { privateKeyPem } = await readSigningKeys({ dataDir: ${JSON.stringify(folder)} }, systemIds);
      process.stdout.write(privateKeyPem);
    `;
    const others = Array.from({ length: 3 }, () => runScript(source));
    const here = await Promise.all(Array.from({ length: 6 }, () => read()));
    const there = await Promise.all(others);
    const found = [...here.map(({ privateKeyPem }) => privateKeyPem), ...there.map(({ stdout }) => stdout)];
    expect(there.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    expect(new Set(found)).toEqual(new Set([readFileSync(join(keys, 'signing.pem'), 'utf8')]));
    expect(readdirSync(keys)).toEqual(['signing.pem']);
    expect(modeOf(join(keys, 'signing.pem'))).toBe(0o600);
  });

  test('that is given is used, from the variable or from its file, and none is made', async () => {
    const { privateKey } = pem();
    const file = join(folder, 'given.pem');
    writeFileSync(file, privateKey);
    expect((await read({ JWT_PRIVATE_KEY: privateKey })).privateKeyPem).toBe(privateKey);
    expect((await read({ JWT_PRIVATE_KEY: privateKey.replaceAll('\n', '\\n') })).privateKeyPem).toBe(privateKey);
    expect((await read({ JWT_PRIVATE_KEY_FILE: file })).privateKeyPem).toBe(privateKey);
    expect(readdirSync(folder)).toEqual(['given.pem']);
  });
});

describe('retired keys', () => {
  test('stand in the JWKS, and their tokens are good, until their file is deleted', async () => {
    const before = await createTokens({ ...(await read()), clock: systemClock });
    const { token } = await before.issueDevice({ sub: 7, tenant: 1, ver: 0 });
    // The rotation that the docs describe.
    renameSync(join(keys, 'signing.pem'), join(keys, '2026-11.retired.pem'));
    const after = await createTokens({ ...(await read()), clock: systemClock });
    const kids = (tokens: typeof before): unknown[] => tokens.jwks().keys.map(({ kid }) => kid);
    expect(kids(after)).toHaveLength(2);
    expect(kids(after)[0]).not.toBe(kids(before)[0]);
    expect(kids(after)[1]).toBe(kids(before)[0]);
    expect(await after.verifyDevice(token)).toMatchObject({ ok: true });
    expect(JSON.stringify(after.jwks())).not.toMatch(/"(?:d|p|q|dp|dq|qi)":/);

    renameSync(join(keys, '2026-11.retired.pem'), join(keys, '2026-11.deleted'));
    const later = await createTokens({ ...(await read()), clock: systemClock });
    expect(kids(later)).toEqual([kids(after)[0]]);
    expect((await later.verifyDevice(token)).ok).toBe(false);
  });

  test('may be public keys or private ones; they stand beside a key that is given too; nothing else is looked at', async () => {
    const [one, two, given] = [pem(), pem(3_072), pem()];
    mkdirSync(keys);
    writeFileSync(join(keys, 'b.retired.pem'), two.privateKey);
    writeFileSync(join(keys, 'a.retired.pem'), one.publicKey);
    writeFileSync(join(keys, 'readme.txt'), 'not a key');
    const { retiredPublicKeys, privateKeyPem } = await read({ JWT_PRIVATE_KEY: given.privateKey });
    expect(retiredPublicKeys).toEqual([one.publicKey, two.publicKey]);
    const tokens = await createTokens({ privateKeyPem, retiredPublicKeys, clock: systemClock });
    expect(tokens.jwks().keys).toHaveLength(3);
    expect(createPublicKey(privateKeyPem).export({ type: 'spki', format: 'pem' })).toBe(given.publicKey);
  });
});

/** Starts the program's parts with these variables; the message of the ConfigError that it must end with. */
async function startError(variables: Record<string, string>): Promise<string> {
  const config = readConfig({ PODOH_DATA_DIR: folder, LOG_LEVEL: 'silent', ...variables });
  const error: unknown = await composeParts(config, createLogger(config, 'test')).then(
    async (parts) => parts.close(),
    (failure: unknown) => failure,
  );
  if (!(error instanceof ConfigError)) throw new Error('this should have been a ConfigError', { cause: error });
  return error.message;
}

describe('what is wrong is told in one line under the name of its variable, without the key', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();

  test.each([
    ['no PEM', 'canary'],
    ['a public key', pem().publicKey],
    ['a key of another kind', ec],
    ['a short key', pem(1_024).privateKey],
    ['half a key', pem().privateKey.slice(0, 600)],
  ])('%s', async (_what, text) => {
    const secret = text.split('\n')[1] ?? text;
    const file = join(folder, 'bad.pem');
    writeFileSync(file, text);
    mkdirSync(keys);
    const messages = [await startError({ JWT_PRIVATE_KEY: text }), await startError({ JWT_PRIVATE_KEY_FILE: file })];
    writeFileSync(join(keys, 'signing.pem'), text);
    messages.push(await startError({}));
    const what = 'is no PKCS #8 PEM of an RSA key of 2048 bits or more';
    expect(messages).toEqual([
      `JWT_PRIVATE_KEY: the value ${what}`,
      `JWT_PRIVATE_KEY_FILE: ${file} ${what}`,
      `PODOH_DATA_DIR: ${join(keys, 'signing.pem')} ${what}`,
    ]);
    expect(messages.join('')).not.toContain(secret);
  });

  test.each([
    ['no PEM', 'canary'],
    ['a key of another kind', ec],
    ['a short key', pem(1_024).publicKey],
  ])('a retired key that is %s', async (_what, text) => {
    mkdirSync(keys);
    writeFileSync(join(keys, 'old.retired.pem'), text);
    const message = await startError({});
    expect(message).toBe(
      `PODOH_DATA_DIR: ${join(keys, 'old.retired.pem')} is no PEM of an RSA key of 2048 bits or more`,
    );
  });

  test('a file that is not there, or is none', async () => {
    const nowhere = join(folder, 'nowhere.pem');
    expect(await startError({ JWT_PRIVATE_KEY_FILE: nowhere })).toMatch(
      /^JWT_PRIVATE_KEY_FILE: cannot be read: ENOENT: .*nowhere/,
    );
    expect(await startError({ JWT_PRIVATE_KEY_FILE: folder })).toMatch(
      /^JWT_PRIVATE_KEY_FILE: cannot be read: EISDIR: /,
    );
    mkdirSync(join(keys, 'signing.pem'), { recursive: true });
    expect(await startError({})).toMatch(/^PODOH_DATA_DIR: .*signing\.pem cannot be used: EISDIR: /);
  });

  test('a folder that cannot be one', async () => {
    writeFileSync(keys, 'a file where the folder should be');
    expect(await startError({})).toMatch(/^PODOH_DATA_DIR: .*keys cannot be used: ENOTDIR: /);
  });

  test('a place where nothing can be made', async () => {
    symlinkSync(join(folder, 'nowhere', 'below'), keys);
    expect(await startError({})).toMatch(/^PODOH_DATA_DIR: .*signing\.pem cannot be used: [A-Z]+: /);
  });
});
