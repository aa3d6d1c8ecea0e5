/**
 * The database restored from a backup: its revs begin again below what devices have seen, so they would take everything new for
 * old. `cli epoch renew` says that it is another history, and every device takes it.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { removeFolder, throwawayFolder } from '../support/daemon.ts';
import { describeWithServers } from '../support/server-suites.ts';
import { clusterStarter, type Cluster } from './cluster.ts';
import { converged, raise, shownBy, stopAlert } from './screens.ts';

const run = promisify(execFile);
const DEVICES = 12;

/** Everything in the database, as SQL text. */
async function backUp({ mariadb }: Cluster, file: string): Promise<void> {
  await run('mariadb-dump', [
    '--no-defaults',
    `--socket=${mariadb.socketPath}`,
    '--user=root',
    '--single-transaction',
    '--add-drop-table',
    `--result-file=${file}`,
    'podoh',
  ]);
}

async function restore({ mariadb }: Cluster, file: string): Promise<void> {
  await mariadb.admin(`use podoh; ${readFileSync(file, 'utf8')}`);
}

describeWithServers('a database restored from a backup', () => {
  const start = clusterStarter();

  it(
    'is taken by every device once the epoch is renewed, and by none before: the control [INV-1] [INV-5]',
    { timeout: 90_000 },
    async () => {
      const cluster = await start();
      const { admin, siteId, hubs, api, fleet } = cluster;
      const devices = await fleet(DEVICES);
      const folder = throwawayFolder('backup');
      const file = join(folder, 'podoh.sql');

      const old = await raise(admin, siteId, devices);
      await backUp(cluster, file);
      await stopAlert(admin, old.deploymentId, devices);
      const lost = [await raise(admin, siteId, devices), await raise(admin, siteId, devices)];
      const lostIds = lost.map(({ deploymentId }) => deploymentId);
      expect(await converged(admin, devices)).toEqual(lostIds);

      for (const device of devices) device.hold();
      await Promise.all([api.sigterm(), ...hubs.map((hub) => hub.sigterm())]);
      await restore(cluster, file);
      removeFolder(folder);

      // Without a new epoch the devices know better than the hub, and keep what is not there any more.
      await Promise.all([api.start(), ...hubs.map((hub) => hub.start())]);
      for (const device of devices) device.letBack();
      await Promise.all(devices.map((device) => device.until('a welcome', () => device.isLive)));
      expect(devices.map(shownBy)).toEqual(devices.map(() => lostIds));

      // Hubs that run notice by themselves.
      const renewed = await cluster.run('api/cli.ts', ['epoch', 'renew']);
      expect(renewed).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^epoch \d+ -> \d+/) });
      expect(await converged(admin, devices)).toEqual([old.deploymentId]);

      // And it is a system like any other again, for who was away as well.
      const next = await raise(admin, siteId, devices);
      await Promise.all(
        devices.map(async (device) => {
          const ends = device.ends.length;
          device.cut();
          await device.until('another welcome', () => device.ends.length > ends && device.isLive);
        }),
      );
      expect(await converged(admin, devices)).toEqual([old.deploymentId, next.deploymentId]);
    },
  );

  it(
    'may be given its new epoch before the hubs start: devices that come back take it with their welcome [INV-1]',
    { timeout: 90_000 },
    async () => {
      const cluster = await start();
      const { admin, siteId, hubs, fleet } = cluster;
      const devices = await fleet(DEVICES);
      const folder = throwawayFolder('backup');
      const file = join(folder, 'podoh.sql');
      await backUp(cluster, file);
      await raise(admin, siteId, devices);
      for (const device of devices) device.hold();
      await Promise.all(hubs.map((hub) => hub.sigterm()));
      await restore(cluster, file);
      removeFolder(folder);
      expect((await cluster.run('api/cli.ts', ['epoch', 'renew'])).code).toBe(0);
      await Promise.all(hubs.map((hub) => hub.start()));
      for (const device of devices) device.letBack();
      await Promise.all(devices.map((device) => device.until('a welcome', () => device.isLive)));
      expect(await converged(admin, devices)).toEqual([]);
      const next = await raise(admin, siteId, devices);
      expect(await converged(admin, devices)).toEqual([next.deploymentId]);
    },
  );
});
