/** Tokens as attackers make them: JWS compact serialisations (RFC 7515) with any header, claims and key. */
import {
  constants,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';

export type Json = Readonly<Record<string, unknown>>;

/** Makes the signature of the signing input; an empty one for `alg` none. */
export type Signer = (input: string) => string;

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

/** An RSA signature with the hash of the given size, PKCS #1 v1.5 or PSS. */
export function rsaSigner(privateKey: KeyObject, bits: 256 | 384 | 512, pss = false): Signer {
  return (input) =>
    sign(`sha${bits}`, Buffer.from(input), pss ? { key: privateKey, ...PSS } : privateKey).toString('base64url');
}

export function hmacSigner(secret: string | Uint8Array): Signer {
  return (input) => createHmac('sha256', secret).update(input).digest('base64url');
}

export const unsigned: Signer = () => '';

export function base64urlJson(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** A token of exactly this header and these claims; undefined fields are left out. */
export function forge(header: Json, claims: Json, signer: Signer): string {
  const input = `${base64urlJson(header)}.${base64urlJson(claims)}`;
  return `${input}.${signer(input)}`;
}

export interface AttackerKeys {
  readonly rsa: KeyObject;
  readonly rsaJwk: JsonWebKey;
  readonly ec: KeyObject;
}

/** Keys of the attacker's own. */
export function attackerKeys(): AttackerKeys {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  return { rsa, rsaJwk: createPublicKey(rsa).export({ format: 'jwk' }), ec };
}
