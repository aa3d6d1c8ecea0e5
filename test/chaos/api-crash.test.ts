/** The API killed in the middle of raising an alert: who repeats the request with its Idempotency-Key gets exactly one [INV-4]. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { beforeAll, expect, it } from 'vitest';
import type { ApiAnswer } from '../support/api-client.ts';
import { eventually } from '../support/eventually.ts';
import type { ReconnectingDevice } from '../support/reconnecting-device.ts';
import { describeWithServers } from '../support/server-suites.ts';
import { clusterStarter, type Cluster } from './cluster.ts';
import { converged } from './screens.ts';

const DEVICES = 4;
/** When the blow falls, in milliseconds after the request went out: from before anything to after everything. */
const BLOWS_MS = [0, 3, 6, 10, 15, 25];

describeWithServers('the API, killed with -9', () => {
  const start = clusterStarter();
  let cluster: Cluster;
  let devices: ReconnectingDevice[];

  beforeAll(async () => {
    cluster = await start();
    devices = await cluster.fleet(DEVICES);
  });

  function deploy(title: string, key: string): Promise<ApiAnswer> {
    return cluster.admin.call('POST', '/alerts/deploy', {
      body: { alert: { severity: 'critical', title, message: 'Leave by the stairs' }, groupIds: [cluster.siteId] },
      headers: { 'idempotency-key': key },
    });
  }

  /** The answer, or null when the connection broke before there was one. */
  async function deployOrBreak(title: string, key: string): Promise<ApiAnswer | null> {
    try {
      return await deploy(title, key);
    } catch (error) {
      if (error instanceof TypeError || error instanceof SyntaxError) return null;
      throw error;
    }
  }

  async function deploymentsOf(title: string): Promise<number[]> {
    const rows: { deploymentId: number; title: string }[] = await cluster.admin.must(
      'GET',
      `/alerts/deployments?q=${title}`,
    );
    return rows.filter((row) => row.title === title).map(({ deploymentId }) => deploymentId);
  }

  /** How many statements stand before the lock of the change counter. */
  async function waitingForTheCounter(): Promise<number> {
    const rows = await cluster.mariadb.admin(
      "select count(*) as waiting from information_schema.processlist where db = 'podoh' and info like 'update%counters%'",
    );
    return Number(rows[0]?.['waiting']);
  }

  /** Starts the API again and repeats the request; there is exactly one deployment, on every screen, and then none. */
  async function expectOneEffect(title: string, key: string): Promise<ApiAnswer> {
    await cluster.api.start();
    let answer = await deployOrBreak(title, key);
    // A connection kept from before may break; and the dead process's transaction is open, its key taken, until the database
    // has noticed.
    while (answer === null || answer.status === 409 || answer.status === 503) {
      await sleep(50);
      answer = await deployOrBreak(title, key);
    }
    expect(answer.status).toBe(201);
    expect(await deploymentsOf(title)).toEqual([answer.data.deploymentId]);
    expect(await converged(cluster.admin, devices)).toEqual([answer.data.deploymentId]);
    await cluster.admin.must('POST', '/alerts/stop', { deploymentId: answer.data.deploymentId });
    expect(await converged(cluster.admin, devices)).toEqual([]);
    return answer;
  }

  it('before the commit: the repeat raises it [INV-4]', async () => {
    // The change counter is the last lock before the commit: who holds it holds the request there.
    const holder = await createConnection({ uri: cluster.mariadb.url('podoh') });
    await holder.query('start transaction');
    await holder.query("select value from counters where name = 'rev' for update");
    const key = randomUUID();
    const asked = deployOrBreak('Held', key);
    await eventually(async () => (await waitingForTheCounter()) > 0);
    await cluster.api.kill9();
    expect(await asked).toBe(null);
    await holder.query('rollback');
    await holder.end();
    expect(await cluster.mariadb.admin("select title from podoh.alert_deployments where title = 'Held'")).toEqual([]);
    const answer = await expectOneEffect('Held', key);
    expect(answer.headers.get('idempotent-replayed')).toBe(null);
  });

  it('after the commit, as soon as the alert is on a screen: the repeat gets the first answer again [INV-4]', async () => {
    const key = randomUUID();
    const asked = deployOrBreak('Shown', key);
    await devices[0]?.until('the alert', () => (devices[0]?.showing.length ?? 0) > 0);
    await cluster.api.kill9();
    const first = await asked;
    const answer = await expectOneEffect('Shown', key);
    expect(answer.headers.get('idempotent-replayed')).toBe('true');
    if (first !== null) expect(answer.data).toEqual(first.data);
  });

  it('after the answer: the same [INV-4]', async () => {
    const key = randomUUID();
    const first = await deploy('Answered', key);
    expect(first.status).toBe(201);
    await cluster.api.kill9();
    const answer = await expectOneEffect('Answered', key);
    expect(answer.headers.get('idempotent-replayed')).toBe('true');
    expect(answer.data).toEqual(first.data);
  });

  it('at any moment between: one effect, whatever the first request came to [INV-4]', { timeout: 60_000 }, async () => {
    for (const blowMs of BLOWS_MS) {
      const title = `Blow${blowMs}`;
      const key = randomUUID();
      const asked = deployOrBreak(title, key);
      await sleep(blowMs);
      await cluster.api.kill9();
      const first = await asked;
      const answer = await expectOneEffect(title, key);
      if (first !== null) expect(answer.data).toEqual(first.data);
    }
  });

  it('without the key the repeat is a second alert: the control [INV-4]', async () => {
    const first = await deploy('Twice', randomUUID());
    await cluster.api.kill9();
    await cluster.api.start();
    let second: ApiAnswer | null = null;
    while (second === null) second = await deployOrBreak('Twice', randomUUID());
    expect(second.data.deploymentId).not.toBe(first.data.deploymentId);
    expect(await deploymentsOf('Twice')).toEqual(
      expect.arrayContaining([first.data.deploymentId, second.data.deploymentId]),
    );
  });
});
