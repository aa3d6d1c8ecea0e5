/** The truth taken away: MariaDB restarted, killed, frozen and gone for long, while alerts are raised and stopped all the time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { ReconnectingDevice } from '../support/reconnecting-device.ts';
import { describeWithServers } from '../support/server-suites.ts';
import { TestDevice } from '../support/test-device.ts';
import { clusterStarter, type Cluster } from './cluster.ts';
import { PersistentOperator } from './persistent-operator.ts';
import { CONVERGED_WITHIN_MS, converged } from './screens.ts';

const DEVICES = 24;
/** A refusal comes within a second; the second one is for a machine that does much else, in milliseconds. */
const REFUSED_WITHIN_MS = 2_000;
/** Longer than a hub's lease on its devices, in milliseconds. */
const LONG_MS = 17_000;
/** Twice a hub's pace of renewing leases and marking devices offline, in milliseconds. */
const WATCHED_MS = 10_000;

describeWithServers('MariaDB', () => {
  const start = clusterStarter();
  let cluster: Cluster;
  let devices: ReconnectingDevice[];
  /** Devices without a socket, one at each hub, known there. */
  let polling: TestDevice[];

  beforeAll(async () => {
    cluster = await start();
    devices = await cluster.fleet(DEVICES);
    polling = (await cluster.credentials(2)).map((own, at) => new TestDevice(cluster.hubUrls[at] ?? '', own));
    for (const device of polling) {
      await device.token();
      expect((await device.http('POST', '/heartbeat', {})).status).toBe(200);
    }
  });

  /** Alerts before, during and after a fault; then everything that was answered is true, once, and on every screen. */
  async function expectSurvival(name: string, fault: () => Promise<void>): Promise<PersistentOperator> {
    const operator = new PersistentOperator(cluster.admin, cluster.siteId, name);
    operator.start();
    await operator.more(8);
    await fault();
    await expectAlertsAgain();
    await operator.more(8);
    await operator.finish();
    // A repeat may also be told that the database has not done with its first try.
    for (const refusal of operator.refusals.filter(({ code }) => code !== 'CONFLICT')) {
      expect(refusal).toMatchObject({ status: 503, code: 'UNAVAILABLE', retryAfter: expect.stringMatching(/^\d+$/) });
      expect(refusal.elapsedMs).toBeLessThan(REFUSED_WITHIN_MS);
    }
    expect(await operator.found()).toEqual(operator.expected());
    const truth = await converged(cluster.admin, devices);
    expect(truth).toEqual(operator.active);
    expect(devices.flatMap((device) => device.ends)).toEqual([]);
    for (const deploymentId of truth) await cluster.admin.must('POST', '/alerts/stop', { deploymentId });
    return operator;
  }

  /** [INV-1] while alerts go on: within 5 s of healing every screen has an alert that was raised after it. */
  async function expectAlertsAgain(): Promise<void> {
    const highest = (device: TestDevice): number => Math.max(0, ...device.showing);
    const before = Math.max(...devices.map(highest));
    await Promise.all(
      devices.map((device) =>
        device.until('an alert after the fault', () => highest(device) > before, CONVERGED_WITHIN_MS),
      ),
    );
  }

  /** What goes on without the database, and how quickly the rest is refused. */
  async function lookAround(): Promise<void> {
    for (const path of ['/groups', '/devices', '/alerts/deployments']) {
      const askedAt = performance.now();
      const answer = await cluster.admin.call('GET', path);
      expect(answer).toMatchObject({ status: 503, error: { code: 'UNAVAILABLE' } });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(performance.now() - askedAt).toBeLessThan(REFUSED_WITHIN_MS);
    }
    for (const device of polling) {
      const answer = await device.http('POST', '/heartbeat', {});
      expect(answer).toMatchObject({ status: 200, data: { hasUpdate: true, alert: true } });
      const receipts = [
        { deploymentId: answer.data.alertContent.deploymentId, stage: 'displayed', at: new Date().toISOString() },
      ];
      const askedAt = performance.now();
      const refused = await device.http('POST', '/heartbeat', { receipts });
      expect(refused).toMatchObject({ status: 503, error: { code: 'UNAVAILABLE' } });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(performance.now() - askedAt).toBeLessThan(REFUSED_WITHIN_MS);
    }
    // Hubs stay in rotation: they serve from memory.
    for (const url of cluster.hubUrls) {
      const ready = await fetch(`${url}/health/ready`);
      expect(ready.status).toBe(200);
      expect(await ready.json()).toMatchObject({ data: { database: 'down' } });
    }
    expect((await fetch(`${cluster.apiUrl}/health/ready`)).status).toBe(503);
    expect((await fetch(`${cluster.apiUrl}/health/live`)).status).toBe(200);
  }

  it('is restarted: nothing answered is lost or done twice, and no session ends [INV-1] [INV-4]', async () => {
    await expectSurvival('Restart', () => cluster.mariadb.restart());
  });

  it('is killed with -9: the same, and meanwhile sessions and heartbeats go on and the rest is refused at once [INV-1] [INV-4]', async () => {
    const operator = await expectSurvival('Kill', async () => {
      await cluster.mariadb.kill9();
      await sleep(1_500);
      await lookAround();
      await cluster.mariadb.restart();
    });
    expect(operator.refusals.length).toBeGreaterThan(0);
  });

  it('is frozen for six seconds: the same [INV-1] [INV-4]', async () => {
    const operator = await expectSurvival('Freeze', async () => {
      const frozenAt = performance.now();
      cluster.mariadb.freeze();
      await sleep(1_500);
      await lookAround();
      await sleep(Math.max(0, 6_000 - (performance.now() - frozenAt)));
      cluster.mariadb.thaw();
    });
    expect(operator.refusals.length).toBeGreaterThan(0);
  });

  describe('away for longer than the hubs hold their leases', () => {
    it('costs no connected device its presence', { timeout: 60_000 }, async () => {
      const connected = new Set(devices.map((device) => device.deviceId));
      const presence = async (): Promise<string[]> => {
        const rows: { id: number; status: string; transport: string }[] = await cluster.admin.must(
          'GET',
          '/devices?limit=200&sort=id',
        );
        return rows.filter(({ id }) => connected.has(id)).map(({ status, transport }) => `${status} ${transport}`);
      };
      await cluster.mariadb.kill9();
      await sleep(LONG_MS);
      await cluster.mariadb.restart();
      await eventually(async () => (await cluster.admin.call('GET', '/devices')).status === 200);
      const backAt = performance.now();
      while (performance.now() - backAt < WATCHED_MS) {
        expect(await presence()).toEqual(devices.map(() => 'online websocket'));
        await sleep(200);
      }
      expect(devices.flatMap((device) => device.ends)).toEqual([]);
    });
  });
});
