/** What a review of the hub found, each as the smallest scenario in which it went wrong. */
import { createServer, type AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { beforeAll, describe, expect, it } from 'vitest';
import { startApi } from '../../api/start-api.ts';
import { composeApi, composeParts, createLogger } from '../../hub/compose.ts';
import { readConfig } from '../../hub/config.ts';
import { appendChanges } from '../../migrations/change-log.ts';
import { removeFolder, throwawayFolder } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { systemStarter, type System } from '../support/system.ts';
import { importDevices, TestDevice, type Credentials } from '../support/test-device.ts';
import { WEB_ROOT } from '../support/web-root.ts';

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

  it('[INV-8] a change that no frame can say ends the session that it concerns, and the others are served as before', async () => {
    const { sql } = system.parts.db;
    const { device: witness } = await newDevice();
    const { device, credentials } = await newDevice();
    for (const one of [witness, device]) {
      await one.connect();
      await one.until('welcome', () => one.of('welcome').length === 1);
    }
    const { tenant_id: tenantId } = await sql
      .selectFrom('devices')
      .select('tenant_id')
      .where('id', '=', credentials.deviceId)
      .executeTakeFirstOrThrow();
    // It runs out past the last instant that ECMAScript knows.
    const command = { commandId: 1, name: 'identify', args: {}, issuedAt: 1, expiresAt: 9_000_000_000_000_000 };
    const change = { kind: 'command.issued', deviceId: credentials.deviceId, command };
    await sql.transaction().execute((tx) => appendChanges(tx, tenantId, [change], 1));
    await device.ended;
    expect(device.closed?.code).toBe(4108);
    const alert = { severity: 'info', title: 'Still here', message: '' };
    const { deploymentId } = await system.admin.must('POST', '/alerts/deploy', {
      alert,
      deviceIds: [witness.deviceId],
    });
    await witness.until('the alert', () => witness.showing.includes(deploymentId));
    expect(witness.closed).toBeNull();
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
});

describe('a hub whose database is wiped under it', () => {
  const start = systemStarter('embedded');

  it('goes on from memory, and tells no screen that it is unknown', async () => {
    const { admin, hubUrls, parts } = await start();
    const [one, two] = await importDevices(admin, 2, null);
    if (one === undefined || two === undefined) throw new Error('no devices');
    const [live, away] = [one, two].map((credentials) => new TestDevice(hubUrls[0] ?? '', credentials));
    if (live === undefined || away === undefined) throw new Error('no devices');
    await live.connect();
    await live.until('welcome', () => live.of('welcome').length === 1);
    await away.token();
    await parts.db.sql.deleteFrom('devices').execute();
    await parts.db.sql.updateTable('settings').set({ value: '9999999999999' }).where('name', '=', 'epoch').execute();
    await eventually(async () => {
      const ready = await fetch(`${hubUrls[0]}/health/ready`);
      return ((await ready.json()) as { data: { database: string } }).data.database === 'down';
    });
    await away.connect();
    await away.ended;
    expect(away.closed?.code).toBe(4107);
    expect((await away.http('POST', '/heartbeat', {})).status).toBe(503);
    expect((await away.http('POST', '/token', { ...two })).status).toBe(503);
    live.send({ type: 'ping', id: 3 });
    await live.until('pong', () => live.of('pong').some(({ id }) => id === 3));
    expect(live.closed).toBeNull();
    await live.disconnect();
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
    // Past its limit an address may prove itself in a slow lane; who registers has nothing to prove with.
    const socket = await RawSocket.open(hubUrls[0] ?? '');
    socket.write(
      'POST /api/v1/sync/register HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n',
      'X-Forwarded-For: 192.0.2.77\r\nX-Forwarded-For: 198.51.100.9\r\nContent-Length: 21\r\n\r\n{"playerId":"screen"}',
    );
    expect((await socket.answer()).status).toBe(429);
    socket.destroy();
  });
});

describe('a first start on a port that is taken', () => {
  it('makes no admin whose generated password nobody would ever see', async () => {
    const folder = throwawayFolder('first');
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const config = readConfig({ PODOH_DATA_DIR: folder, LOG_LEVEL: 'silent' });
    const parts = await composeParts(config, createLogger(config, 'test'));
    const options = {
      host: '127.0.0.1',
      adminUsername: 'admin',
      adminPassword: undefined,
      webRoot: WEB_ROOT,
      publicHubUrl: ':1',
      drainMs: 0,
    };
    try {
      await expect(startApi(composeApi(parts), { ...options, port })).rejects.toThrow('EADDRINUSE');
      const started = await startApi(composeApi({ ...parts, registry: new Registry() }), { ...options, port: 0 });
      await started.stop();
      expect(started.made?.generatedPassword).toBeTypeOf('string');
    } finally {
      await parts.close();
      await new Promise((resolve) => taken.close(resolve));
      removeFolder(folder);
    }
  });
});
