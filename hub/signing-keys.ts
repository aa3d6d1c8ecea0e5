/**
 * The key that signs tokens: given in the environment, or made once under PODOH_DATA_DIR/keys (0600). Retired keys stand beside
 * it as `*.retired.pem`: their public halves stay in the JWKS until their tokens are gone, then an operator deletes them. So a
 * rotation is a rename of `signing.pem` and a restart.
 */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, type Config } from './config.ts';
import type { Ids } from './core/ports.ts';

const KEY_BITS = 2_048;

export interface SigningKeys {
  /** As it was found: whether it is a key, and of the right kind, is for its user to see. */
  readonly privateKeyPem: string;
  /** SPKI PEMs of RSA keys of 2048 bits or more. */
  readonly retiredPublicKeys: readonly string[];
  /** Where the private key came from, to begin an error with: the variable that says so, and the place. */
  readonly source: string;
}

/** Reads the keys, and makes the signing key at the first start. Throws ConfigError where a file cannot be read or is no key. */
export async function readSigningKeys(
  config: Pick<Config, 'dataDir' | 'jwtPrivateKey' | 'jwtPrivateKeyFile'>,
  ids: Pick<Ids, 'uuid'>,
): Promise<SigningKeys> {
  const folder = join(config.dataDir, 'keys');
  const retiredPublicKeys = await inDataDir(folder, () => readRetired(folder));
  const given = config.jwtPrivateKey;
  if (given !== undefined) return { privateKeyPem: given, retiredPublicKeys, source: 'JWT_PRIVATE_KEY: the value' };
  const file = config.jwtPrivateKeyFile;
  if (file !== undefined) {
    const privateKeyPem = await readNamed(file);
    return { privateKeyPem, retiredPublicKeys, source: `JWT_PRIVATE_KEY_FILE: ${file}` };
  }
  const made = join(folder, 'signing.pem');
  const privateKeyPem = await inDataDir(
    made,
    async () => (await readIfThere(made)) ?? (await makeOnce(folder, made, ids)),
  );
  return { privateKeyPem, retiredPublicKeys, source: `PODOH_DATA_DIR: ${made}` };
}

/** Names the variable and the place where the system refuses. */
async function inDataDir<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`PODOH_DATA_DIR: ${place} cannot be used: ${systemMessage(error)}`, { cause: error });
  }
}

async function readNamed(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`JWT_PRIVATE_KEY_FILE: cannot be read: ${systemMessage(error)}`, { cause: error });
  }
}

function systemMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function readRetired(folder: string): Promise<string[]> {
  const names = await namesIn(folder);
  const files = names.filter((name) => name.endsWith('.retired.pem')).sort();
  return Promise.all(
    files.map(async (name) => publicHalf(join(folder, name), await readFile(join(folder, name), 'utf8'))),
  );
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The SPKI PEM of a public key, or of the public half of a private one. */
function publicHalf(file: string, pem: string): string {
  const key = publicKeyIn(pem);
  if (key?.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) < KEY_BITS) {
    throw new ConfigError(`PODOH_DATA_DIR: ${file} is no PEM of an RSA key of ${KEY_BITS} bits or more`);
  }
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

function publicKeyIn(pem: string): KeyObject | null {
  try {
    return createPublicKey(pem);
  } catch (error) {
    // OpenSSL's word for "no key"; anything else is a bug of ours.
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}

/** Several processes may start at once: the file appears whole or not at all, and the first one wins (link(2) never overwrites). */
async function makeOnce(folder: string, file: string, ids: Pick<Ids, 'uuid'>): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: KEY_BITS });
  const draft = join(folder, `.${ids.uuid()}.pem`);
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return readFile(file, 'utf8');
}
