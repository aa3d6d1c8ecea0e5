/** What a device says of things that are not its own, and sayings that no honest device has: they change nothing. [INV-10] */
import { beforeAll, expect, it } from 'vitest';
import { createPasswordHasher } from '../../api/auth/passwords.ts';
import { createTenant } from '../../api/tenants/create-tenant.ts';
import { LOG_ENTRIES_MAX } from '../../protocol/limits.ts';
import { ApiClient } from '../support/api-client.ts';
import { eventually } from '../support/eventually.ts';
import { describeEachAdapterSet, type StartSystem, type System } from '../support/system.ts';
import { importDevices, type TestDevice } from '../support/test-device.ts';
import { Arena } from './arena.ts';

const AT = '2026-11-20T09:30:00.000Z';
const STAGES = ['received', 'displayed', 'cleared', 'failed'] as const;

async function otherTenant({ parts, apiUrl }: System): Promise<ApiClient> {
  const passwords = createPasswordHasher();
  await createTenant({ ...parts, passwords }, 'Neighbours', 'neighbour', 'correct horse battery');
  const client = new ApiClient(apiUrl);
  await client.login('neighbour', 'correct horse battery');
  return client;
}

async function connected(arena: Arena): Promise<TestDevice> {
  const device = await arena.attacker();
  await device.connect({ wellBehaved: false });
  await device.until('welcome', () => device.of('welcome').length === 1);
  return device;
}

function acked(device: TestDevice, deploymentId: number): number {
  return device
    .of('ack')
    .flatMap(({ receipts = [] }) => receipts)
    .filter((receipt) => receipt.deploymentId === deploymentId).length;
}

