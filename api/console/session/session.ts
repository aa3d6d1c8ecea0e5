/**
 * Who is signed in in this browser, and the way to the API.
 *
 * States: `starting` (a stored refresh token is being tried), `signed-out`, `signed-in` (a user and an access token), `expired` (the
 * session ended while the console was in use: the page stays as it is and a dialog asks for the password). Invariants: at most one
 * refresh is under way; of a refresh only the hub's word that the token is not valid ends the session, never a network that is down; a
 * call that met an outdated access token is made once more with a new one, so that no form is lost to the clock.
 */
import type { UserView } from '../../auth/user-view.ts';
import { ApiFailure, failureOf } from './api-failure.ts';
import type { StoredSession } from './stored-session.ts';

export type SessionState =
  | { readonly phase: 'starting' }
  | { readonly phase: 'signed-out' }
  | { readonly phase: 'signed-in'; readonly user: UserView }
  | { readonly phase: 'expired'; readonly user: UserView };

export type Query = Readonly<
  Record<string, string | number | boolean | readonly (string | number)[] | undefined | null>
>;

export interface CallOptions {
  readonly query?: Query;
  /** JSON, or a form. */
  readonly body?: unknown;
  /** Makes a POST that acts safe to repeat: the same key has one effect. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
}

export interface Paged<T> {
  readonly items: T;
  readonly page: number;
  readonly limit: number;
  readonly total: number;
}

interface TokenPair {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Seconds. */
  readonly expiresIn: number;
}

interface Access {
  readonly token: string;
  readonly expiresAtMs: number;
}

export interface SessionParts {
  readonly stored: StoredSession;
  /** Base address of the API, e.g. `/api/v1`. */
  readonly base: string;
  readonly fetchFrom: typeof fetch;
  readonly nowMs: () => number;
}

/** A token that runs out sooner than this is renewed before it is used, in milliseconds. */
const RENEW_BEFORE_MS = 60_000;

