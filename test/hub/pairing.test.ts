/** Pairing over real HTTP: a code on a screen, an operator who enters it, a credential given once. */
import { beforeAll, expect, it } from 'vitest';
import type { RegisterPaired, RegisterPending } from '../../protocol/sync.ts';
import { eventually } from '../support/eventually.ts';
import { join, newGroup, raise, shows, type Group } from '../support/screens.ts';
import { describeEachAdapterSet, type System } from '../support/system.ts';
import { TestDevice, type Credentials } from '../support/test-device.ts';

/** Every field that an answer may have: a test that reads one that is not there fails on it. */
type Registered = Omit<RegisterPending, 'status'> & Omit<RegisterPaired, 'status'> & { readonly status: string };

describeEachAdapterSet('pairing', (start) => {
  let system: System;
  let group: Group;
  let players = 0;

  beforeAll(async () => {
    // Registering counts as failed: nobody is known there, and this file registers often.
    system = await start({ hubs: 2, env: { RATE_LIMIT_ADDRESS_PER_MINUTE: '100000' } });
    group = await newGroup(system.admin);
  });

  async function register(playerId: string, body: object = {}, hubAt = 0) {
    const response = await fetch(`${system.hubUrls[hubAt % system.hubUrls.length]}/api/v1/sync/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ playerId, ...body }),
    });
    const { data, error } = (await response.json()) as { data: Registered; error?: { code: string } };
    return { status: response.status, data, error };
  }

  function newPlayer(): string {
    players += 1;
    return `player-${system.adapters}-${players}`;
  }

  const pair = (code: string, fields: object = {}) =>
    system.admin.call('POST', '/devices/pair', { body: { code, name: 'Lobby', groupId: group.id, ...fields } });

  /** A player that is paired. */
  async function paired(playerId = newPlayer()): Promise<{ playerId: string; credentials: Credentials }> {
    const { data: pending } = await register(playerId);
    expect((await pair(pending.pairingCode)).status).toBe(201);
    const { data } = await register(playerId, { pollSecret: pending.pollSecret }, 1);
    return { playerId, credentials: { deviceId: data.deviceId, credential: data.credential } };
  }

  it('shows a code, is paired by an operator who enters it, gets its credential once, and is a screen', async () => {
    const playerId = newPlayer();
    const facts = { name: 'Box', model: 'X1', osVersion: '14', appVersion: '2.0', capabilities: ['reboot'] };
    const { status, data: pending } = await register(playerId, facts);
    expect(status).toBe(200);
    expect(pending).toMatchObject({ status: 'pending', pollAfterSeconds: expect.any(Number) });
    expect(pending.pairingCode).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
    expect(Date.parse(pending.expiresAt) - Date.now()).toBeGreaterThan(9 * 60_000);
    // Polled at any hub, it stays what it is.
    const poll = { pollSecret: pending.pollSecret };
    expect((await register(playerId, poll, 1)).data).toEqual(pending);

    const answer = await pair(pending.pairingCode.toLowerCase().replace('-', ' '));
    expect(answer).toMatchObject({ status: 201, data: { playerId, name: 'Lobby', model: 'X1', groupId: group.id } });
    const { data } = await register(playerId, poll, 1);
    expect(data).toEqual({ status: 'paired', deviceId: answer.data.id, credential: expect.any(String) });
    expect(data.credential.length).toBeGreaterThanOrEqual(43);
    // Once: whoever polls again begins anew.
    const again = (await register(playerId, poll)).data;
    expect(again).toMatchObject({ status: 'pending' });
    expect(again.pairingCode).not.toBe(pending.pairingCode);

    const screen = new TestDevice(system.hubUrls[1 % system.hubUrls.length] ?? '', data);
    await join(screen);
    const deploymentId = await raise(system.admin, { groupIds: [group.id] });
    await shows(screen, [deploymentId]);
    await screen.disconnect();
    // Nothing of it is kept in clear.
    const { rows } = await dump();
    for (const secret of [data.credential, pending.pollSecret]) expect(rows).not.toContain(secret);
  });

  async function dump(): Promise<{ rows: string }> {
    const { sql } = system.parts.db;
    const pairings = await sql.selectFrom('pairings').selectAll().execute();
    const devices = await sql.selectFrom('devices').selectAll().execute();
    return { rows: JSON.stringify([pairings, devices]) };
  }

  it('two polls at once get one credential between them', async () => {
    const playerId = newPlayer();
    const { data: pending } = await register(playerId);
    await pair(pending.pairingCode);
    const polls = await Promise.all(
      [0, 1, 0, 1].map((hubAt) => register(playerId, { pollSecret: pending.pollSecret }, hubAt)),
    );
    expect(polls.filter(({ data }) => data.status === 'paired')).toHaveLength(1);
  });

  it('a wrong poll secret is 403 and leaves the pairing as it was', async () => {
    const playerId = newPlayer();
    const { data: pending } = await register(playerId);
    const wrong = await register(playerId, { pollSecret: 'guessed' });
    expect(wrong).toMatchObject({ status: 403, error: { code: 'FORBIDDEN' } });
    const other = newPlayer();
    await register(other);
    expect((await register(other, { pollSecret: pending.pollSecret })).status).toBe(403);
    expect((await register(playerId, { pollSecret: pending.pollSecret })).data).toEqual(pending);
    expect((await pair(pending.pairingCode)).status).toBe(201);
  });

  it('a code that was used, or never shown, pairs nobody', async () => {
    const playerId = newPlayer();
    const { data: pending } = await register(playerId);
    expect((await pair(pending.pairingCode)).status).toBe(201);
    expect((await pair(pending.pairingCode)).status).toBe(404);
    expect((await pair('0000-0000')).status).toBe(404);
  });

  it('[INV-9] a player that registers again is pending again, and its old credential dies only when it is paired anew', async () => {
    const { playerId, credentials } = await paired();
    const old = new TestDevice(system.hubUrls[0] ?? '', credentials);
    await join(old);
    const { data: pending } = await register(playerId);
    expect(pending.status).toBe('pending');
    old.forgetToken();
    await old.token();
    const before = await raise(system.admin, { deviceIds: [credentials.deviceId] });
    await old.until('the alert', () => old.showing.includes(before));

    const answer = await pair(pending.pairingCode, { name: 'Lobby again' });
    expect(answer).toMatchObject({ status: 201, data: { id: credentials.deviceId, name: 'Lobby again' } });
    await old.until('the close', () => old.closed !== null);
    expect(old.closed).toMatchObject({ code: 4203 });
    const { data } = await register(playerId, { pollSecret: pending.pollSecret });
    expect(data).toMatchObject({ status: 'paired', deviceId: credentials.deviceId });
    const renewed = new TestDevice(system.hubUrls[0] ?? '', data);
    await join(renewed);
    const told = renewed.of('welcome')[0]?.state?.alerts.map((alert) => alert.deploymentId);
    expect(told).toContain(before);

    // The old token has not run out yet: it opens nothing, on no hub, and does not disturb the session of the new one.
    for (const hubUrl of system.hubUrls) {
      const intruder = new TestDevice(hubUrl, { deviceId: credentials.deviceId, credential: 'none' });
      intruder.useToken(await old.token());
      await intruder.connect();
      await intruder.until('the close', () => intruder.closed !== null);
      expect(intruder.closed).toMatchObject({ code: 4203 });
      expect(intruder.of('welcome')).toEqual([]);
      expect((await intruder.http('POST', '/heartbeat', {})).status).toBe(401);
    }
    old.forgetToken();
    await expect(old.token()).rejects.toThrow('401');
    renewed.send({ type: 'status', volume: 3 });
    const deploymentId = await raise(system.admin, { deviceIds: [credentials.deviceId] });
    await renewed.until('the alert', () => renewed.showing.includes(deploymentId));
    await eventually(async () => {
      const { ladder } = await system.admin.must('GET', `/alerts/deployments/${deploymentId}`);
      return ladder.displayed === 1;
    });
    expect(renewed.closed).toBeNull();
    expect(await system.admin.must('GET', `/devices/${credentials.deviceId}`)).toMatchObject({ status: 'online' });
    await renewed.disconnect();
  });

  it('[INV-9] a revoked player is paired back, and only its new credential is good', async () => {
    const { playerId, credentials } = await paired();
    const device = new TestDevice(system.hubUrls[0] ?? '', credentials);
    await join(device);
    await system.admin.must('POST', `/devices/${credentials.deviceId}/revoke`);
    await device.until('the close', () => device.closed !== null);
    expect(device.closed).toMatchObject({ code: 4301 });
    const { data: pending } = await register(playerId);
    await pair(pending.pairingCode);
    const { data } = await register(playerId, { pollSecret: pending.pollSecret });
    expect(data).toMatchObject({ status: 'paired', deviceId: credentials.deviceId });
    const back = new TestDevice(system.hubUrls[1 % system.hubUrls.length] ?? '', data);
    await join(back);
    await device.connect();
    await device.until('the close', () => device.closed !== null);
    expect(device.closed).toMatchObject({ code: 4203 });
    expect(back.closed).toBeNull();
    await back.disconnect();
  });
});
