/** A hub killed with kill -9: its players find another one and are right there; who stays away is offline. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { describeWithServers } from '../support/server-suites.ts';
import { TestDevice } from '../support/test-device.ts';
import { clusterStarter } from './cluster.ts';
import { converged, raise, shownBy } from './screens.ts';

const DEVICES = 30;
const LOST = 3;
/** A dead hub's lease, and the time others take to notice, in milliseconds. */
const OFFLINE_WITHIN_MS = 25_000;
const LOOK_EVERY_MS = 200;

interface ListedDevice {
  readonly id: number;
  readonly status: 'online' | 'offline';
  readonly transport: string | null;
}

describeWithServers('a hub killed with -9', () => {
  const start = clusterStarter();

  it(
    'loses no device that comes back, and none of the alerts started and stopped meanwhile; the rest is offline [INV-1] [INV-2]',
    { timeout: 60_000 },
    async () => {
      const { admin, siteId, hubs, hubUrls, fleet, credentials } = await start();
      const devices = await fleet(DEVICES);
      // These have no second address: with their hub they are gone.
      const lost = (await credentials(LOST)).map((own) => new TestDevice(hubUrls[1] ?? '', own));
      for (const device of lost) await device.connect();
      const before = await raise(admin, siteId, [...devices, ...lost]);

      const onDeadHub = devices.filter((device) => device.hubUrl === hubUrls[1]);
      expect(onDeadHub).toHaveLength(DEVICES / 2);
      for (const device of onDeadHub) device.hold();
      const killedAt = performance.now();
      await hubs[1]?.kill9();
      await eventually(() => onDeadHub.every((device) => device.ends.length === 1));

      const onLivingHub = devices.filter((device) => device.hubUrl === hubUrls[0]);
      const meanwhile = await raise(admin, siteId, onLivingHub);
      await admin.must('POST', '/alerts/stop', { deploymentId: before.deploymentId });
      expect(onDeadHub.map(shownBy)).toEqual(onDeadHub.map(() => [before.deploymentId]));

      for (const device of onDeadHub) device.letBack();
      await Promise.all(onDeadHub.map((device) => device.until('a welcome at the other hub', () => device.isLive)));
      expect(onDeadHub.map((device) => device.hubUrl)).toEqual(onDeadHub.map(() => hubUrls[0]));
      expect(await converged(admin, devices)).toEqual([meanwhile.deploymentId]);
      // The hub that lived was left alone by all this.
      expect(onLivingHub.flatMap((device) => device.ends)).toEqual([]);

      const lostIds = lost.map((device) => device.deviceId);
      const list = async (): Promise<ListedDevice[]> => admin.must('GET', '/devices?limit=200&sort=id');
      await eventually(async () => {
        await sleep(LOOK_EVERY_MS);
        const rows = await list();
        return rows.every(({ id, status }) => status === (lostIds.includes(id) ? 'offline' : 'online'));
      });
      expect(performance.now() - killedAt).toBeLessThan(OFFLINE_WITHIN_MS);
      // Whoever moved is the new hub's, and stays.
      await sleep(1_000);
      const rows = await list();
      expect(rows.filter(({ status }) => status === 'online').map(({ id }) => id)).toEqual(
        devices.map((device) => device.deviceId),
      );
      expect(rows.filter(({ status }) => status === 'offline').map(({ transport }) => transport)).toEqual(
        lost.map(() => null),
      );
    },
  );
});
