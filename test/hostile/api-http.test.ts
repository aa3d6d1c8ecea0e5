/** The CMS API under wrong methods, media types, bodies, ids and queries: every route, every refusal in the contract's envelope. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createPasswordHasher } from '../../api/auth/passwords.ts';
import { documentedRoutes } from '../../api/openapi/documented-routes.ts';
import { createTenant } from '../../api/tenants/create-tenant.ts';
import { ApiClient } from '../support/api-client.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { ADMIN, describeEachAdapterSet, systemStarter } from '../support/system.ts';
import { Arena } from './arena.ts';

interface Route {
  readonly method: string;
  readonly url: string;
  readonly policy: string;
}

/** Whether the route reads a JSON body: one that asks for none does not look at one that is right. */
function readsJson({ method, url }: Route): boolean {
  return documentedRoutes().some((one) => one.method === method && one.url === url && one.body !== undefined);
}

/** Whether the route takes bytes of any type, as they are: who calls it has a signed address. */
function takesBytes({ url }: Route): boolean {
  return documentedRoutes().some((one) => one.url === url && one.upload === 'bytes');
}

/** Nothing has this id. */
const NOBODY = 999_999_999;

/** Paths with something in the place of each parameter. */
function filled(url: string, id: string | number = NOBODY): string {
  return url.replaceAll(/:\w+/g, String(id)).replace(/\*$/, 'x');
}

const BODIES: readonly (readonly [name: string, status: number, body: string])[] = [
  ['no JSON', 400, 'name=x'],
  ['JSON cut short', 400, '{"name":'],
  ['a list', 400, '[]'],
  ['null', 400, 'null'],
  ['a text', 400, '"x"'],
  ['a number', 400, '1'],
  ['fields that nobody knows', 400, '{"role":"admin","tenantId":1,"tenant_id":1,"epoch":1,"isAdmin":true}'],
  ['a __proto__', 400, '{"__proto__":{"role":"admin"}}'],
  ['a __proto__ in disguise', 400, '{"\\u005f_proto__":{"role":"admin"}}'],
  ['a constructor with a prototype', 400, '{"constructor":{"prototype":{"role":"admin"}}}'],
  ['a nest of 65', 400, `${'['.repeat(65)}${']'.repeat(65)}`],
  ['a nest of 100,000', 400, '['.repeat(100_000)],
  ['300 KB', 413, `{"name":"${'x'.repeat(300_000)}"}`],
];

const MEDIA_TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/json\tx',
  'application/json garbage',
  'application/xml',
  'application/jsonx',
];

