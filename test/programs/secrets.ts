/* oxlint-disable typescript/no-explicit-any -- answers are taken apart for their secrets: what they are is tested elsewhere */
/**
 * A day in the life of every secret: each kind is issued, used, used wrongly and used while the database is away. Whoever runs
 * it then looks for them where they must not be.
 */
import { randomUUID } from 'node:crypto';
import { ApiClient } from '../support/api-client.ts';
import { TestDevice } from '../support/test-device.ts';

export class SecretsInUse {
  readonly #apiUrl: string;
  readonly #hubUrl: string;
  readonly #password: string;
  readonly #secrets = new Map<string, string>();

  constructor(apiUrl: string, hubUrl: string, password: string) {
    this.#apiUrl = apiUrl;
    this.#hubUrl = hubUrl;
    this.#password = this.note('password', password);
  }

  /** Remembers a secret under a name; returns it. */
  note(name: string, secret: string): string {
    if (secret.length < 8) throw new Error(`${name} is too short to be looked for`);
    this.#secrets.set(`${name} ${this.#secrets.size}`, secret);
    return secret;
  }

  get count(): number {
    return this.#secrets.size;
  }

  /** Names of the secrets that the text has, whole or in a telling part. */
  foundIn(text: string): string[] {
    return [...this.#secrets]
      .filter(([, secret]) => partsOf(secret).some((part) => text.includes(part)))
      .map(([name]) => name);
  }

  async #post(url: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<any> {
    const response = await fetch(`${url}/api/v1${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return ((await response.json()) as { data?: unknown }).data;
  }

  /** Signing in and out, right and wrong. */
  async users(): Promise<void> {
    const login = (password: string): Promise<any> =>
      this.#post(this.#apiUrl, '/auth/login', { username: 'admin', password });
    await login(this.note('mistyped password', `${this.#password} `));
    await login(this.note('password that is too long', `long-${randomUUID()}`.repeat(40)));
    await this.#post(
      this.#apiUrl,
      '/auth/login',
      `{"username":"admin","password":"${this.note('password in a broken body', randomUUID())}`,
    );
    const first = await login(this.#password);
    this.#notePair(first);
    const second = await this.#post(this.#apiUrl, '/auth/refresh', { refreshToken: first.refreshToken });
    this.#notePair(second);
    const third = await this.#post(this.#apiUrl, '/auth/refresh', { refreshToken: second.refreshToken });
    this.#notePair(third);
    // Used up long ago: the family is revoked, and that is worth a line in the log.
    await this.#post(this.#apiUrl, '/auth/refresh', { refreshToken: first.refreshToken });
    await this.#post(this.#apiUrl, '/auth/logout', { refreshToken: third.refreshToken });
    const broken = this.note('broken token', `${third.accessToken.slice(0, -8)}AAAAAAAA`);
    await fetch(`${this.#apiUrl}/api/v1/auth/me`, { headers: { authorization: `Bearer ${broken}` } });
    await fetch(`${this.#apiUrl}/api/v1/groups?access_token=${third.accessToken}`);
  }

  #notePair(pair: { accessToken: string; refreshToken: string }): void {
    this.note('access token', pair.accessToken);
    this.note('refresh token', pair.refreshToken);
  }

  /** Devices imported and paired, connected in every way, right and wrong. */
  async devices(): Promise<void> {
    const admin = new ApiClient(this.#apiUrl);
    await admin.login('admin', this.#password);
    const key = this.note('idempotency key', randomUUID());
    const playerId = `player-${randomUUID()}`;
    const body = { devices: [{ playerId, name: 'Imported' }] };
    const imported = await admin.call('POST', '/devices/import', { body, headers: { 'idempotency-key': key } });
    await admin.call('POST', '/devices/import', { body, headers: { 'idempotency-key': key } });
    const [own] = imported.data.devices;
    await this.#liveAs({ deviceId: own.deviceId, credential: this.note('credential', own.credential) });

    const player = { playerId: `player-${randomUUID()}`, name: 'Paired' };
    const pending = await this.#post(this.#hubUrl, '/sync/register', player);
    const pollSecret = this.note('poll secret', pending.pollSecret);
    this.note('pairing code', pending.pairingCode);
    this.note('pairing code without its dash', pending.pairingCode.replace('-', ''));
    await this.#post(this.#hubUrl, '/sync/register', {
      ...player,
      pollSecret: this.note('guessed poll secret', randomUUID()),
    });
    await admin.call('POST', '/devices/pair', { body: { code: 'ZZZZ-ZZZZ', name: 'Guessed' } });
    await admin.must('POST', '/devices/pair', { code: pending.pairingCode, name: 'Paired' });
    const paired = await this.#post(this.#hubUrl, '/sync/register', { ...player, pollSecret });
    await this.#liveAs({ deviceId: paired.deviceId, credential: this.note('credential', paired.credential) });
    await admin.must('POST', `/devices/${paired.deviceId}/revoke`);
    await this.#post(this.#hubUrl, '/sync/token', { deviceId: paired.deviceId, credential: paired.credential });
  }

  async #liveAs(credentials: { deviceId: number; credential: string }): Promise<void> {
    const device = new TestDevice(this.#hubUrl, credentials);
    const token = this.note('device token', await device.token());
    await device.connect();
    await device.until('welcome', () => device.of('welcome').length === 1);
    device.send({ type: 'auth', accessToken: token });
    device.send({ type: 'auth', accessToken: this.note('broken device token', `${token.slice(0, -8)}AAAAAAAA`) });
    device.sendRaw(`{"type":"auth","accessToken":"${this.note('token in a broken frame', randomUUID())}`);
    await device.until('the answers', () => device.of('error').length === 2 && device.of('authenticated').length === 1);
    await device.disconnect();
    await device.http('POST', '/heartbeat', { status: {} });
    await fetch(`${this.#hubUrl}/ws?access_token=${token}`);
    await this.#post(this.#hubUrl, '/sync/token', {
      ...credentials,
      credential: this.note('wrong credential', randomUUID()),
    });
    const broken = new TestDevice(this.#hubUrl, credentials);
    broken.useToken(this.note('broken device token', `${token.slice(0, -9)}BBBBBBBBB`));
    await broken.connect();
    await broken.until('the close', () => broken.closed !== null);
  }

  /** Everything that asks the database, while it is away: what fails is logged, and with what it failed. */
  async whileDatabaseIsAway(): Promise<void> {
    await this.#post(this.#apiUrl, '/auth/login', { username: 'admin', password: this.#password });
    await this.#post(this.#apiUrl, '/auth/refresh', { refreshToken: this.note('refresh token', randomUUID()) });
    await this.#post(this.#hubUrl, '/sync/token', { deviceId: 1, credential: this.note('credential', randomUUID()) });
    await this.#post(this.#hubUrl, '/sync/register', {
      playerId: 'p',
      pollSecret: this.note('poll secret', randomUUID()),
    });
  }
}

/** The secret, and what of it alone would be enough to be a leak: the signature of a token, a long stretch of anything long. */
function partsOf(secret: string): string[] {
  const signature = secret.split('.')[2];
  const stretch = secret.length >= 40 ? [secret.slice(-32)] : [];
  return [secret, ...(signature === undefined ? [] : [signature]), ...stretch];
}
