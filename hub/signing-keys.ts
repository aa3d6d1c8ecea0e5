/**
 * The key that signs tokens: given in the environment, or made once under PODOH_DATA_DIR/keys (0600). Retired keys are public
 * PEMs beside it (`*.retired.pem`): they stay in the JWKS until their tokens are gone, then an operator deletes them.
 */
import { generateKeyPairSync } from 'node:crypto';
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, type Config } from './config.ts';
import type { Ids } from './core/ports.ts';

const KEY_BITS = 2048;

export interface SigningKeys {
  readonly privateKeyPem: string;
  readonly retiredPublicKeys: readonly string[];
}

export async function readSigningKeys(config: Config, ids: Ids): Promise<SigningKeys> {
  const folder = join(config.dataDir, 'keys');
  const retiredPublicKeys = await readRetired(folder);
  if (config.jwtPrivateKey !== undefined) return { privateKeyPem: config.jwtPrivateKey, retiredPublicKeys };
  if (config.jwtPrivateKeyFile !== undefined) {
    const privateKeyPem = await readIfThere(config.jwtPrivateKeyFile);
    if (privateKeyPem === null)
      throw new ConfigError(`JWT_PRIVATE_KEY_FILE: ${config.jwtPrivateKeyFile} cannot be read`);
    return { privateKeyPem, retiredPublicKeys };
  }
  return { privateKeyPem: await makeOnce(folder, ids), retiredPublicKeys };
}

async function readRetired(folder: string): Promise<string[]> {
  try {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.retired.pem')).sort();
    return await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

/** Several processes may start at once: the file appears whole or not at all, and the first one wins (link(2) never overwrites). */
async function makeOnce(folder: string, ids: Ids): Promise<string> {
  const file = join(folder, 'signing.pem');
  const existing = await readIfThere(file);
  if (existing !== null) return existing;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: KEY_BITS });
  const draft = join(folder, `.${ids.uuid()}.pem`);
  await writeFile(draft, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return readFile(file, 'utf8');
}
