/**
 * Registration and pairing from the player's side (the operator's side is the API's): a code to show, a secret to poll with,
 * and once paired a credential, given once and stored only as a hash. Nothing secret is kept in clear at rest: the credential
 * is made at the poll that collects it.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import { formatPairingCode, makePairingCode, PAIRING_CODE_LIFE_MS } from '../core/pairing-code.ts';
import type { RegisterRequest, RegisterResponse, TokenRequest, TokenResponse } from '../../protocol/sync.ts';
import { isoTime } from './frames.ts';
import type { HubContext } from './hub-context.ts';

const POLL_AFTER_SECONDS = 3;
const POLL_SECRET_BYTES = 24;
const CREDENTIAL_BYTES = 32;
/** Live codes: past it registrations are put off. Few enough that guessing among them stays hopeless. */
const PENDING_MAX = 10_000;
const CODE_ATTEMPTS_MAX = 5;

export type Registered =
  /** `known`: the poll secret was right and its pairing lives; else a new pairing was begun. */
  | { readonly ok: true; readonly data: RegisterResponse; readonly known: boolean }
  | { readonly ok: false; readonly why: 'wrong-secret' | 'too-many' };

/** SHA-256 as hex: secrets here are long and random, so a plain hash is enough (no dictionary to try). */
function secretHash(secret: string): string {
  return hash('sha256', secret, 'hex');
}

export async function register(context: HubContext, request: RegisterRequest): Promise<Registered> {
  const { store, ids, clock } = context;
  const now = clock.now();
  if (request.pollSecret !== undefined) {
    const pairing = await store.findPairing(request.playerId, secretHash(request.pollSecret));
    if (pairing === null) return { ok: false, why: 'wrong-secret' };
    if (pairing.state === 'pending' && pairing.expiresAt > now) {
      return { ok: true, data: pending(pairing.code, request.pollSecret, pairing.expiresAt), known: true };
    }
    if (pairing.state === 'paired' && pairing.deviceId !== null) {
      const credential = ids.secret(CREDENTIAL_BYTES);
      if (await store.collectCredential(pairing.id, secretHash(credential), now)) {
        return { ok: true, data: { status: 'paired', deviceId: pairing.deviceId, credential }, known: true };
      }
    }
    // Expired, or collected already: the player registers anew.
  }
  // No limit per player: its id is no secret, and whoever knows it could keep the true player from ever being paired.
  if ((await store.countPendingPairings(now)) >= PENDING_MAX) return { ok: false, why: 'too-many' };
  const pollSecret = ids.secret(POLL_SECRET_BYTES);
  const expiresAt = now + PAIRING_CODE_LIFE_MS;
  for (let attempt = 0; attempt < CODE_ATTEMPTS_MAX; attempt += 1) {
    const code = makePairingCode((below) => ids.below(below));
    const created = await store.createPairing({
      playerId: request.playerId,
      code,
      pollSecretHash: secretHash(pollSecret),
      name: request.name ?? null,
      model: request.model ?? null,
      osVersion: request.osVersion ?? null,
      appVersion: request.appVersion ?? null,
      capabilities: request.capabilities ?? [],
      now,
      expiresAt,
    });
    if (created) return { ok: true, data: pending(code, pollSecret, expiresAt), known: false };
  }
  return { ok: false, why: 'too-many' };
}

function pending(code: string, pollSecret: string, expiresAt: number): RegisterResponse {
  return {
    status: 'pending',
    pairingCode: formatPairingCode(code),
    pollSecret,
    expiresAt: isoTime(expiresAt),
    pollAfterSeconds: POLL_AFTER_SECONDS,
  };
}

export type Exchanged =
  | { readonly ok: true; readonly data: TokenResponse }
  | { readonly ok: false; readonly why: 'wrong-credential' | 'too-often' };

/**
 * A credential for a short-lived token. Unknown device, wrong credential and revoked device look alike. Signing costs a
 * millisecond: `mayAsk` is asked of devices that have proved who they are. [INV-8]
 */
export async function exchangeToken(
  context: HubContext,
  request: TokenRequest,
  mayAsk: (deviceId: number) => boolean,
): Promise<Exchanged> {
  const facts = await context.store.credentialFacts(request.deviceId);
  const offered = Buffer.from(secretHash(request.credential), 'hex');
  const expected = Buffer.from(facts?.credentialHash ?? secretHash(''), 'hex');
  const same = timingSafeEqual(offered, expected);
  if (facts === null || facts.credentialHash === null || !facts.active || !same) {
    return { ok: false, why: 'wrong-credential' };
  }
  if (!mayAsk(request.deviceId)) return { ok: false, why: 'too-often' };
  const { token, expiresIn } = await context.tokens.issueDevice({
    sub: request.deviceId,
    tenant: facts.tenantId,
    ver: facts.credentialVersion,
  });
  // Known from now on: an address over its limit cannot keep this device out. [INV-8]
  await context.authenticator.verify(token);
  return { ok: true, data: { accessToken: token, tokenType: 'Bearer', expiresIn } };
}
