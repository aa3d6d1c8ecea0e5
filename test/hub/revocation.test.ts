/** [INV-9] Once a revocation is committed, no old session or token gets anything, on any hub, with or without hints. */
import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { bentClock } from '../support/bent-clock.ts';
import { allRead, join, newDevice, newGroup, newScreen, raise } from '../support/screens.ts';
import { describeWithMariaDb } from '../support/server-suites.ts';
import { describeEachAdapterSet, systemStarter, type System } from '../support/system.ts';
import { TestDevice } from '../support/test-device.ts';

/** What the invariant allows, in milliseconds, with Redis and without. */
const WITHIN_MS = 2_000;
const WITHOUT_REDIS_WITHIN_MS = 5_000;
/** What an alert may take without hints, in milliseconds. */
const ALERT_WITHOUT_HINTS_MS = 2_000;

const HEARTBEAT = { waitSeconds: 20 };

/** The same device with the same token at another hub. */
async function twin(device: TestDevice, hubUrl: string): Promise<TestDevice> {
  const other = new TestDevice(hubUrl, { deviceId: device.deviceId, credential: 'none' });
  other.useToken(await device.token());
  return other;
}

/** Nothing is open to the device at these hubs, once they have read that it is revoked. */
async function expectShutOut(device: TestDevice, hubUrls: readonly string[]): Promise<void> {
  for (const hubUrl of hubUrls) {
    const again = await twin(device, hubUrl);
    await expect(again.connect()).rejects.toThrow('upgrade refused: 401');
    for (const call of [
      again.http('POST', '/heartbeat', {}),
      again.http('GET', '/schedule'),
      again.http('POST', '/receipts', {
        items: [{ deploymentId: 1, stage: 'received', at: new Date().toISOString() }],
      }),
      again.http('POST', '/log', { entries: [] }),
    ]) {
      expect((await call).status).toBe(401);
    }
  }
}

describeEachAdapterSet('a revocation', (start) => {
  let system: System;
  let groupId: number;

  beforeAll(async () => {
    system = await start({ hubs: 2 });
    groupId = (await newGroup(system.admin)).id;
  });

  it('[INV-9] ends the session with 4301 and shuts every door, on every hub, and after a restart of one', async () => {
    const { admin, hubUrls } = system;
    const revoked = [await newScreen(system, groupId, 0), await newScreen(system, groupId, 1)];
    const witness = await newScreen(system, groupId, 0);
    for (const device of revoked) {
      await admin.must('POST', `/devices/${device.deviceId}/revoke`);
      await device.until('the close', () => device.closed !== null, WITHIN_MS);
      expect(device.closed).toMatchObject({ code: 4301 });
    }
    const deploymentId = await raise(admin, { groupIds: [groupId] });
    await witness.until('the alert', () => witness.showing.includes(deploymentId));
    await allRead(system);
    for (const device of revoked) {
      expect(device.of('alert.start')).toEqual([]);
      await expectShutOut(device, hubUrls);
      device.forgetToken();
      await expect(device.token()).rejects.toThrow('401');
    }
    await witness.disconnect();
  });

  it('[INV-9] control: what is written past the log ends nothing, for no hub hears of it', async () => {
    const { admin, parts } = system;
    const device = await newScreen(system, groupId, 1);
    await parts.db.sql
      .updateTable('devices')
      .set((eb) => ({ state: 'revoked', credential_version: eb('credential_version', '+', 1) }))
      .where('id', '=', device.deviceId)
      .execute();
    const deploymentId = await raise(admin, { groupIds: [groupId] });
    await device.until('the alert', () => device.showing.includes(deploymentId));
    expect(device.closed).toBeNull();
    await device.disconnect();
  });

  it('[INV-9] wakes a heartbeat that is held, and answers it 401', async () => {
    const { admin } = system;
    const device = await newDevice(system, groupId, 1);
    await device.token();
    const first = await device.http('POST', '/heartbeat', {});
    const held = device.http('POST', '/heartbeat', { ...HEARTBEAT, epoch: first.data.epoch, rev: first.data.rev });
    await eventually(() => system.hubs.some((hub) => hub.gauges().heldHeartbeats === 1));
    const revokedAtMs = performance.now();
    await admin.must('POST', `/devices/${device.deviceId}/revoke`);
    expect(await held).toMatchObject({ status: 401 });
    // Woken, and not at the end of its time.
    expect(performance.now() - revokedAtMs).toBeLessThan((HEARTBEAT.waitSeconds * 1_000) / 2);
  });

  it('[INV-9] reaches a device that has shown its token and not yet said hello', async () => {
    const { admin, hubs } = system;
    const device = await newDevice(system, groupId);
    const opened = hubs.reduce((sum, hub) => sum + hub.gauges().pendingSessions, 0);
    await device.connect({ hello: false });
    // A first frame that is no hello lets the session through to the greeting, where it stands while it is revoked.
    device.send({ type: 'ping' });
    await device.until('the error', () => device.of('error').length === 1);
    expect(hubs.reduce((sum, hub) => sum + hub.gauges().pendingSessions, 0)).toBe(opened + 1);
    await admin.must('POST', `/devices/${device.deviceId}/revoke`);
    const witness = await newScreen(system, groupId);
    await raise(admin, { deviceIds: [witness.deviceId] });
    await witness.until('an alert, so that the revocation was read', () => witness.showing.length > 0);
    device.send({ type: 'hello' });
    await device.until('the close', () => device.closed !== null);
    expect(device.closed).toMatchObject({ code: 4301 });
    expect(device.of('welcome')).toEqual([]);
    await witness.disconnect();
  });

  it('[INV-9] a deleted device is shut out the same way, with 4300', async () => {
    const { admin } = system;
    const device = await newScreen(system, groupId);
    await admin.must('DELETE', `/devices/${device.deviceId}`);
    await device.until('the close', () => device.closed !== null, WITHIN_MS);
    expect(device.closed).toMatchObject({ code: 4300 });
    expect((await device.http('POST', '/heartbeat', {})).status).toBe(401);
  });

  it('[INV-9] holds at a hub that was started after it', async () => {
    const { admin, hubUrls, hubs } = system;
    const device = await newScreen(system, groupId, 0);
    await admin.must('POST', `/devices/${device.deviceId}/revoke`);
    await device.until('the close', () => device.closed !== null, WITHIN_MS);
    if (system.adapters === 'embedded') await hubs[0]?.stop();
    const { url, hub } = await system.startHub();
    await expectShutOut(device, [url]);
    // The control: another device is welcome there.
    const other = await newDevice({ admin, hubUrls: [url] }, groupId);
    await join(other);
    await other.disconnect();
    await hub.stop();
    expect(hubUrls.length).toBeGreaterThan(0);
  });
});