describeEachAdapterSet('a device that speaks of what is not its own', (start: StartSystem) => {
  let arena: Arena;
  let neighbour: ApiClient;
  let theirDeviceId: number;
  beforeAll(async () => {
    arena = await Arena.open(start);
    neighbour = await otherTenant(arena.system);
    const [theirs] = await importDevices(neighbour, 1, null);
    theirDeviceId = theirs?.deviceId ?? 0;
  });

  it('leaves deployments of other tenants, and those that never were, as they are [INV-10]', async () => {
    const deployment = await neighbour.must('POST', '/alerts/deploy', {
      alert: { severity: 'info', title: 'Theirs', message: 'Not yours' },
      deviceIds: [theirDeviceId],
    });
    const path = `/alerts/deployments/${deployment.deploymentId}`;
    const { ladder } = await neighbour.must('GET', path);
    const device = await connected(arena);
    const foreign = [deployment.deploymentId, 999_999_999, Number.MAX_SAFE_INTEGER];
    const items = foreign.flatMap((deploymentId) => STAGES.map((stage) => ({ deploymentId, stage, at: AT })));
    device.send({ type: 'receipt', items });
    // Acknowledged, so that an honest device whose alert was forgotten does not say it for ever.
    for (const deploymentId of foreign) await device.until('acks', () => acked(device, deploymentId) === STAGES.length);
    const { data } = await device.http('POST', '/receipts', { items });
    expect(data).toEqual({ accepted: 0, duplicates: 0 });
    expect((await neighbour.must('GET', path)).ladder).toEqual(ladder);
    await arena.unharmed();
  });

  it('finishes no command of another device, of another tenant, or of nobody [INV-10]', async () => {
    const { admin, parts } = arena.system;
    const [victim, device] = [await connected(arena), await connected(arena)];
    const capabilities = JSON.stringify(['reboot']);
    const ids = [victim.deviceId, theirDeviceId];
    await parts.db.sql.updateTable('devices').set({ capabilities }).where('id', 'in', ids).execute();
    const own = await admin.must('POST', `/devices/${victim.deviceId}/commands`, { name: 'reboot' });
    const other = await neighbour.must('POST', `/devices/${theirDeviceId}/commands`, { name: 'reboot' });
    const commandIds: number[] = [own.commandId, other.commandId, 999_999_999];
    for (const commandId of commandIds) {
      device.send({ type: 'command.update', commandId, state: 'succeeded', result: { by: 'a stranger' } });
      device.send({ type: 'command.update', commandId, state: 'failed', reason: 'a stranger' });
    }
    const acks = (): number => device.of('ack').flatMap(({ commands = [] }) => commands).length;
    await device.until('acks', () => acks() === 2 * commandIds.length);
    for (const commandId of commandIds) {
      const answer = await device.http('PUT', `/commands/${commandId}/file`, 'mine');
      expect([answer.status, answer.error?.code]).toEqual([404, 'NOT_FOUND']);
    }
    const [seen] = await admin.must('GET', `/devices/${victim.deviceId}/commands`);
    const [theirs] = await neighbour.must('GET', `/devices/${theirDeviceId}/commands`);
    for (const command of [seen, theirs])
      expect(command).toMatchObject({ state: 'pending', result: null, reason: null });
    // The control: the command's own device may.
    victim.send({ type: 'command.update', commandId: own.commandId, state: 'succeeded' });
    await eventually(async () => {
      const [command] = await admin.must('GET', `/devices/${victim.deviceId}/commands`);
      return command.state === 'succeeded';
    });
    await arena.unharmed();
  });

  it('may log plays from before the calendar to its end, of content that never was: they are rows and no more', async () => {
    const device = await arena.attacker();
    const instants = ['0000-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z', '2026-02-31T00:00:00.000Z'];
    const names = ['a', 'A', 'a ', "'; --", '\u0000', '\u{1f4a3}'.repeat(64)];
    const entries = Array.from({ length: LOG_ENTRIES_MAX }, (_, at) => ({
      id: names[at % names.length],
      contentId: at % 2 === 0 ? Number.MAX_SAFE_INTEGER : 1,
      scheduleId: Number.MAX_SAFE_INTEGER,
      startedAt: instants[at % instants.length],
      playSeconds: [0, 604_800, 1e-300][at % 3],
    }));
    const { status, data } = await device.http('POST', '/log', { entries });
    expect([status, data]).toEqual([200, { accepted: names.length, duplicates: LOG_ENTRIES_MAX - names.length }]);
    await arena.unharmed();
  });

  it('cannot say words that no column holds and take down what others said in the same batch [INV-8]', async () => {
    const [victim, device] = [await connected(arena), await connected(arena)];
    const { deploymentId } = await arena.system.admin.must('POST', '/alerts/deploy', {
      alert: { severity: 'info', title: 'For the victim', message: '' },
      deviceIds: [victim.deviceId],
    });
    await victim.until('the alert', () => victim.showing.includes(deploymentId));
    // One grapheme cluster, but 5,001 characters to the database.
    const accents = `e${'\u0301'.repeat(5_000)}`;
    device.send({ type: 'receipt', items: [{ deploymentId, stage: 'failed', at: AT, reason: accents }] });
    victim.send({ type: 'receipt', items: [{ deploymentId, stage: 'displayed', at: AT }] });
    await victim.until('the ack', () => acked(victim, deploymentId) === 1);
    device.send({ type: 'status', appVersion: accents, osVersion: accents });
    victim.send({ type: 'status', appVersion: 'honest' });
    const { sql } = arena.system.parts.db;
    await eventually(async () => {
      const rows = sql.selectFrom('devices').select('app_version').where('id', '=', victim.deviceId);
      return (await rows.executeTakeFirst())?.app_version === 'honest';
    });
    expect(acked(device, deploymentId)).toBe(0);
    await arena.unharmed();
  });

  it('is told of what comes although it claimed to have applied it long ago [INV-5]', async () => {
    const device = await connected(arena);
    device.send({ type: 'applied', rev: Number.MAX_SAFE_INTEGER });
    device.send({ type: 'ping', id: 1 });
    await device.until('the pong', () => device.of('pong').length === 1);
    const { deploymentId } = await arena.system.admin.must('POST', '/alerts/deploy', {
      alert: { severity: 'info', title: 'Still for you', message: '' },
      deviceIds: [device.deviceId],
    });
    await device.until('the alert', () => device.showing.includes(deploymentId));
    // It confirms nothing now, so the hub says its whole state again.
    await device.until('the state', () => device.of('state').some(({ state }) => state.alerts.length === 1));
    expect(device.closed).toBeNull();
    await device.disconnect();
    await arena.unharmed();
  });
});