export class Session {
  readonly #parts: SessionParts;
  readonly #listeners = new Set<() => void>();
  #state: SessionState = { phase: 'starting' };
  #access: Access | null = null;
  #refreshing: Promise<Access> | null = null;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    parts.stored.onChanged((refreshToken) => {
      if (refreshToken === null) this.#signedOut();
      else if (this.#state.phase !== 'signed-in') void this.start();
    });
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Tells of every change of `state`. Returns what ends the listening. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Signs in with what is stored. Does not throw: without a network it stays `starting` and is to be called again. */
  async start(): Promise<ApiFailure | null> {
    if (this.#parts.stored.read() === null) {
      this.#set({ phase: 'signed-out' });
      return null;
    }
    try {
      const user = await this.call<UserView>('GET', '/auth/me');
      this.#set({ phase: 'signed-in', user });
      return null;
    } catch (cause) {
      if (!(cause instanceof ApiFailure)) throw cause;
      if (cause.code === 'UNAUTHENTICATED') this.#signedOut();
      return cause;
    }
  }

  /** Throws ApiFailure. */
  async signIn(username: string, password: string): Promise<void> {
    const body = { username, password };
    const { user, ...pair } = await this.#once<TokenPair & { user: UserView }>('POST', '/auth/login', { body }, null);
    this.#keep(pair);
    this.#set({ phase: 'signed-in', user });
  }

  /** Ends the session here and at the API; a network that is down does not keep anybody signed in here. */
  async signOut(): Promise<void> {
    const refreshToken = this.#parts.stored.read();
    this.#signedOut();
    if (refreshToken === null) return;
    try {
      await this.#once('POST', '/auth/logout', { body: { refreshToken } }, null);
    } catch (cause) {
      console.warn('the API was not told of signing out', cause);
    }
  }

  /** Throws ApiFailure. Every other session of the user ends. */
  async changePassword(currentPassword: string, newPassword: string): Promise<void> {
    this.#keep(await this.call<TokenPair>('POST', '/auth/password', { body: { currentPassword, newPassword } }));
    await this.readUser();
  }

  /** Reads again who is signed in, e.g. after a change of roles. */
  async readUser(): Promise<void> {
    this.#set({ phase: 'signed-in', user: await this.call<UserView>('GET', '/auth/me') });
  }

  /** The data of a call. Throws ApiFailure. */
  async call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    return (await this.#authorized<T>(method, path, options)).data;
  }

  /** One page of a list. Throws ApiFailure. */
  async list<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<Paged<T[]>> {
    const options = signal === undefined ? { query } : { query, signal };
    const { data, meta } = await this.#authorized<T[]>('GET', path, options);
    return { items: data, page: meta?.page ?? 1, limit: meta?.limit ?? data.length, total: meta?.total ?? data.length };
  }

  /** A file, e.g. an export or a screenshot. Throws ApiFailure. */
  async file(path: string, query: Query = {}): Promise<{ readonly blob: Blob; readonly name: string | null }> {
    const response = await this.#send('GET', path, { query }, await this.accessToken());
    if (!response.ok) throw await failureOf(response, this.#parts.nowMs());
    const name = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? null;
    return { blob: await response.blob(), name };
  }

  /** An access token that is good for a minute at least. Throws ApiFailure. */
  async accessToken(): Promise<string> {
    const access = this.#access;
    if (access !== null && access.expiresAtMs - this.#parts.nowMs() > RENEW_BEFORE_MS) return access.token;
    return (await this.#refresh()).token;
  }

  async #authorized<T>(method: string, path: string, options: CallOptions): Promise<Answer<T>> {
    const token = await this.accessToken();
    try {
      return await this.#answer<T>(method, path, options, token);
    } catch (cause) {
      if (!(cause instanceof ApiFailure) || cause.code !== 'UNAUTHENTICATED') throw cause;
      if (this.#access?.token === token) this.#access = null;
      return this.#answer<T>(method, path, options, await this.accessToken());
    }
  }

  #refresh(): Promise<Access> {
    this.#refreshing ??= this.#exchange().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #exchange(): Promise<Access> {
    const refreshToken = this.#parts.stored.read();
    if (refreshToken === null) throw this.#ended(new ApiFailure({ code: 'UNAUTHENTICATED', message: '', status: 401 }));
    try {
      return this.#keep(await this.#once<TokenPair>('POST', '/auth/refresh', { body: { refreshToken } }, null));
    } catch (cause) {
      // Another tab may have exchanged it long ago: then there is a newer one to try.
      const newer = this.#parts.stored.read();
      if (cause instanceof ApiFailure && cause.code === 'UNAUTHENTICATED') {
        if (newer !== null && newer !== refreshToken) return this.#exchange();
        throw this.#ended(cause);
      }
      throw cause;
    }
  }

  #keep(pair: TokenPair): Access {
    this.#parts.stored.write(pair.refreshToken);
    this.#access = { token: pair.accessToken, expiresAtMs: this.#parts.nowMs() + pair.expiresIn * 1000 };
    return this.#access;
  }

  #ended(cause: ApiFailure): ApiFailure {
    this.#access = null;
    const { phase } = this.#state;
    if (phase === 'signed-in') {
      const { user } = this.#state;
      this.#set({ phase: 'expired', user });
    } else if (phase === 'starting') this.#signedOut();
    return cause;
  }

  #signedOut(): void {
    this.#access = null;
    if (this.#parts.stored.read() !== null) this.#parts.stored.write(null);
    this.#set({ phase: 'signed-out' });
  }

  async #once<T>(method: string, path: string, options: CallOptions, token: string | null): Promise<T> {
    return (await this.#answer<T>(method, path, options, token)).data;
  }

  async #answer<T>(method: string, path: string, options: CallOptions, token: string | null): Promise<Answer<T>> {
    const response = await this.#send(method, path, options, token);
    if (!response.ok) throw await failureOf(response, this.#parts.nowMs());
    return (await response.json()) as Answer<T>;
  }

  async #send(method: string, path: string, options: CallOptions, token: string | null): Promise<Response> {
    const { query, body, idempotencyKey, signal } = options;
    const isForm = body instanceof FormData;
    try {
      return await this.#parts.fetchFrom(`${this.#parts.base}${path}${searchOf(query)}`, {
        method,
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
          ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        },
        ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (cause) {
      if (signal?.aborted === true) throw cause;
      throw new ApiFailure({ code: 'UNREACHABLE', message: 'no answer', status: 0, cause });
    }
  }

  #set(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

interface Answer<T> {
  readonly data: T;
  readonly meta?: { readonly page: number; readonly limit: number; readonly total: number };
}

/** A query as an address wants it; lists are joined by commas, what is undefined, null or empty is left out. */
export function searchOf(query: Query | undefined): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === null || value === '') continue;
    search.set(name, Array.isArray(value) ? value.join(',') : String(value));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}
