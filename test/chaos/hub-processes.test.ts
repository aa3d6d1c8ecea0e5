/** Several hub processes on one port (HUB_PROCESSES=2): both serve, one killed is replaced, and nothing is left behind. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { CLOSE_CODES } from '../../protocol/close-codes.ts';
import { isAlive } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { membersOf, type Program, type ProgramEnd } from '../support/processes.ts';
import type { ReconnectingDevice } from '../support/reconnecting-device.ts';
import { describeWithServers } from '../support/server-suites.ts';
import { clusterStarter, type Cluster } from './cluster.ts';
import { converged, raise, stopAlert } from './screens.ts';

/** The kernel deals connections out by their ports: that one of two gets none of so many does not happen (2^-39). */
const DEVICES = 40;

/** Sockets that listen on the port, as the kernel lists them: state 0A of proc(5) net/tcp. */
function listeners(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, address, , state]) => address?.endsWith(local) === true && state === '0A').length;
}

describeWithServers('two hub processes on one port', () => {
  const start = clusterStarter();
  let cluster: Cluster;
  let hub: Program;
  let devices: ReconnectingDevice[];

  beforeAll(async () => {
    cluster = await start({ hubs: 1, env: { HUB_PROCESSES: '2' } });
    hub = cluster.hubs[0]!;
    // One is ready a moment before the other: until both listen, the kernel deals everything to one.
    await eventually(() => listeners(Number(new URL(cluster.hubUrls[0] ?? '').port)) === 2);
    devices = await cluster.fleet(DEVICES);
  });

  function children(): number[] {
    return membersOf(hub.pid).filter((pid) => pid !== hub.pid);
  }

  /** A number of /metrics. */
  async function metric(name: string): Promise<number> {
    const text = await (await fetch(`${cluster.hubUrls[0]}/metrics`)).text();
    const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
    if (value === undefined) throw new Error(`/metrics has no ${name}`);
    return Number(value);
  }

  /** The names of the processes that devices are connected to: what stands before the dash of a session's id. */
  function nodesInUse(): Set<string | undefined> {
    return new Set(devices.map((device) => device.of('welcome').at(-1)?.sessionId.split('-')[0]));
  }

  it('both serve: each has some of the devices, alerts reach all, and whoever asks one for metrics hears of both', async () => {
    expect(children()).toHaveLength(2);
    expect(nodesInUse().size).toBe(2);
    const { deploymentId } = await raise(cluster.admin, cluster.siteId, devices);
    // Asked often enough to reach either process.
    for (let asked = 0; asked < 10; asked += 1) {
      expect(await metric('podoh_hub_sessions')).toBe(DEVICES);
      expect(await metric('podoh_hub_alerts_active')).toBe(1);
      expect(await metric('podoh_hub_bus_up')).toBe(1);
      expect(await metric('podoh_hub_database_up')).toBe(1);
    }
    expect(await metric('podoh_hub_sessions_opened_total')).toBe(DEVICES);
    await eventually(async () => (await metric('podoh_hub_receipts_total{stage="displayed"}')) === DEVICES);
    await stopAlert(cluster.admin, deploymentId, devices);
  });

  it('one killed with -9 is started again, and its devices come back [INV-1]', async () => {
    const [first = 0, second = 0] = children();
    process.kill(first, 'SIGKILL');
    await eventually(() => devices.some((device) => device.ends.length > 0));
    const { deploymentId } = await raise(cluster.admin, cluster.siteId, devices, 10_000);
    await eventually(() => children().length === 2 && !children().includes(first));
    expect(children()).toContain(second);
    expect(await converged(cluster.admin, devices)).toEqual([deploymentId]);
    const moved = devices.filter((device) => device.ends.length > 0);
    expect(moved.length).toBeGreaterThan(0);
    expect(moved.length).toBeLessThan(DEVICES);
    await eventually(async () => (await metric('podoh_hub_sessions')) === DEVICES);
    await stopAlert(cluster.admin, deploymentId, devices);
  });

  /** Ends the hub by `end`; everybody was sent off with a goodbye, and nothing is left of it. */
  async function expectGoodEnd(end: () => Promise<ProgramEnd>): Promise<void> {
    const own = [hub.pid, ...children()];
    expect(own).toHaveLength(3);
    const endsBefore = devices.map((device) => device.ends.length);
    expect(await end()).toEqual({ code: 0, signal: null });
    expect(own.filter(isAlive)).toEqual([]);
    expect(hub.stderr).toBe('');
    const codes = devices.map((device, at) => device.ends[endsBefore[at] ?? 0]?.code);
    expect(codes).toEqual(devices.map(() => CLOSE_CODES.DRAIN.code));
  }

  it('SIGTERM ends them all with goodbyes and exit code 0', async () => {
    await expectGoodEnd(() => hub.sigterm());
  });

  it('so does a signal to the whole group, as service managers and terminals send it', async () => {
    await hub.start();
    await Promise.all(devices.map((device) => device.until('a welcome', () => device.isLive)));
    await expectGoodEnd(() => {
      process.kill(-hub.pid, 'SIGTERM');
      return hub.ended;
    });
    await Promise.all(devices.map((device) => device.stop()));
  });

  it('and when their parent is killed with -9 they do not go on without it', async () => {
    await hub.start();
    const own = children();
    expect(own).toHaveLength(2);
    await hub.kill9();
    await eventually(() => own.filter(isAlive).length === 0);
    // The port is free: the next start serves it alone.
    await hub.start();
    await sleep(100);
    expect(children()).toHaveLength(2);
    expect(await hub.sigterm()).toEqual({ code: 0, signal: null });
  });
});
