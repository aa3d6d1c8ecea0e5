/* oxlint-disable typescript/no-explicit-any -- answers are asserted on here, not computed with: their types are what the tests test */
/** A CMS user of the REST API, as any program would be one. */
export interface ApiAnswer<T = any> {
  readonly status: number;
  readonly headers: Headers;
  readonly data: T;
  readonly meta?: { page: number; limit: number; total: number };
  readonly error?: { code: string; message: string; details?: { field: string; message: string }[] };
}

export interface CallOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export class ApiClient {
  readonly #url: string;
  #accessToken: string | null = null;

  /** @param url the API's address without the base path */
  constructor(url: string) {
    this.#url = url;
  }

  async login(username: string, password: string): Promise<void> {
    const { status, data, error } = await this.call('POST', '/auth/login', { body: { username, password } });
    if (status !== 200) throw new Error(`login as ${username}: ${status} ${error?.code}`);
    this.#accessToken = data.accessToken;
  }

  async call<T = any>(method: string, path: string, { body, headers = {} }: CallOptions = {}): Promise<ApiAnswer<T>> {
    const response = await fetch(`${this.#url}/api/v1${path}`, {
      method,
      headers: {
        ...(this.#accessToken === null ? {} : { authorization: `Bearer ${this.#accessToken}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Omit<ApiAnswer<T>, 'status' | 'headers'>;
    return { ...answer, status: response.status, headers: response.headers };
  }

  /** What is behind a path, as it is: for files. */
  async raw(path: string): Promise<{ status: number; headers: Headers; bytes: Buffer }> {
    const response = await fetch(`${this.#url}/api/v1${path}`, {
      headers: this.#accessToken === null ? {} : { authorization: `Bearer ${this.#accessToken}` },
    });
    return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
  }

  /** Sends a form with a file, which must succeed. */
  async upload<T = any>(path: string, form: FormData): Promise<T> {
    const response = await fetch(`${this.#url}/api/v1${path}`, {
      method: 'POST',
      headers: this.#accessToken === null ? {} : { authorization: `Bearer ${this.#accessToken}` },
      body: form,
    });
    const { data, error } = (await response.json()) as { data: T; error?: unknown };
    if (response.status >= 300) throw new Error(`POST ${path}: ${response.status} ${JSON.stringify(error)}`);
    return data;
  }

  /** The data of a call that must succeed. */
  async must<T = any>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.call<T>(method, path, body === undefined ? {} : { body });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.error)}`);
    return answer.data;
  }
}