describe('the API', () => {
  const start = systemStarter('embedded');
  let arena: Arena;
  let token: string;
  let routes: readonly Route[];
  beforeAll(async () => {
    arena = await Arena.open(start);
    const { data } = await new ApiClient(arena.apiUrl).call('POST', '/auth/login', { body: ADMIN });
    token = data.accessToken;
    routes = arena.system.api.app.routePolicies.filter(({ url }) => url.startsWith('/api/v1/'));
  });

  async function send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body?: string,
  ): Promise<{ status: number; success: unknown; code?: string }> {
    const response = await fetch(`${arena.apiUrl}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    const { success, error } = (await response.json()) as { success: unknown; error?: { code: string } };
    return { status: response.status, success, ...(error === undefined ? {} : { code: error.code }) };
  }

  const asAdmin = (more: Readonly<Record<string, string>> = {}) => ({ authorization: `Bearer ${token}`, ...more });
  const takesBody = (route: Route): boolean =>
    (route.method === 'POST' || route.method === 'PUT') && !takesBytes(route);

  it('has routes to try, and lets nobody in without a token but where it says so [INV-10]', async () => {
    expect(routes.length).toBeGreaterThan(20);
    for (const { method, url, policy } of routes) {
      if (policy === 'public' || method === 'HEAD') continue;
      const answer = await send(
        method,
        filled(url),
        { 'content-type': 'application/json' },
        method === 'GET' ? undefined : '{}',
      );
      expect([method, url, answer]).toEqual([method, url, { status: 401, success: false, code: 'UNAUTHENTICATED' }]);
    }
    await arena.unharmed();
  });

  it('knows no method but its own on any path [INV-8]', async () => {
    for (const url of new Set(routes.map((route) => route.url))) {
      const known = new Set(routes.filter((route) => route.url === url).map(({ method }) => method));
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']) {
        if (known.has(method)) continue;
        const answer = await send(method, filled(url), asAdmin());
        // The last part of one path may be read as the id of another: no id that there is.
        expect([method, url, [400, 404].includes(answer.status), answer.success]).toEqual([method, url, true, false]);
      }
    }
    await arena.unharmed();
  });

  it.each(BODIES)('answers a body that is %s with %i wherever it takes one [INV-8]', async (_name, status, body) => {
    for (const route of routes.filter(takesBody)) {
      const answer = await send(route.method, filled(route.url), asAdmin({ 'content-type': 'application/json' }), body);
      // Where no body is asked for, one that is right JSON is not looked at, and the id is nobody's.
      const expected = !readsJson(route) && answer.status === 404 ? 404 : status;
      expect([route.url, answer.status, answer.success]).toEqual([route.url, expected, false]);
    }
    await arena.unharmed();
  });

  it('answers every media type but JSON with 415 wherever it takes a body [INV-8]', async () => {
    for (const type of MEDIA_TYPES) {
      for (const { method, url } of routes.filter(takesBody)) {
        const socket = await RawSocket.open(arena.apiUrl);
        const lines = [
          'Host: x',
          `Authorization: Bearer ${token}`,
          `Content-Type: ${type}`,
          'Content-Length: 2',
          'Connection: close',
        ];
        socket.write([`${method} ${filled(url)} HTTP/1.1`, ...lines, '', '{}'].join('\r\n'));
        const { status, body } = await socket.answer();
        // One takes forms too, and this is none.
        const isForm = method === 'POST' && url === '/api/v1/content' && type.startsWith('multipart/');
        const expected = isForm ? [400, 'VALIDATION_ERROR'] : [415, 'UNSUPPORTED_MEDIA_TYPE'];
        expect([type, url, status, JSON.parse(body).error.code]).toEqual([type, url, ...expected]);
        socket.destroy();
      }
    }
    await arena.unharmed();
  });

  it.each(['0', '-1', '1.5', '1e1', '9007199254740993', '0x1', 'NaN', "1'--", '1%00', '%2e%2e', '1,2', 'null', '٣'])(
    'finds nothing under the id %s, and breaks on none [INV-8]',
    async (id) => {
      for (const { method, url } of routes.filter((route) => route.url.includes(':') && route.method !== 'HEAD')) {
        const path = filled(url, encodeURI(id).replaceAll('%25', '%'));
        // As written: fetch would make another path of one with dots in it.
        const socket = await RawSocket.open(arena.apiUrl);
        const lines = ['Host: x', `Authorization: Bearer ${token}`, 'Connection: close'];
        if (method !== 'GET') lines.push('Content-Type: application/json', 'Content-Length: 2');
        socket.write([`${method} ${path} HTTP/1.1`, ...lines, '', method === 'GET' ? '' : '{}'].join('\r\n'));
        const { status } = await socket.answer();
        expect([method, path, [400, 404, 415].includes(status)]).toEqual([method, path, true]);
        socket.destroy();
      }
      await arena.unharmed();
    },
  );

  it('takes no query that it does not know, and none that is out of bounds [INV-8]', async () => {
    const lists = routes.filter(({ method, url }) => method === 'GET' && !url.includes(':') && !url.includes('*'));
    const queries = [
      'limit=201',
      'limit=0',
      'limit=-1',
      'limit=1e9',
      'limit=1&limit=2',
      'page=0',
      'page=1e400',
      'sort=id;drop',
      'sort=password_hash',
      'sort=__proto__',
      'sort=-',
      'tenant_id=2',
      '__proto__[role]=admin',
      'constructor=1',
      'q[]=x',
      `q=${'x'.repeat(201)}`,
    ];
    for (const { url } of lists) {
      for (const query of queries) {
        const { status, code } = await send('GET', `${url}?${query}`, asAdmin());
        expect([url, query, status, code]).toEqual([url, query, 400, 'VALIDATION_ERROR']);
      }
    }
    await arena.unharmed();
  });

  it('searches for what would be SQL as for any other text [INV-10]', async () => {
    for (const q of [
      "' or '1'='1",
      '%',
      '_',
      '\\',
      '!',
      '";--',
      "x' union select password_hash from users --",
      '\u{1f4a3}',
    ]) {
      for (const url of ['/api/v1/devices', '/api/v1/groups']) {
        const response = await fetch(`${arena.apiUrl}${url}?q=${encodeURIComponent(q)}`, { headers: asAdmin() });
        const { data = [] } = (await response.json()) as { data?: unknown[] };
        expect([q, response.status, data]).toEqual([q, 200, []]);
      }
    }
    await arena.unharmed();
  });

  it.each([
    ['operators for texts', { username: { $gt: '' }, password: { $gt: '' } }],
    ['lists for texts', { username: ['admin'], password: ['x'] }],
    ['numbers for texts', { username: 0, password: 0 }],
    ['a megabyte for a password', { username: 'admin', password: 'x'.repeat(200_000) }],
    ['a NUL in the name', { username: 'admin\u0000', password: 'x' }],
    ['half a surrogate pair', { username: 'admin', password: '\ud800' }],
    ['the name in other letters', { username: 'ａdmin', password: ADMIN.password }],
    ['the name with a blank', { username: 'admin ', password: 'wrong password' }],
  ])('logs nobody in who sends %s [INV-9]', async (_name, body) => {
    const answer = await send(
      'POST',
      '/api/v1/auth/login',
      { 'content-type': 'application/json' },
      JSON.stringify(body),
    );
    expect(answer.success).toBe(false);
    expect([400, 401, 413]).toContain(answer.status);
    await arena.unharmed();
  });

  it('lets nobody guess pairing codes: after ten wrong ones a user waits, and others may still pair [INV-8]', async () => {
    const { admin, parts } = arena.system;
    const statuses: number[] = [];
    const guess = (client: ApiClient, code: string) => client.call('POST', '/devices/pair', { body: { code } });
    for (let count = 0; count < 15; count += 1) {
      statuses.push((await guess(admin, `AAAA-${String(count).padStart(4, '0')}`)).status);
    }
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 404), ...Array.from({ length: 5 }, () => 429)]);
    const waiting = await guess(admin, 'BBBB-BBBB');
    expect(Number(waiting.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(waiting.error?.code).toBe('RATE_LIMITED');
    await createTenant({ ...parts, passwords: createPasswordHasher() }, 'Others', 'other', ADMIN.password);
    const other = new ApiClient(arena.apiUrl);
    await other.login('other', ADMIN.password);
    const registered = await (await arena.attacker()).http('POST', '/register', { playerId: 'pairs-all-the-same' });
    expect((await guess(other, registered.data.pairingCode)).status).toBe(201);
    await arena.unharmed();
  });

  it.each([
    '',
    'x',
    'AAAA',
    '0000-000',
    '0000-00000',
    'ÀÀÀÀ-ÀÀÀÀ',
    "' or 1=1",
    '%%%%-%%%%',
    '____-____',
    '\u0000\u0000\u0000\u0000',
  ])('does not take "%s" for a pairing code, and counts it as no guess of another [INV-8]', async (code) => {
    const { status } = await arena.system.admin.call('POST', '/devices/pair', { body: { code } });
    expect([400, 404, 429]).toContain(status);
    await arena.unharmed();
  });
});

describeEachAdapterSet('texts that only look short', (start) => {
  it('are refused before a column has to hold them [INV-8]', async () => {
    const arena = await Arena.open(start);
    const accents = `e${'\u0301'.repeat(5_000)}`;
    const bodies: readonly (readonly [path: string, body: object])[] = [
      ['/groups', { name: accents }],
      ['/devices/import', { devices: [{ playerId: 'p', name: accents }] }],
      ['/alerts', { severity: 'info', title: accents, message: 'm' }],
      ['/alerts/deploy', { alert: { severity: 'info', title: accents, message: '' }, groupIds: [1] }],
    ];
    for (const [path, body] of bodies) {
      const { status, error } = await arena.system.admin.call('POST', path, { body });
      expect([path, status, error?.code]).toEqual([path, 400, 'VALIDATION_ERROR']);
    }
    // The control: as many characters as are allowed are allowed, of whatever width.
    const group = await arena.system.admin.call('POST', '/groups', { body: { name: '\u{1f4a3}'.repeat(100) } });
    expect(group.status).toBe(201);
    await arena.unharmed();
  });
});
