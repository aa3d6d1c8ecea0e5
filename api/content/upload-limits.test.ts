/** Uploads over a real connection: cut, stalled, slow, refused early; and how much a tenant may keep. */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { eventually } from '../../test/support/eventually.ts';
import { SlowSenderError } from '../errors.ts';
import { openApi, systemIds, type ApiFixture, type FixtureOptions, type TestUser } from '../testing/api-fixture.ts';
import { Quarantine } from './quarantine.ts';
import { contentRoutes } from './routes.ts';
import { formOf, picture } from './testing/sample-files.ts';

const URL = '/api/v1/content';
const folder = mkdtempSync(join(tmpdir(), 'podoh-limits-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeEachDatabase('uploads and their limits', (open) => {
  let db: TestDatabase;
  let api: ApiFixture;
  let admin: TestUser;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    db = await open();
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await api.close();
  });

  async function start(options: FixtureOptions = {}): Promise<number> {
    const settings = { uploadFolder: folder, toolFolders: [], ...options.settings };
    api = await openApi(db, { routes: contentRoutes(), ...options, settings });
    admin = await api.newUser(await api.newTenant(systemIds.uuid()), 'admin');
    await api.app.listen({ port: 0, host: '127.0.0.1' });
    return (api.app.server.address() as AddressInfo).port;
  }
  function dial(port: number, bytes: Buffer | string): { socket: Socket; answer: Promise<string> } {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    let got = '';
    socket.setEncoding('utf8');
    socket.on('data', (data: string) => (got += data));
    socket.on('error', () => undefined);
    socket.write(bytes);
    return { socket, answer: once(socket, 'close').then(() => got) };
  }
  const head = (headers: Record<string, string>, bytes: number, token = admin.token): string =>
    `POST ${URL} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Type: ${headers['content-type']}\r\nContent-Length: ${bytes}\r\n\r\n`;
  const leftBehind = async (): Promise<unknown[]> => [
    readdirSync(folder),
    await db.sql.selectFrom('content').select('id').where('tenant_id', '=', admin.tenantId).execute(),
    await db.sql.selectFrom('object_claims').select('id').execute(),
  ];

  test('an upload that is cut off leaves no file, no row and no object', async () => {
    const port = await start();
    const { body, headers } = formOf([['file', await picture('png', 600, 400)]]);
    const { socket } = dial(
      port,
      Buffer.concat([Buffer.from(head(headers, body.length)), body.subarray(0, body.length / 2)]),
    );
    await eventually(() => readdirSync(folder).length === 1);
    socket.destroy();
    await eventually(() => readdirSync(folder).length === 0);
    expect(await leftBehind()).toEqual([[], [], []]);
  });

  test('an upload that takes longer than other requests may is served', async () => {
    const port = await start({ timeouts: { requestMs: 300, handlerMs: 300 } });
    const { body, headers } = formOf([['file', await picture('png')]]);
    const { socket, answer } = dial(
      port,
      head(headers, body.length).replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
    );
    const half = Math.floor(body.length / 2);
    socket.write(body.subarray(0, half));
    await new Promise((resolve) => setTimeout(resolve, 700));
    socket.write(body.subarray(half));
    expect(await answer).toMatch(/^HTTP\/1\.1 201 /);
  });

  test('a file that stands still is given up, with nothing left', async () => {
    await start();
    const quarantine = new Quarantine(folder, systemIds);
    const source = new PassThrough();
    source.write('some');
    await expect(quarantine.receive(source, 100, 50)).rejects.toBeInstanceOf(SlowSenderError);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('an upload that is refused at once is read off for a while, and then cut', async () => {
    const port = await start({ timeouts: { requestMs: 300, handlerMs: 10_000 } });
    const { headers } = formOf([]);
    const { answer } = dial(port, `${head(headers, 1_000_000, 'nonsense')}--podoh`);
    expect(await answer).toMatch(/^HTTP\/1\.1 401 /);
    const { answer: large } = dial(port, `${head(headers, 99_000_000)}--podoh`);
    expect(await large).toMatch(/^HTTP\/1\.1 413 /);
    expect(await leftBehind()).toEqual([[], [], []]);
  });

  test('a slow body of another route is cut, an unknown path too', async () => {
    const port = await start({ timeouts: { requestMs: 300, handlerMs: 300 } });
    const lines = 'Host: a\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{';
    expect(await dial(port, `POST /api/v1/auth/login HTTP/1.1\r\n${lines}`).answer).toMatch(/^HTTP\/1\.1 408 /);
    const token = `Authorization: Bearer ${admin.token}\r\n`;
    expect(await dial(port, `POST ${URL} HTTP/1.1\r\n${token}${lines}`).answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(await dial(port, `POST /api/v1/nowhere HTTP/1.1\r\n${lines}`).answer).toMatch(/^HTTP\/1\.1 4/);
    expect(await dial(port, `GET /health/live HTTP/1.1\r\n${lines}`).answer).toMatch(/^HTTP\/1\.1 /);
  });

  test('more uploads at once than one process takes are told to come again', async () => {
    await start();
    const goOn = Promise.withResolvers<void>();
    const taken = Array.from({ length: 64 }, () => api.ctx.content.admit(() => goOn.promise));
    const { body, headers } = formOf([['file', await picture('png')]]);
    const send = () => api.send('POST', URL, { as: admin, body, headers });
    const refused = await send();
    expect([refused.statusCode, refused.json().error.code, refused.headers['retry-after']]).toEqual([
      503,
      'UNAVAILABLE',
      '5',
    ]);
    goOn.resolve();
    await Promise.all(taken);
    expect((await send()).statusCode).toBe(201);
  });

  test('files of dead processes are removed at the start, those of living ones are not', async () => {
    const dead = 4_194_304 + process.pid;
    const names = [
      `${dead}-a.part`,
      `${process.pid}-b.part`,
      `${process.pid}-c.part`,
      `${process.ppid}-d.part`,
      'note.txt',
    ];
    for (const name of names) writeFileSync(join(folder, name), 'x');
    utimesSync(join(folder, names[1] ?? ''), 1, 1);
    await start();
    await eventually(() => readdirSync(folder).length === 3);
    expect(readdirSync(folder).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(
      ['note.txt', names[2] ?? '', names[3] ?? ''].toSorted((a, b) => (a < b ? -1 : 1)),
    );
    for (const name of names) rmSync(join(folder, name), { force: true });
  });

  test('a tenant keeps no more than its quota, however many ask at once', async () => {
    const files = await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => picture('png', 50, 50, seed)));
    const largest = Math.max(...files.map((file) => file.length));
    await start({ settings: { uploadFolder: folder, tenantBytesMax: largest * 3 } });
    const send = (path: string, body: Buffer | object, headers = {}) =>
      api.send('POST', `${URL}${path}`, { as: admin, body, headers });
    const announce = (): ReturnType<typeof send> =>
      send('/uploads', { name: 'x', sizeBytes: largest, mimeType: 'image/png' });
    const answers = await Promise.all([
      ...files.map((file) => {
        const { body, headers } = formOf([['file', file]]);
        return send('', body, headers);
      }),
      announce(),
      announce(),
    ]);
    const statuses = answers.map(({ statusCode }) => statusCode).toSorted((a, b) => a - b);
    expect(statuses).toEqual([201, 201, 201, 413, 413, 413, 413, 413]);
    const quota = async () => (await api.send('GET', `${URL}/quota`, { as: admin })).json().data;
    const { usedBytes, limitBytes, items } = await quota();
    expect([usedBytes <= limitBytes, limitBytes, items]).toEqual([true, largest * 3, 3]);
    const refused = answers.find(({ statusCode }) => statusCode === 413);
    expect(refused?.json().error.message).toMatch(/\d+ bytes are left of the tenant's quota/);
    // What is deleted makes room again.
    const [first] = (await api.send('GET', URL, { as: admin })).json().data;
    await api.send('DELETE', `${URL}/${first.id}`, { as: admin });
    expect((await announce()).statusCode).toBe(201);
    expect(readdirSync(folder)).toEqual([]);
  });
});
