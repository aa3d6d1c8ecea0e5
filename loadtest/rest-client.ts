/** An operator of the system under test, over its REST API. */
export interface DeviceCredential {
  readonly deviceId: number;
  readonly credential: string;
}

const IMPORT_MAX = 1_000;

export class RestClient {
  readonly #url: string;
  #token: string | null = null;

  /** @param url address of the API without its base path */
  constructor(url: string) {
    this.#url = url;
  }

  async login(username: string, password: string): Promise<void> {
    const { accessToken } = await this.post<{ accessToken: string }>('/auth/login', { username, password });
    this.#token = accessToken;
  }

  async post<T>(path: string, body: unknown): Promise<T> {
    return this.#call<T>('POST', path, body);
  }

  async get<T>(path: string): Promise<T> {
    return this.#call<T>('GET', path, undefined);
  }

  async #call<T>(method: string, path: string, body: unknown): Promise<T> {
    const response = await fetch(`${this.#url}/api/v1${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(this.#token === null ? {} : { authorization: `Bearer ${this.#token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as { data: T; error?: { code: string; message: string } };
    if (!response.ok)
      throw new Error(`${method} ${path}: ${response.status} ${answer.error?.code} ${answer.error?.message}`);
    return answer.data;
  }

  /** A raw answer, as it comes. */
  async stream(path: string): Promise<AsyncIterable<Uint8Array>> {
    const response = await fetch(`${this.#url}/api/v1${path}`, {
      headers: this.#token === null ? {} : { authorization: `Bearer ${this.#token}` },
    });
    if (!response.ok || response.body === null) throw new Error(`GET ${path}: ${response.status}`);
    return response.body;
  }

  /** Imports devices into a group; their players' ids begin with `prefix`, and they can carry out these commands. */
  async importDevices(
    prefix: string,
    count: number,
    groupId: number,
    capabilities: readonly string[] = [],
  ): Promise<DeviceCredential[]> {
    const found: DeviceCredential[] = [];
    for (let from = 0; from < count; from += IMPORT_MAX) {
      const devices = Array.from({ length: Math.min(IMPORT_MAX, count - from) }, (_unused, at) => ({
        playerId: `${prefix}-${from + at}`,
        name: `Simulated ${from + at}`,
        groupId,
        capabilities,
      }));
      const data = await this.post<{ devices: DeviceCredential[] }>('/devices/import', { devices });
      found.push(...data.devices);
    }
    return found;
  }
}
