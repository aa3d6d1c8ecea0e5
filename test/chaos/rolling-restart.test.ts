/** Hubs restarted one after the other, as every deployment of a new version does it, while alerts are raised and stopped. */
import { expect, it } from 'vitest';
import { CLOSE_CODES } from '../../protocol/close-codes.ts';
import { eventually } from '../support/eventually.ts';
import { isReady, type Program } from '../support/processes.ts';
import type { ReconnectingDevice } from '../support/reconnecting-device.ts';
import { describeWithServers } from '../support/server-suites.ts';
import { clusterStarter } from './cluster.ts';
import { PersistentOperator } from './persistent-operator.ts';
import { converged } from './screens.ts';

const DEVICES = 30;

describeWithServers('a rolling restart of the hubs', () => {
  const start = clusterStarter();

  it(
    'moves every device with a goodbye, loses no alert, and leaves every screen right [INV-1] [INV-4]',
    { timeout: 90_000 },
    async () => {
      const { admin, siteId, hubs, hubUrls, fleet } = await start();
      const devices = await fleet(DEVICES);
      const operator = new PersistentOperator(admin, siteId, 'Rolling');
      operator.start();
      await operator.more(4);
      for (const [at, hub] of hubs.entries()) {
        await restart(hub, hubUrls[at] ?? '', devices);
        await operator.more(4);
      }
      await operator.finish();

      expect(operator.refusals).toEqual([]);
      expect(await operator.found()).toEqual(operator.expected());
      expect(await converged(admin, devices)).toEqual(operator.active);
      // Everybody was moved at least once, by a goodbye each time and never by a broken connection.
      expect(devices.every((device) => device.ends.length > 0)).toBe(true);
      for (const device of devices) {
        expect(device.ends.map(({ code }) => code)).toEqual(device.ends.map(() => CLOSE_CODES.DRAIN.code));
        expect(device.of('goaway').map(({ reason }) => reason)).toEqual(device.ends.map(() => 'drain'));
      }
    },
  );

  async function restart(hub: Program, url: string, devices: readonly ReconnectingDevice[]): Promise<void> {
    const leaving = devices.filter((device) => device.hubUrl === url);
    expect(leaving.length).toBeGreaterThan(0);
    const ended = hub.sigterm();
    await eventually(async () => !(await isReady(url)));
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(hub.stderr).toBe('');
    await Promise.all(
      leaving.map((device) => device.until('a welcome elsewhere', () => device.isLive && device.hubUrl !== url)),
    );
    await hub.start();
  }
});
