/**
 * The HTTP half of the device contract, as a browser speaks it. Nothing here throws for what the network or the hub does:
 * every call answers with data or with why there is none.
 */
import type {
  HeartbeatRequest,
  HeartbeatResponse,
  RegisterRequest,
  RegisterResponse,
  TokenRequest,
  TokenResponse,
} from '../../protocol/sync.ts';

/** How long a call may take beyond the wait it asked for, in milliseconds. */
const HTTP_DEADLINE_MS = 10_000;

export type Answer<T> =
  | { readonly ok: true; readonly data: T }
  /** `status` is 0 when there was no answer: no network, deadline, refused by CORS, or not this contract. */
  | { readonly ok: false; readonly status: number; readonly code: string; readonly retryAfterMs: number | null };

export interface HubHttp {
  register(body: RegisterRequest): Promise<Answer<RegisterResponse>>;
  token(body: TokenRequest): Promise<Answer<TokenResponse>>;
  /** `signal` gives up a held heartbeat, e.g. because there is something new to say. */
  heartbeat(accessToken: string, body: HeartbeatRequest, signal: AbortSignal): Promise<Answer<HeartbeatResponse>>;
  /**
   * Whether anything answers at the hub's address. After NO_ANSWER, true means that this page may not read the answers: the
   * hub does not know its origin, which a browser keeps from the page itself.
   */
  isThere(): Promise<boolean>;
}

export function createHubHttp(hubUrl: string, fetchFrom: typeof fetch = fetch): HubHttp {
  async function post<T>(
    path: string,
    body: object,
    check: (data: Record<string, unknown>) => boolean,
    extra: CallExtra = {},
  ): Promise<Answer<T>> {
    const giveUp = new AbortController();
    const abort = (): void => giveUp.abort();
    const deadline = setTimeout(abort, HTTP_DEADLINE_MS + (extra.waitMs ?? 0));
    extra.signal?.addEventListener('abort', abort, { once: true });
    try {
      const response = await fetchFrom(new URL(`/api/v1/sync/${path}`, hubUrl), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(extra.token === undefined ? {} : { authorization: `Bearer ${extra.token}` }),
        },
        body: JSON.stringify(body),
        credentials: 'omit',
        cache: 'no-store',
        redirect: 'error',
        signal: giveUp.signal,
      });
      return await readAnswer(response, check);
    } catch {
      // fetch and the body's reader reject for faults of the network (TypeError), aborts (AbortError) and bodies that are not
      // JSON (SyntaxError): to the player all of them are "no answer".
      return { ok: false, status: 0, code: 'NO_ANSWER', retryAfterMs: null };
    } finally {
      clearTimeout(deadline);
      extra.signal?.removeEventListener('abort', abort);
    }
  }

  async function isThere(): Promise<boolean> {
    const giveUp = new AbortController();
    const deadline = setTimeout(() => giveUp.abort(), HTTP_DEADLINE_MS);
    try {
      await fetchFrom(new URL('/health/live', hubUrl), {
        mode: 'no-cors',
        credentials: 'omit',
        cache: 'no-store',
        signal: giveUp.signal,
      });
      return true;
    } catch {
      // As above: whatever fetch rejects for is no answer.
      return false;
    } finally {
      clearTimeout(deadline);
    }
  }

  return {
    isThere,
    register: (body) => post('register', body, isRegisterResponse),
    token: (body) => post('token', body, isTokenResponse),
    heartbeat: (token, body, signal) =>
      post('heartbeat', body, isHeartbeatResponse, { token, signal, waitMs: (body.waitSeconds ?? 0) * 1000 }),
  };
}

interface CallExtra {
  readonly token?: string;
  readonly signal?: AbortSignal;
  readonly waitMs?: number;
}

async function readAnswer<T>(
  response: Response,
  check: (data: Record<string, unknown>) => boolean,
): Promise<Answer<T>> {
  const body: unknown = await response.json();
  const envelope = isRecord(body) ? body : {};
  const data = envelope['data'];
  if (response.ok && isRecord(data) && check(data)) return { ok: true, data: data as T };
  const error = isRecord(envelope['error']) ? envelope['error'] : {};
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return {
    ok: false,
    status: response.ok ? 0 : response.status,
    code: typeof error['code'] === 'string' ? error['code'] : 'UNREADABLE',
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : null,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isRegisterResponse(data: Record<string, unknown>): boolean {
  if (data['status'] === 'paired')
    return Number.isSafeInteger(data['deviceId']) && typeof data['credential'] === 'string';
  return (
    data['status'] === 'pending' &&
    ['pairingCode', 'pollSecret', 'expiresAt'].every((name) => typeof data[name] === 'string')
  );
}

function isTokenResponse(data: Record<string, unknown>): boolean {
  return typeof data['accessToken'] === 'string' && typeof data['expiresIn'] === 'number';
}

function isHeartbeatResponse(data: Record<string, unknown>): boolean {
  const numbers = ['epoch', 'rev', 'nextHeartbeatSeconds'].every((name) => typeof data[name] === 'number');
  return numbers && typeof data['serverTime'] === 'string' && (data['state'] === undefined || isRecord(data['state']));
}
