/** `npm start` as its users meet it: started from anywhere, stopped by a signal, started again with everything still there. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLOSE_CODES } from '../../protocol/close-codes.ts';
import { ApiClient } from '../support/api-client.ts';
import { removeFolder, throwawayFolder } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { Program, runToEnd } from '../support/processes.ts';
import { importDevices, TestDevice } from '../support/test-device.ts';

const PASSWORD_LINE = /^ {2}Password (\S+) {3}\(shown this once\)$/m;
const LAST_LINE = /^ {2}Hub {6}port \d+\n/m;

describe('npm start', () => {
  let folder: string;
  let apiUrl: string;
  let hubUrl: string;
  let env: Record<string, string>;
  let program: Program;
  const others: Program[] = [];

  beforeAll(async () => {
    folder = throwawayFolder('start');
    const [apiPort, hubPort] = [await freePort(), await freePort()];
    apiUrl = `http://127.0.0.1:${apiPort}`;
    hubUrl = `http://127.0.0.1:${hubPort}`;
    env = { API_PORT: String(apiPort), HUB_PORT: String(hubPort), API_HOST: '127.0.0.1', HUB_HOST: '127.0.0.1' };
    program = other({});
  });
  afterAll(async () => {
    for (const one of others) await one.stop();
    removeFolder(folder);
  });

  function other(more: Record<string, string>, urls: string[] = [apiUrl, hubUrl]): Program {
    const one = new Program({ entry: 'api/main-embedded.ts', env: { ...env, ...more }, cwd: folder, urls });
    others.push(one);
    return one;
  }

  let password: string;
  let admin: ApiClient;
  let groupId: number;

  it('from another working directory: says where it is, makes an admin, and keeps its data there', async () => {
    await program.start();
    // It serves a moment before it says so.
    await eventually(() => LAST_LINE.test(program.stdout));
    expect(program.stderr).toBe('');
    expect(program.stdout.split('\n')).toEqual([
      'Podoh is ready',
      `  Console  ${apiUrl}/console/`,
      `  Player   ${apiUrl}/player/`,
      `  API      ${apiUrl}/api/v1`,
      `  Docs     ${apiUrl}/docs`,
      '  Admin    admin',
      expect.stringMatching(PASSWORD_LINE),
      `  Hub      port ${env['HUB_PORT']}`,
      '',
    ]);
    password = PASSWORD_LINE.exec(program.stdout)?.[1] ?? '';
    expect(existsSync(join(folder, 'data'))).toBe(true);
    admin = new ApiClient(apiUrl);
    await admin.login('admin', password);
    groupId = (await admin.must('POST', '/groups', { name: 'Kept' })).id;
    const player = await fetch(`${apiUrl}/player/`);
    expect([player.status, player.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
  });

  it('SIGINT: exit code 0, with a goodbye for who is connected', async () => {
    const device = new TestDevice(hubUrl, (await importDevices(admin, 1, groupId))[0]!);
    await device.connect();
    await device.until('welcome', () => device.of('welcome').length === 1);
    expect(await program.endBy('SIGINT')).toEqual({ code: 0, signal: null });
    await device.until('the close', () => device.closed !== null);
    expect(device.of('goaway')).toHaveLength(1);
    expect(device.closed?.code).toBe(CLOSE_CODES.DRAIN.code);
    expect(program.stderr).toBe('');
  });

  it('the second start has everything: admin, groups, and the keys that signed tokens; and shows no password', async () => {
    const before = program.stdout.length;
    await program.start();
    await eventually(() => LAST_LINE.test(program.stdout.slice(before)));
    expect(program.stdout.slice(before)).toContain('Podoh is ready');
    expect(program.stdout.slice(before)).not.toMatch(/Password|Admin/);
    const groups = await admin.must('GET', '/groups');
    expect(groups.map((group: { name: string }) => group.name)).toEqual(['Kept']);
    await new ApiClient(apiUrl).login('admin', password);
  });

  it.each([
    ['both ports', {}, 'HUB_PORT'],
    ['the API port', { HUB_PORT: '0' }, 'API_PORT'],
    ['the hub port', { API_PORT: '0' }, 'HUB_PORT'],
  ])('a second instance on %s: one clear line, exit code 1, and the first goes on', async (_what, more, variable) => {
    const second = await runToEnd({ entry: 'api/main-embedded.ts', env: { ...env, ...more }, cwd: folder });
    expect(second).toMatchObject({
      code: 1,
      signal: null,
      stderr: expect.stringMatching(new RegExp(`^${variable}: [^\n]+\n$`)),
    });
    expect(second.stderr).toContain(env[variable]);
    await admin.must('GET', '/groups');
  });

  it('killed with -9 right after the answer, it still has what it answered [INV-4]', async () => {
    const alert = { severity: 'critical', title: 'Kept', message: 'Leave by the stairs' };
    const { deploymentId } = await admin.must('POST', '/alerts/deploy', { alert, groupIds: [groupId] });
    await program.kill9();
    await program.start();
    const again = new ApiClient(apiUrl);
    await again.login('admin', password);
    expect(await again.must('GET', `/alerts/deployments/${deploymentId}`)).toMatchObject({
      title: 'Kept',
      status: 'active',
    });
  });

  it('SIGTERM: exit code 0', async () => {
    expect(await program.sigterm()).toEqual({ code: 0, signal: null });
    expect(program.stderr).toBe('');
  });

  it('with a Redis that is not there it starts nevertheless, says so, and brings alerts', async () => {
    const withoutRedis = other({ REDIS_URL: `redis://127.0.0.1:${await freePort()}` });
    await withoutRedis.start();
    expect(withoutRedis.stderr).toBe('');
    expect(await (await fetch(`${hubUrl}/health/ready`)).json()).toMatchObject({
      data: { bus: 'down', database: 'up' },
    });
    expect(withoutRedis.stdout).toContain('redis link is down');
    const again = new ApiClient(apiUrl);
    await again.login('admin', password);
    const device = new TestDevice(hubUrl, (await importDevices(again, 1, groupId))[0]!);
    await device.connect();
    await device.until('the alert of before', () => device.showing.length === 1);
    await device.disconnect();
    expect(await withoutRedis.sigterm()).toEqual({ code: 0, signal: null });
  });

  it('ends at once on SIGTERM while it has nobody to say goodbye to, also when it was just started', async () => {
    const short = other({ PODOH_DRAIN_MS: '120000' });
    await short.start();
    expect(await short.sigterm()).toEqual({ code: 0, signal: null });
  });
});
