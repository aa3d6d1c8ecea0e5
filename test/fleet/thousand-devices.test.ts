/** A thousand simulated players on MariaDB, Redis, one API and two hubs: every one of them displays every alert. */
import { expect, it } from 'vitest';
import { runFanout } from '../../loadtest/fanout.ts';
import { RestClient } from '../../loadtest/rest-client.ts';
import { clusterStarter } from '../chaos/cluster.ts';
import { describeWithMariaDb } from '../support/server-suites.ts';

const DEVICES = 1_000;
const ALERTS = 3;

describeWithMariaDb('a fleet of a thousand', () => {
  const start = clusterStarter();

  it('displays every alert on every screen, and the ladder says so', async () => {
    const { apiUrl, hubUrls, login } = await start();
    const rest = new RestClient(apiUrl);
    await rest.login(login.username, login.password);
    const { alerts } = await runFanout({ rest, hubUrls, devices: DEVICES, alerts: ALERTS });
    expect(alerts.map(({ reached, displayed }) => ({ reached, displayed }))).toEqual(
      Array.from({ length: ALERTS }, () => ({ reached: DEVICES, displayed: DEVICES })),
    );
  }, 120_000);
});
