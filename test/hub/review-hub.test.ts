/** What a review of the hub found, each as the smallest scenario in which it went wrong. */
import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { insertCommand } from '../support/hub-rows.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { systemStarter, type System } from '../support/system.ts';
import { importDevices, TestDevice, type Credentials } from '../support/test-device.ts';

/** More than a device may ask for at once. */
const TOO_MANY = 70;

describe('a reviewed hub', () => {
  const start = systemStarter('embedded');
  let system: System;

  beforeAll(async () => {
    system = await start();
  });

  async function newDevice(): Promise<{ device: TestDevice; credentials: Credentials }> {
    const [credentials] = await importDevices(system.admin, 1, null);
    if (credentials === undefined) throw new Error('no device');
    return { device: new TestDevice(system.hubUrls[0] ?? '', credentials), credentials };
  }

  /** Shows a code, has the operator enter it, and collects the credential. */
  async function pairAgain(deviceId: number): Promise<Credentials> {
    const { playerId } = await system.admin.must('GET', `/devices/${deviceId}`);
    const player = new TestDevice(system.hubUrls[0] ?? '', { deviceId, credential: '' });
    const { data: pending } = await player.http('POST', '/register', { playerId });
    await system.admin.must('POST', '/devices/pair', { code: pending.pairingCode });
    const { data: paired } = await player.http('POST', '/register', { playerId, pollSecret: pending.pollSecret });
    return { deviceId: paired.deviceId, credential: paired.credential };
  }

  it('[INV-9] whoever holds a dead token neither ends the session of the device nor uses up what the device may ask for', async () => {
    const { device: thief, credentials } = await newDevice();
    const stolen = await thief.token();
    const owner = new TestDevice(thief.hubUrl, await pairAgain(credentials.deviceId));
    await owner.connect();
    await owner.until('welcome', () => owner.of('welcome').length === 1);
    thief.useToken(stolen);
    for (let at = 0; at < TOO_MANY; at += 1) {
      await thief.connect();
      await thief.ended;
      expect(thief.closed?.code).toBe(4203);
      expect((await thief.http('POST', '/heartbeat', {})).status).toBe(401);
    }
    expect((await owner.http('POST', '/heartbeat', {})).status).toBe(200);
    const again = new TestDevice(owner.hubUrl, credentials);
    again.useToken(await owner.token());
    await again.connect();
    await again.until('welcome', () => again.of('welcome').length === 1);
    const [first, second] = [owner.of('welcome')[0]?.connEpoch ?? 0, again.of('welcome')[0]?.connEpoch];
    expect(second).toBe(first + 1);
    await again.disconnect();
  });

  it('[INV-8] a device with a good credential is given only so many tokens at once', async () => {
    const { device, credentials } = await newDevice();
    const answers = await Promise.all(
      Array.from({ length: TOO_MANY }, () => device.http('POST', '/token', { ...credentials })),
    );
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(60);
    for (const { status, error, headers } of refused) {
      expect(status).toBe(429);
      expect(error.code).toBe('RATE_LIMITED');
      expect(headers.get('retry-after')).toBe('2');
    }
    // A wrong credential takes nothing from the device.
    const other = await newDevice();
    for (let at = 0; at < TOO_MANY; at += 1) {
      const { status } = await other.device.http('POST', '/token', { ...other.credentials, credential: 'wrong' });
      expect(status).toBe(401);
    }
    expect(await other.device.token()).not.toBe('');
  });

  it('[INV-8] a row that no frame can say ends the session that it concerns, and nobody else hears of it', async () => {
    const { device: witness } = await newDevice();
    await witness.connect();
    await witness.until('welcome', () => witness.of('welcome').length === 1);
    const { device, credentials } = await newDevice();
    const { tenant_id: tenantId } = await system.parts.db.sql
      .selectFrom('devices')
      .select('tenant_id')
      .where('id', '=', credentials.deviceId)
      .executeTakeFirstOrThrow();
    // Past the last instant that ECMAScript knows.
    await insertCommand(system.parts.db, tenantId, credentials.deviceId, { expires_at: 9_000_000_000_000_000 });
    await device.connect();
    await device.ended;
    expect(device.closed?.code).toBe(4108);
    witness.send({ type: 'ping', id: 7 });
    await witness.until('pong', () => witness.of('pong').some(({ id }) => id === 7));
    await witness.disconnect();
  });

  it('a status before anything was confirmed leaves the position that the hello reported', async () => {
    const { device } = await newDevice();
    await device.connect({ wellBehaved: false, hello: false });
    device.send({ type: 'hello', epoch: 1, rev: 41 });
    await device.until('welcome', () => device.of('welcome').length === 1);
    device.send({ type: 'status', volume: 30 });
    await eventually(async () => {
      const { reported } = await system.admin.must('GET', `/devices/${device.deviceId}/state`);
      return reported?.status?.volume === 30;
    });
    const { reported } = await system.admin.must('GET', `/devices/${device.deviceId}/state`);
    expect(reported).toMatchObject({ epoch: 1, rev: 41 });
    await device.disconnect();
  });

  it('many who ask for the numbers at once all get them', async () => {
    const texts = await Promise.all(
      Array.from({ length: 50 }, async () => (await fetch(`${system.hubUrls[0]}/metrics`)).text()),
    );
    for (const text of texts) expect(text).toContain('podoh_hub_sessions ');
    expect(await (await fetch(`${system.hubUrls[0]}/metrics`)).text()).toContain('podoh_hub_sessions ');
  });
});

describe('behind a proxy that adds a line of its own', () => {
  const start = systemStarter('embedded');

  it('[INV-8] an address is limited whatever it claims to be in the lines before', async () => {
    const { hubUrls } = await start({ env: { PODOH_TRUST_PROXY: 'true', RATE_LIMIT_ADDRESS_PER_MINUTE: '5' } });
    const statuses: number[] = [];
    for (let at = 0; at < 7; at += 1) {
      const socket = await RawSocket.open(hubUrls[0] ?? '');
      socket.write(
        'POST /api/v1/sync/token HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n',
        `X-Forwarded-For: 192.0.2.${at}\r\nX-Forwarded-For: 198.51.100.9\r\nContent-Length: 36\r\n\r\n`,
        '{"deviceId":999999,"credential":"x"}',
      );
      statuses.push((await socket.answer()).status);
      socket.destroy();
    }
    expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
    // Past its limit an address is looked at in a slow lane, upgrades without a token not at all.
    const socket = await RawSocket.open(hubUrls[0] ?? '');
    socket.write(
      'POST /api/v1/sync/register HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n',
      'X-Forwarded-For: 192.0.2.77\r\nX-Forwarded-For: 198.51.100.9\r\nContent-Length: 20\r\n\r\n{"playerId":"screen"}',
    );
    expect((await socket.answer()).status).toBe(429);
    socket.destroy();
  });
});
