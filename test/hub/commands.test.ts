/** Commands: delivered over either transport and to screens that come later, done once, answered for, and never after their time. */
import { beforeAll, expect, it } from 'vitest';
import { bentClock, type BentClock } from '../support/bent-clock.ts';
import { eventually } from '../support/eventually.ts';
import { join } from '../support/screens.ts';
import { ADMIN, describeEachAdapterSet, type System } from '../support/system.ts';
import { TestDevice } from '../support/test-device.ts';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describeEachAdapterSet('a command', (start) => {
  let clock: BentClock;
  let system: System;
  let players = 0;

  beforeAll(async () => {
    clock = bentClock();
    system = await start({ hubs: 2, clock });
  });

  /** A device that can take screenshots and be identified. */
  async function able(hubAt = 0): Promise<TestDevice> {
    players += 1;
    const playerId = `able-${system.adapters}-${players}`;
    const devices = [{ playerId, name: playerId, capabilities: ['screenshot', 'identify', 'set_volume'] }];
    const imported = await system.admin.must('POST', '/devices/import', { devices });
    const { hubUrls } = system;
    return new TestDevice(hubUrls[hubAt % hubUrls.length] ?? '', imported.devices[0]);
  }

  async function issue(device: TestDevice, name: string, more: object = {}): Promise<number> {
    const { commandId } = await system.admin.must('POST', `/devices/${device.deviceId}/commands`, { name, ...more });
    return commandId;
  }

  async function stored(device: TestDevice, commandId: number) {
    const list = await system.admin.must('GET', `/devices/${device.deviceId}/commands`);
    return list.find((command: { commandId: number }) => command.commandId === commandId);
  }

  it('goes over the socket of whichever hub, is acknowledged and finished, and leaves the desired state', async () => {
    const device = await able(1);
    await join(device);
    const commandId = await issue(device, 'set_volume', { args: { volume: 30 } });
    await device.until('the command', () => device.of('command').length === 1);
    expect(device.of('command')[0]?.command).toMatchObject({ commandId, name: 'set_volume', args: { volume: 30 } });
    device.send({ type: 'command.update', commandId, state: 'acknowledged' });
    await device.until('its acknowledgement', () => device.of('ack').length === 1);
    expect(device.of('ack')[0]?.commands).toEqual([{ commandId, state: 'acknowledged' }]);
    expect(await stored(device, commandId)).toMatchObject({ state: 'acknowledged' });
    device.send({ type: 'command.update', commandId, state: 'succeeded', result: { volume: 30 } });
    await device.until('its end', () => device.of('ack').length === 2);
    expect(await stored(device, commandId)).toMatchObject({ state: 'succeeded', result: { volume: 30 } });
    // What is done is told to nobody any more, on no hub.
    await device.disconnect();
    for (const hubUrl of system.hubUrls) await hasNone(new TestDeviceAt(hubUrl, device));
  });

  it('goes over HTTP as well: with the heartbeat that is held, and its updates with the next', async () => {
    const device = await able();
    await device.token();
    const { data: first } = await device.http('POST', '/heartbeat', {});
    const claim = { epoch: first.epoch, rev: first.rev };
    const held = device.http('POST', '/heartbeat', { ...claim, waitSeconds: 20 });
    await eventually(() => system.hubs.some((hub) => hub.gauges().heldHeartbeats === 1));
    const commandId = await issue(device, 'identify');
    const { data } = await held;
    expect(data).toMatchObject({ hasUpdate: true, state: { commands: [{ commandId, name: 'identify' }] } });
    const commandUpdates = [{ commandId, state: 'failed', reason: 'no lamp' }];
    await device.http('POST', '/heartbeat', { epoch: data.epoch, rev: data.rev, commandUpdates });
    expect(await stored(device, commandId)).toMatchObject({ state: 'failed', reason: 'no lamp' });
    const again = [{ commandId, state: 'succeeded' }];
    await device.http('POST', '/heartbeat', { commandUpdates: again });
    expect(await stored(device, commandId)).toMatchObject({ state: 'failed', reason: 'no lamp' });
  });

  it('waits for a device that is offline, and is in its welcome until it is done', async () => {
    const device = await able(1);
    const commandId = await issue(device, 'identify');
    await join(device);
    expect(device.of('welcome')[0]?.state?.commands).toMatchObject([{ commandId }]);
    await device.disconnect();
    // Told once, it is not told again to who says that it has everything; and it is to who does not.
    await join(device);
    expect(device.of('welcome')[1]?.state).toBeUndefined();
    const anew = new TestDeviceAt(system.hubUrls[0] ?? '', device);
    expect((await anew.heartbeat({})).data.state.commands).toMatchObject([{ commandId }]);
    device.send({ type: 'command.update', commandId, state: 'rejected', reason: 'not now' });
    await device.until('the acknowledgement', () => device.of('ack').length === 1);
    await hasNone(anew);
    await device.disconnect();
  });

  it('whose time has run out is delivered to nobody, though a result that comes late is taken', async () => {
    const device = await able();
    const commandId = await issue(device, 'identify', { expiresInSeconds: 30 });
    const lasting = await issue(device, 'identify', { expiresInSeconds: 3_600 });
    clock.putForward(31_000);
    await join(device);
    expect(device.of('welcome')[0]?.state?.commands.map((command) => command.commandId)).toEqual([lasting]);
    expect(await stored(device, commandId)).toMatchObject({ state: 'expired' });
    device.send({ type: 'command.update', commandId, state: 'succeeded' });
    await device.until('the acknowledgement', () => device.of('ack').length === 1);
    expect(await stored(device, commandId)).toMatchObject({ state: 'succeeded' });
    await device.disconnect();
  });

  it('[INV-10] of another device cannot be finished, nor given a file', async () => {
    const [device, neighbour] = [await able(), await able()];
    const commandId = await issue(device, 'screenshot');
    await join(neighbour);
    neighbour.send({ type: 'command.update', commandId, state: 'succeeded' });
    await neighbour.until('an answer', () => neighbour.of('ack').length === 1);
    expect(await stored(device, commandId)).toMatchObject({ state: 'pending' });
    expect((await upload(neighbour, commandId, PNG)).status).toBe(404);
    await neighbour.disconnect();
  });

  it('may bring back a picture, whose type is decided by its bytes; what is no picture is refused', async () => {
    await system.admin.login(ADMIN.username, ADMIN.password);
    const device = await able();
    await device.token();
    const commandId = await issue(device, 'screenshot');
    const page = Buffer.from('<!doctype html><script>alert(1)</script>');
    const elf = Buffer.from('\x7fELF\x02\x01\x01\0'.padEnd(64, '\0'), 'latin1');
    expect((await upload(device, commandId, elf, 'image/png')).status).toBe(415);
    expect((await upload(device, commandId, Buffer.alloc(0))).status).toBe(400);
    expect((await upload(device, 987_654, PNG)).status).toBe(404);
    expect((await upload(device, commandId, Buffer.alloc(5 * 1024 * 1024 + 1))).status).toBe(413);
    expect((await upload(device, commandId, PNG, 'text/html')).status).toBe(200);
    const file = await fetchFile(device, commandId);
    expect(file).toMatchObject({ status: 200, contentType: 'image/png' });
    expect(file.bytes.equals(PNG)).toBe(true);
    // A page that says it is a picture is what its bytes are: plain text, and never shown as a page.
    expect((await upload(device, commandId, page, 'image/png')).status).toBe(200);
    const text = await fetchFile(device, commandId);
    expect(text).toMatchObject({ status: 200, contentType: expect.stringMatching(/^text\/plain/) });
  });

  async function upload(device: TestDevice, commandId: number, bytes: Buffer, contentType = 'image/png') {
    const response = await fetch(`${device.hubUrl}/api/v1/sync/commands/${commandId}/file`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${await device.token()}`, 'content-type': contentType },
      body: new Uint8Array(bytes),
    });
    await response.arrayBuffer();
    return response;
  }

  async function fetchFile(device: TestDevice, commandId: number) {
    const { status, headers, bytes } = await system.admin.raw(`/devices/${device.deviceId}/commands/${commandId}/file`);
    return { status, contentType: headers.get('content-type'), bytes };
  }
});

/** Waits until the hub there has read that the command is done. */
async function hasNone(device: TestDeviceAt): Promise<void> {
  await eventually(async () => (await device.heartbeat({})).data.state.commands.length === 0);
}

/** The same device at another hub, knowing nothing. */
class TestDeviceAt {
  readonly #hubUrl: string;
  readonly #device: TestDevice;

  constructor(hubUrl: string, device: TestDevice) {
    this.#hubUrl = hubUrl;
    this.#device = device;
  }

  async heartbeat(body: object) {
    const other = new TestDevice(this.#hubUrl, { deviceId: this.#device.deviceId, credential: 'none' });
    other.useToken(await this.#device.token());
    return other.http('POST', '/heartbeat', body);
  }
}
