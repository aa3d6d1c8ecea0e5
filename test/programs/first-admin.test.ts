/** The API listens before its first admin is made (a taken port must not cost the password), and answers nobody before that. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { startApi, type StartedApi } from '../../api/start-api.ts';
import { composeApi, composeParts, createLogger } from '../../hub/compose.ts';
import { readConfig } from '../../hub/config.ts';
import { ApiClient } from '../support/api-client.ts';
import { removeFolder, throwawayFolder } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { ADMIN } from '../support/system.ts';
import { WEB_ROOT } from '../support/web-root.ts';

describe('the first start of the API', () => {
  const folder = throwawayFolder('first-admin');
  const undo: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const step of undo.reverse()) await step();
    removeFolder(folder);
  });

  it('is ready, and signs people in, only once its admin exists', async () => {
    const config = readConfig({ PODOH_DATA_DIR: folder, LOG_LEVEL: 'silent' });
    const parts = await composeParts(config, createLogger(config, 'test'));
    undo.push(() => parts.close());
    const context = composeApi(parts);
    const gate = Promise.withResolvers<void>();
    let hashing = false;
    const { passwords } = context;
    const slow = {
      ...passwords,
      hash: async (password: string): Promise<string> => {
        hashing = true;
        await gate.promise;
        return passwords.hash(password);
      },
    };
    const port = await freePort();
    const starting: Promise<StartedApi> = startApi(
      { ...context, passwords: slow },
      {
        host: '127.0.0.1',
        port,
        adminUsername: ADMIN.username,
        adminPassword: ADMIN.password,
        webRoot: WEB_ROOT,
        publicHubUrl: ':0',
        drainMs: 0,
      },
    );
    await eventually(() => hashing);
    let answered = 0;
    const url = `http://127.0.0.1:${port}`;
    const ready = fetch(`${url}/health/ready`).finally(() => (answered += 1));
    const login = new ApiClient(url).login(ADMIN.username, ADMIN.password).finally(() => (answered += 1));
    await sleep(100);
    expect(answered).toBe(0);
    gate.resolve();
    const started = await starting;
    undo.push(() => started.stop());
    expect((await ready).status).toBe(200);
    await login;
  });
});
