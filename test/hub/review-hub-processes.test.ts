/** What becomes of several hub processes when a signal reaches all of them at once, or their parent is gone without a word. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { startApi } from '../../api/start-api.ts';
import { composeApi, composeParts, createLogger } from '../../hub/compose.ts';
import { readConfig } from '../../hub/config.ts';
import { ApiClient } from '../support/api-client.ts';
import { removeFolder, throwawayFolder } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { mariaDbAt } from '../support/mariadb.ts';
import { membersOf, Program } from '../support/processes.ts';
import { describeWithMariaDb } from '../support/server-suites.ts';
import { importDevices, TestDevice } from '../support/test-device.ts';
import { WEB_ROOT } from '../support/web-root.ts';

describeWithMariaDb('hub processes that share a port', () => {
  const undo: (() => Promise<void> | void)[] = [];
  let device: TestDevice;
  let hub: Program;

  beforeAll(async () => {
    const address = inject('mariadb');
    if (address === null) throw new Error('MariaDB is not installed');
    const server = mariaDbAt(address);
    const database = `processes_${randomUUID().slice(0, 8)}`;
    const folder = throwawayFolder('processes');
    const port = await freePort();
    const env = {
      DATABASE_URL: await server.createDatabase(database),
      HUB_HOST: '127.0.0.1',
      HUB_PORT: String(port),
      HUB_PROCESSES: '2',
      PODOH_DATA_DIR: folder,
      PODOH_ADMIN_PASSWORD: 'correct horse battery',
      PODOH_DRAIN_MS: '300',
      LOG_LEVEL: 'warn',
    };
    undo.push(
      () => removeFolder(folder),
      () => server.dropDatabase(database),
    );
    const config = readConfig({ ...env, API_HOST: '127.0.0.1', API_PORT: '0' });
    const parts = await composeParts(config, createLogger(config, 'test'));
    const { apiHost: host, apiPort, adminUsername, adminPassword } = config;
    const api = await startApi(composeApi(parts), {
      ...{ host, port: apiPort, adminUsername, adminPassword, webRoot: WEB_ROOT, publicHubUrl: `:${port}`, drainMs: 0 },
    });
    undo.push(
      () => parts.close(),
      () => api.stop(),
    );
    const admin = new ApiClient(api.url);
    await admin.login(adminUsername, 'correct horse battery');
    const [credentials] = await importDevices(admin, 1, null);
    if (credentials === undefined) throw new Error('no device');
    device = new TestDevice(`http://127.0.0.1:${port}`, credentials);
    hub = new Program({ entry: 'hub/main.ts', env, urls: [device.hubUrl] });
    undo.push(() => hub.stop());
  });

  afterAll(async () => {
    for (const step of undo.reverse()) await step();
  });

  /** Starts the hub and puts the device on it. */
  async function serve(): Promise<void> {
    await hub.start();
    // One child answers before all are there.
    await eventually(() => hub.stdout.includes('2 processes'));
    await device.connect();
    await device.until('welcome', () => device.of('welcome').length > 0);
    device.frames.length = 0;
  }

  it('drain although a terminal or a service manager signals all of them, parent and children, at once', async () => {
    await serve();
    process.kill(-hub.pid, 'SIGTERM');
    expect(await hub.ended).toEqual({ code: 0, signal: null });
    await device.ended;
    expect(device.of('goaway')).toHaveLength(1);
    expect(device.closed?.code).toBe(4000);
    expect(hub.output).not.toContain('stopping failed');
  });

  it('drain and end when their parent is killed: none stays behind to serve the port with nobody above it', async () => {
    await serve();
    await hub.kill9();
    await device.ended;
    expect(device.of('goaway')).toHaveLength(1);
    expect(device.closed?.code).toBe(4000);
    await eventually(async () => membersOf(hub.pid).length === 0);
  });
});