describeEachAdapterSet('a token', (start) => {
  const clock = bentClock();
  let system: System;
  let groupId: number;

  beforeAll(async () => {
    system = await start({ clock });
    groupId = (await newGroup(system.admin)).id;
  });

  it('[INV-9] that runs out ends its session with 4200, unless a new one came before; another device’s does not help', async () => {
    const { admin } = system;
    const [lazy, careful, confused] = [
      await newScreen(system, groupId),
      await newScreen(system, groupId),
      await newScreen(system, groupId),
    ];
    clock.putForward(40 * 60_000);
    const old = await careful.token();
    careful.forgetToken();
    const fresh = await careful.token();
    expect(fresh).not.toBe(old);
    careful.send({ type: 'auth', accessToken: fresh });
    await careful.until('the new end', () => careful.of('authenticated').length === 1);
    const end = careful.of('authenticated')[0]?.tokenExpiresAt ?? '';
    expect(Date.parse(end)).toBeGreaterThan(Date.parse(careful.of('welcome')[0]?.tokenExpiresAt ?? ''));
    confused.send({ type: 'auth', accessToken: fresh });
    await confused.until('the refusal', () => confused.of('error').length === 1);
    expect(confused.of('error')[0]).toMatchObject({ code: 'UNAUTHENTICATED' });
    clock.putForward(25 * 60_000);
    for (const device of [lazy, confused]) {
      await device.until('the close', () => device.closed !== null);
      expect(device.closed).toMatchObject({ code: 4200 });
      expect((await device.http('POST', '/heartbeat', {})).status).toBe(401);
      await expect(device.connect().then(() => device.until('the close', () => device.closed !== null))).resolves.toBe(
        undefined,
      );
      expect(device.closed).toMatchObject({ code: 4200 });
    }
    await admin.login('admin', 'correct horse battery');
    const deploymentId = await raise(admin, { deviceIds: [careful.deviceId] });
    await careful.until('the alert', () =>
      careful.of('alert.start').some(({ alert }) => alert.deploymentId === deploymentId),
    );
    expect(careful.closed).toBeNull();
    // A device whose token ran out gets a new one with its credential, and is back.
    lazy.forgetToken();
    await join(lazy);
    await Promise.all([lazy.disconnect(), careful.disconnect()]);
  });
});

describeWithMariaDb('with a bus that is dead', () => {
  const start = systemStarter('production');
  let system: System;
  let groupId: number;

  beforeAll(async () => {
    // Port 1: nobody listens there.
    system = await start({ hubs: 2, env: { REDIS_URL: 'redis://127.0.0.1:1' } });
    groupId = (await newGroup(system.admin)).id;
  });

  describe('hubs look into the log by themselves', () => {
    it('[INV-6] alerts start and stop on every hub within two seconds', async () => {
      const screens = [await newScreen(system, groupId, 0), await newScreen(system, groupId, 1)];
      expect(system.hubs.map((hub) => hub.gauges().busUp)).toEqual([false, false]);
      const deploymentId = await raise(system.admin, { groupIds: [groupId] });
      for (const screen of screens) {
        await screen.until('the alert', () => screen.showing.includes(deploymentId), ALERT_WITHOUT_HINTS_MS);
      }
      await system.admin.must('POST', '/alerts/stop', { deploymentId });
      for (const screen of screens) {
        await screen.until('its end', () => screen.showing.length === 0, ALERT_WITHOUT_HINTS_MS);
      }
      for (const screen of screens) await screen.disconnect();
    });

    it('[INV-9][INV-6] a revocation ends the sessions on every hub within five seconds', async () => {
      const devices = [await newScreen(system, groupId, 0), await newScreen(system, groupId, 1)];
      for (const device of devices) {
        await system.admin.must('POST', `/devices/${device.deviceId}/revoke`);
        await device.until('the close', () => device.closed !== null, WITHOUT_REDIS_WITHIN_MS);
        expect(device.closed).toMatchObject({ code: 4301 });
      }
    });

    it('[INV-6] a takeover at another hub ends the older session, once it says anything', async () => {
      const old = await newScreen(system, groupId, 0);
      await eventually(
        async () => (await system.admin.must('GET', `/devices/${old.deviceId}/state`)).reported !== null,
      );
      const young = await twin(old, system.hubUrls[1] ?? '');
      await join(young);
      expect(old.closed).toBeNull();
      old.send({ type: 'status', volume: 4 });
      await old.until('the close', () => old.closed !== null);
      expect(old.closed).toMatchObject({ code: 4202 });
      await young.disconnect();
    });
  });
});
