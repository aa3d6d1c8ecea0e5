/**
 * The HTTP half of the device contract, as a browser speaks it. Nothing here throws for what the network or the hub does:
 * every call answers with data or with why there is none.
 */
import type {
  BatchResponse,
  HeartbeatRequest,
  HeartbeatResponse,
  Manifest,
  RegisterRequest,
  RegisterResponse,
  TokenRequest,
  TokenResponse,
} from '../../protocol/sync.ts';
import type { LogEntry } from '../../protocol/up.ts';
import { isManifest } from './media/read-manifest.ts';

/** How long a call may take beyond the wait it asked for, in milliseconds. */
const HTTP_DEADLINE_MS = 10_000;
/** Longer still where much is carried, in milliseconds: a manifest, a picture of the screen. */
const CARRY_MS = 50_000;

export type Answer<T> =
  | { readonly ok: true; readonly data: T }
  /** `status` is 0 when there was no answer: no network, deadline, refused by CORS, or not this contract. */
  | { readonly ok: false; readonly status: number; readonly code: string; readonly retryAfterMs: number | null };

/** `manifest` is null when the one that is held is still the one (304). */
export interface ManifestAnswer {
  readonly manifest: Manifest | null;
  readonly etag: string | null;
}

export interface HubHttp {
  register(body: RegisterRequest): Promise<Answer<RegisterResponse>>;
  token(body: TokenRequest): Promise<Answer<TokenResponse>>;
  /** `signal` gives up a held heartbeat, e.g. because there is something new to say. */
  heartbeat(accessToken: string, body: HeartbeatRequest, signal: AbortSignal): Promise<Answer<HeartbeatResponse>>;
  /** The manifest; with the ETag of the one that is held, only if there is another. */
  manifest(accessToken: string, etag: string | null): Promise<Answer<ManifestAnswer>>;
  /** Proof of play, answered when it is committed. */
  log(accessToken: string, entries: readonly LogEntry[]): Promise<Answer<BatchResponse>>;
  /** The file that a command was to bring. */
  commandFile(accessToken: string, commandId: number, file: Blob): Promise<Answer<object>>;
  /**
   * Whether anything answers at the hub's address. After NO_ANSWER, true means that this page may not read the answers: the
   * hub does not know its origin, which a browser keeps from the page itself.
   */
  isThere(): Promise<boolean>;
}

export function createHubHttp(hubUrl: string, fetchFrom: typeof fetch = fetch): HubHttp {
  const call = createCaller(hubUrl, fetchFrom);

  function post<T>(
    path: string,
    body: object,
    check: (data: Record<string, unknown>) => boolean,
    extra: CallExtra = {},
  ): Promise<Answer<T>> {
    const init: CallInit = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    };
    return call(path, init, (response) => readAnswer<T>(response, check), extra);
  }

  return {
    isThere: () => answersAt(hubUrl, fetchFrom),
    register: (body) => post('register', body, isRegisterResponse),
    token: (body) => post('token', body, isTokenResponse),
    heartbeat: (token, body, signal) =>
      post('heartbeat', body, isHeartbeatResponse, { token, signal, waitMs: (body.waitSeconds ?? 0) * 1000 }),
    manifest: (token, etag) =>
      call('schedule', etag === null ? {} : { headers: { 'if-none-match': etag } }, readManifest, {
        token,
        waitMs: CARRY_MS,
      }),
    log: (token, entries) => post('log', { entries }, isBatchResponse, { token }),
    commandFile: (token, commandId, body) =>
      call(
        `commands/${commandId}/file`,
        { method: 'PUT', body },
        (response) => readAnswer<object>(response, isRecord),
        {
          token,
          waitMs: CARRY_MS,
        },
      ),
  };
}

type Caller = <T>(
  path: string,
  init: CallInit,
  read: (response: Response) => Promise<Answer<T>>,
  extra?: CallExtra,
) => Promise<Answer<T>>;

/** One call and its answer, whatever becomes of it. */
function createCaller(hubUrl: string, fetchFrom: typeof fetch): Caller {
  return async (path, init, read, extra = {}) => {
    const giveUp = new AbortController();
    const abort = (): void => giveUp.abort();
    const deadline = setTimeout(abort, HTTP_DEADLINE_MS + (extra.waitMs ?? 0));
    extra.signal?.addEventListener('abort', abort, { once: true });
    try {
      const response = await fetchFrom(new URL(`/api/v1/sync/${path}`, hubUrl), {
        ...init,
        headers: {
          ...init.headers,
          ...(extra.token === undefined ? {} : { authorization: `Bearer ${extra.token}` }),
        },
        credentials: 'omit',
        cache: 'no-store',
        redirect: 'error',
        signal: giveUp.signal,
      });
      return await read(response);
    } catch {
      // fetch and the body's reader reject for faults of the network (TypeError), aborts (AbortError) and bodies that are not
      // JSON (SyntaxError): to the player all of them are "no answer".
      return { ok: false, status: 0, code: 'NO_ANSWER', retryAfterMs: null };
    } finally {
      clearTimeout(deadline);
      extra.signal?.removeEventListener('abort', abort);
    }
  };
}

async function answersAt(hubUrl: string, fetchFrom: typeof fetch): Promise<boolean> {
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

interface CallInit {
  readonly method?: 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Blob;
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

async function readManifest(response: Response): Promise<Answer<ManifestAnswer>> {
  const etag = response.headers.get('etag');
  if (response.status === 304) return { ok: true, data: { manifest: null, etag } };
  const answer = await readAnswer<Manifest>(response, isManifest);
  return answer.ok ? { ok: true, data: { manifest: answer.data, etag } } : answer;
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

function isBatchResponse(data: Record<string, unknown>): boolean {
  return typeof data['accepted'] === 'number' && typeof data['duplicates'] === 'number';
}
