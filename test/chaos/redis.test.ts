/** The bus taken away: Redis killed, Redis frozen, Redis back. It only wakes; the log tells. */
import { beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { ReconnectingDevice } from '../support/reconnecting-device.ts';
import { describeWithServers } from '../support/server-suites.ts';
import { clusterStarter, type Cluster } from './cluster.ts';
import { ALERT_WITHIN_MS, converged, median, raise, stopAlert } from './screens.ts';

const DEVICES = 30;
const ROUNDS = 7;
/** No request waits for Redis: far less than its clients' own patience with it, and more than a busy machine needs, in milliseconds. */
const ANSWERED_WITHIN_MS = 1_000;
/** Far below the poll's period of half a second to one second, which is all that is left without hints. */
const BY_HINT_MS = 250;

describeWithServers('Redis', () => {
  const start = clusterStarter();
  let cluster: Cluster;
  let devices: ReconnectingDevice[];

  beforeAll(async () => {
    cluster = await start();
    devices = await cluster.fleet(DEVICES);
  });

  /** Raises and stops an alert ROUNDS times; the times from the 201 to the last screen, in milliseconds. */
  async function rounds(): Promise<number[]> {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const { deploymentId, elapsedMs } = await raise(cluster.admin, cluster.siteId, devices);
      times.push(elapsedMs);
      await stopAlert(cluster.admin, deploymentId, devices);
    }
    return times;
  }

  async function busStates(): Promise<string[]> {
    const answers = await Promise.all(
      [cluster.apiUrl, ...cluster.hubUrls].map(async (url) => (await fetch(`${url}/health/ready`)).json()),
    );
    return (answers as { data: { bus: string } }[]).map(({ data }) => data.bus);
  }

  async function busIs(state: 'up' | 'down'): Promise<void> {
    await eventually(async () => (await busStates()).every((own) => own === state));
  }

  it('is up: an alert to a group reaches every device on both hubs in both codecs, and is followed to the glass', async () => {
    await busIs('up');
    expect(devices.map((device) => device.hubUrl)).toEqual(devices.map((_device, at) => cluster.hubUrls[at % 2]));
    const { deploymentId } = await raise(cluster.admin, cluster.siteId, devices);
    await eventually(async () => {
      const { ladder } = await cluster.admin.must('GET', `/alerts/deployments/${deploymentId}`);
      return ladder.displayed === DEVICES;
    });
    await stopAlert(cluster.admin, deploymentId, devices);
  });

  it('is killed: alerts still reach every device in time; back again, hints flow again [INV-6]', async () => {
    await cluster.redis.kill9();
    const withoutHints = await rounds();
    expect(Math.max(...withoutHints)).toBeLessThan(ALERT_WITHIN_MS);
    await busIs('down');

    await cluster.redis.restart();
    await busIs('up');
    const byHints = median(await rounds());
    expect(byHints).toBeLessThan(BY_HINT_MS);
    // What makes the number above a proof: without hints the same measure is the poll's.
    expect(median(withoutHints)).toBeGreaterThan(BY_HINT_MS);
  });

  it('is frozen: alerts still reach every device in time and no request waits for it; thawed, hints flow again [INV-6]', async () => {
    cluster.redis.freeze();
    const answers: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const { deploymentId, answeredInMs } = await raise(cluster.admin, cluster.siteId, devices);
      answers.push(answeredInMs);
      for (const path of ['/groups', '/devices', `/alerts/deployments/${deploymentId}`]) {
        const askedAt = performance.now();
        await cluster.admin.must('GET', path);
        answers.push(performance.now() - askedAt);
      }
      await stopAlert(cluster.admin, deploymentId, devices);
    }
    expect(Math.max(...answers)).toBeLessThan(ANSWERED_WITHIN_MS);
    await busIs('down');

    cluster.redis.thaw();
    await busIs('up');
    expect(median(await rounds())).toBeLessThan(BY_HINT_MS);
  });

  it('came and went, and no session ended, and every screen is right [INV-1]', async () => {
    expect(await converged(cluster.admin, devices)).toEqual([]);
    expect(devices.flatMap((device) => device.ends)).toEqual([]);
  });
});
