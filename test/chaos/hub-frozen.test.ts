/** A hub frozen past its lease: its players move on, and when it wakes it must not speak for them any more. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { describeWithServers } from '../support/server-suites.ts';
import { TestDevice } from '../support/test-device.ts';
import { clusterStarter } from './cluster.ts';
import { converged, raise } from './screens.ts';

const DEVICES = 24;
const STAYED = 3;
/** How long the sleeper is watched after it woke, in milliseconds: longer than its own pace of leases and reaping. */
const WATCHED_MS = 7_000;
const LOOK_EVERY_MS = 100;

interface ListedDevice {
  readonly id: number;
  readonly status: 'online' | 'offline';
  readonly connEpoch: number;
}

describeWithServers('a hub frozen past its lease', () => {
  const start = clusterStarter();

  it(
    'wakes up as nobody: the newest session of each device stands, presence does not flip, screens are right [INV-1]',
    { timeout: 90_000 },
    async () => {
      const { admin, siteId, hubs, hubUrls, fleet, credentials } = await start();
      const devices = await fleet(DEVICES, 'stubborn');
      // These notice nothing: their connection to the frozen hub stays open.
      const stayed = (await credentials(STAYED)).map((own) => new TestDevice(hubUrls[1] ?? '', own));
      for (const device of stayed) await device.connect();
      const before = await raise(admin, siteId, [...devices, ...stayed]);
      const moving = devices.filter((device) => device.hubUrl === hubUrls[1]);
      const epochsBefore = new Map(moving.map((device) => [device.deviceId, device.connEpoch]));
      const list = async (): Promise<ListedDevice[]> => admin.must('GET', '/devices?limit=200&sort=id');

      hubs[1]?.freeze();
      const stayedIds = new Set(stayed.map((device) => device.deviceId));
      await Promise.all(
        moving.map((device) =>
          device.until('a welcome at the other hub', () => device.isLive && device.hubUrl === hubUrls[0]),
        ),
      );
      expect(moving.every((device) => device.connEpoch > (epochsBefore.get(device.deviceId) ?? 0))).toBe(true);
      await admin.must('POST', '/alerts/stop', { deploymentId: before.deploymentId });
      const meanwhile = await raise(admin, siteId, devices);
      // Its lease has run out when another hub has taken from it those who stayed.
      await eventually(async () => {
        await sleep(LOOK_EVERY_MS);
        return (await list()).every(({ id, status }) => status === (stayedIds.has(id) ? 'offline' : 'online'));
      });

      hubs[1]?.thaw();
      await Promise.all(stayed.map((device) => device.until('the close', () => device.closed !== null)));
      expect(stayed.map((device) => device.closed?.code)).toEqual(stayed.map(() => 4001));
      const wokeAt = performance.now();
      let looks = 0;
      while (performance.now() - wokeAt < WATCHED_MS) {
        const rows = (await list()).filter(({ id }) => !stayedIds.has(id));
        expect(rows.map(({ id, status, connEpoch }) => ({ id, status, connEpoch }))).toEqual(
          devices.map(({ deviceId, connEpoch }) => ({ id: deviceId, status: 'online', connEpoch })),
        );
        looks += 1;
        await sleep(LOOK_EVERY_MS);
      }
      expect(looks).toBeGreaterThan(WATCHED_MS / 1_000);

      // Those who stayed come back to it, and it is a hub like any other again.
      for (const device of stayed) await device.connect();
      await Promise.all(
        stayed.map((device) => device.until('a second welcome', () => device.of('welcome').length === 2)),
      );
      expect(await converged(admin, [...devices, ...stayed])).toEqual([meanwhile.deploymentId]);
      await eventually(async () => (await list()).every(({ status }) => status === 'online'));
      const after = await raise(admin, siteId, [...devices, ...stayed]);
      expect(await converged(admin, [...devices, ...stayed])).toEqual([meanwhile.deploymentId, after.deploymentId]);
    },
  );
});
