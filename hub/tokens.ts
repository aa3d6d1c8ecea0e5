/**
 * Access tokens: RS256 JWTs (RFC 7519, RFC 9068), issued and verified with keys that are in this process. Algorithm,
 * issuer, audience and type are pinned, and a key is found by its `kid` alone: nothing in a token can make us fetch or
 * choose anything else.
 */
import {
  calculateJwkThumbprint,
  errors,
  exportJWK,
  importPKCS8,
  importSPKI,
  jwtVerify,
  SignJWT,
  type CryptoKey,
  type JWTHeaderParameters,
  type JWTPayload,
} from 'jose';
import { createPublicKey } from 'node:crypto';
import type { Clock, DeviceClaims, TokenRefusal, Tokens, UserClaims, Verified } from './core/ports.ts';

const ALGORITHM = 'RS256';
const ISSUER = 'podoh';
const TYPE = 'at+jwt';
const USER_AUDIENCE = 'podoh-api';
const DEVICE_AUDIENCE = 'podoh-hub';
export const USER_TOKEN_SECONDS = 15 * 60;
export const DEVICE_TOKEN_SECONDS = 60 * 60;
/** How far clocks of two nodes may be apart, in seconds. */
const CLOCK_TOLERANCE_SECONDS = 5;
/** RFC 7518 section 3.3. */
const KEY_BITS_MIN = 2_048;
/** Longest token that is looked at, in characters; ours are about 600. */
const TOKEN_CHARS_MAX = 1536;

export interface TokenKeys {
  /** PKCS #8 PEM of an RSA key of at least 2048 bits. */
  readonly privateKeyPem: string;
  /** SPKI PEMs of keys that no longer sign but whose tokens still live. */
  readonly retiredPublicKeys: readonly string[];
  readonly clock: Clock;
}

interface PublicKey {
  readonly kid: string;
  readonly key: CryptoKey;
  readonly jwk: Record<string, unknown>;
}

async function publicKeyOf(spkiPem: string): Promise<PublicKey> {
  const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey(spkiPem);
  if (asymmetricKeyType !== 'rsa') throw new Error(`a token key must be an RSA key, not ${asymmetricKeyType}`);
  const bits = asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < KEY_BITS_MIN) throw new Error(`a token key must have at least ${KEY_BITS_MIN} bits, not ${bits}`);
  const key = await importSPKI(spkiPem, ALGORITHM, { extractable: true });
  const { kty, n, e } = await exportJWK(key);
  const kid = await calculateJwkThumbprint({ kty: 'RSA', n: n ?? '', e: e ?? '' });
  return { kid, key, jwk: { kty, n, e, kid, alg: ALGORITHM, use: 'sig' } };
}

const ID = /^[1-9]\d{0,15}$/;

function idOf(value: unknown): number | null {
  if (typeof value !== 'string' || !ID.test(value)) return null;
  const id = Number(value);
  return Number.isSafeInteger(id) ? id : null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The claims that both kinds share, or null when one is missing or of the wrong kind. */
function commonClaims(payload: JWTPayload): DeviceClaims | null {
  const sub = idOf(payload.sub);
  const { tenant, ver, iat, exp } = payload;
  if (sub === null || !isCount(tenant) || !isCount(ver) || !isCount(iat) || !isCount(exp)) return null;
  return { sub, tenant, ver, iat, exp };
}

function userClaims(payload: JWTPayload): UserClaims | null {
  const common = commonClaims(payload);
  const { role } = payload;
  if (common === null || (role !== 'admin' && role !== 'manager' && role !== 'user')) return null;
  return { ...common, role };
}

/** Makes the issuer and verifier. Throws when a key is no RSA key, is too short, or cannot be read. */
export async function createTokens({ privateKeyPem, retiredPublicKeys, clock }: TokenKeys): Promise<Tokens> {
  const signing = await publicKeyOf(createPublicKey(privateKeyPem).export({ type: 'spki', format: 'pem' }).toString());
  const privateKey = await importPKCS8(privateKeyPem, ALGORITHM);
  const retired = await Promise.all(retiredPublicKeys.map(publicKeyOf));
  const keys = new Map([signing, ...retired].map((key) => [key.kid, key]));

  function keyFor(header: JWTHeaderParameters): CryptoKey {
    const found = typeof header.kid === 'string' ? keys.get(header.kid) : undefined;
    if (!found) throw new errors.JWSInvalid('unknown kid');
    return found.key;
  }

  async function issue(
    claims: JWTPayload,
    sub: number,
    audience: string,
    seconds: number,
  ): Promise<{ token: string; expiresIn: number }> {
    const iat = Math.floor(clock.now() / 1000);
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: signing.kid })
      .setIssuer(ISSUER)
      .setAudience(audience)
      .setSubject(String(sub))
      .setIssuedAt(iat)
      .setExpirationTime(iat + seconds)
      .sign(privateKey);
    return { token, expiresIn: seconds };
  }

  async function verify<C extends { readonly iat: number; readonly exp: number }>(
    token: string,
    audience: string,
    seconds: number,
    read: (payload: JWTPayload) => C | null,
  ): Promise<Verified<C>> {
    if (token.length > TOKEN_CHARS_MAX) return { ok: false, why: 'malformed' };
    try {
      const { payload } = await jwtVerify(token, keyFor, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience,
        typ: TYPE,
        requiredClaims: ['sub', 'tenant', 'ver', 'iat', 'exp'],
        maxTokenAge: seconds,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(clock.now()),
      });
      const claims = read(payload);
      if (claims === null) return { ok: false, why: 'invalid' };
      // However late it says it ends: no token of ours lives longer.
      return { ok: true, claims: { ...claims, exp: Math.min(claims.exp, claims.iat + seconds) } };
    } catch (error) {
      return { ok: false, why: refusalOf(error) };
    }
  }

  return {
    issueUser: ({ sub, role, tenant, ver }) => issue({ role, tenant, ver }, sub, USER_AUDIENCE, USER_TOKEN_SECONDS),
    issueDevice: ({ sub, tenant, ver }) => issue({ tenant, ver }, sub, DEVICE_AUDIENCE, DEVICE_TOKEN_SECONDS),
    verifyUser: (token) => verify(token, USER_AUDIENCE, USER_TOKEN_SECONDS, userClaims),
    verifyDevice: (token) => verify(token, DEVICE_AUDIENCE, DEVICE_TOKEN_SECONDS, commonClaims),
    jwks: () => ({ keys: [...keys.values()].map((key) => ({ ...key.jwk })) }),
  };
}

/** What to tell of a token that jose refused; anything that is not jose's own refusal is a bug of ours and goes on. */
function refusalOf(error: unknown): TokenRefusal {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return 'malformed';
  if (error instanceof errors.JOSEError) return 'invalid';
  throw error;
}
