/**
 * The access token: exchanged for the credential, kept in memory, renewed before it runs out.
 * Invariant: one exchange at a time; whoever asks meanwhile gets its result.
 */
import type { ErrorCode } from '../../protocol/errors.ts';
import type { TokenRequest } from '../../protocol/sync.ts';
import type { HubHttp } from './hub-http.ts';

/** The share of a token's life after which it is renewed: early enough to try again many times. */
const RENEW_AT = 0.8;
/** A token with less life than this is not worth opening a socket with, in milliseconds. */
const LIFE_MIN_MS = 60_000;

const REFUSALS: readonly string[] = ['UNAUTHENTICATED', 'VALIDATION_ERROR'] satisfies ErrorCode[];

export type TokenAnswer =
  | { readonly ok: true; readonly token: string }
  /** `refused`: the hub does not accept the credential. Otherwise it could not be asked. */
  | { readonly ok: false; readonly refused: boolean; readonly retryAfterMs: number | null };

export interface TokenKeeper {
  /** A token with life left; with `fresh`, a new one. */
  get(fresh: boolean): Promise<TokenAnswer>;
  /** Milliseconds until the token in hand should be renewed: 0 when it is time or there is none. */
  renewInMs(): number;
}

export function createTokenKeeper(
  http: Pick<HubHttp, 'token'>,
  credential: TokenRequest,
  monotonicMs: () => number,
): TokenKeeper {
  let held: { readonly token: string; readonly renewAtMs: number; readonly endsAtMs: number } | null = null;
  let asking: Promise<TokenAnswer> | null = null;

  async function exchange(): Promise<TokenAnswer> {
    const askedAtMs = monotonicMs();
    const answer = await http.token(credential);
    if (!answer.ok) {
      // Only the hub's own words count: a proxy or a captive portal on the way must not cost a screen its pairing.
      const refused = REFUSALS.includes(answer.code);
      if (refused) held = null;
      return { ok: false, refused, retryAfterMs: answer.retryAfterMs };
    }
    const lifeMs = answer.data.expiresIn * 1000;
    held = { token: answer.data.accessToken, renewAtMs: askedAtMs + lifeMs * RENEW_AT, endsAtMs: askedAtMs + lifeMs };
    return { ok: true, token: held.token };
  }

  return {
    get(fresh) {
      if (!fresh && held !== null && held.endsAtMs - monotonicMs() > LIFE_MIN_MS)
        return Promise.resolve({ ok: true, token: held.token });
      asking ??= exchange().finally(() => {
        asking = null;
      });
      return asking;
    },
    renewInMs: () => (held === null ? 0 : Math.max(0, held.renewAtMs - monotonicMs())),
  };
}
