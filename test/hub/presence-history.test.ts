/** When screens were online, as the API tells it: sessions and availability, from sockets that came and went. */
import { beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { join, newDevice, newGroup, newScreen, type Group } from '../support/screens.ts';
import { describeEachAdapterSet, type System } from '../support/system.ts';

interface Session {
  readonly from: string;
  readonly to: string | null;
  readonly transport: string;
}

describeEachAdapterSet('the history of presence', (start) => {
  let system: System;
  let group: Group;

  beforeAll(async () => {
    system = await start({ hubs: 2 });
    group = await newGroup(system.admin);
  });

  const sessions = (deviceId: number): Promise<Session[]> =>
    system.admin.must<Session[]>('GET', `/devices/${deviceId}/sessions`);
  /** Transports of the sessions, the oldest first; one that has not ended has a plus. */
  const told = async (deviceId: number): Promise<string[]> =>
    (await sessions(deviceId)).toReversed().map(({ transport, to }) => (to === null ? `${transport}+` : transport));

  it('has each coming and going, and a connection that another hub took over as the same session', async () => {
    const screen = await newScreen(system, group.id, 0);
    const { deviceId } = screen;
    expect(await told(deviceId)).toEqual(['websocket+']);
    const twin = await newDevice(system, group.id, 1);
    screen.hubUrl = twin.hubUrl;
    await join(screen);
    expect(await told(deviceId)).toEqual(['websocket+']);
    await screen.disconnect();
    await eventually(async () => (await told(deviceId)).at(-1) === 'websocket');
    await screen.http('POST', '/heartbeat', {});
    await eventually(async () => (await told(deviceId)).length === 2);
    expect(await told(deviceId)).toEqual(['websocket', 'http+']);
    await join(screen);
    expect(await told(deviceId)).toEqual(['websocket', 'http', 'websocket+']);
    const list = (await sessions(deviceId)).toReversed();
    expect(list[1]?.to).toBe(list[2]?.from);
    for (const { from, to } of list.slice(0, 2)) expect(Date.parse(to ?? '')).toBeGreaterThanOrEqual(Date.parse(from));
    await screen.disconnect();
  });

  it('[INV-9] ends when the device is revoked', async () => {
    const screen = await newScreen(system, group.id, 1);
    await system.admin.must('POST', `/devices/${screen.deviceId}/revoke`);
    await screen.until('the close', () => screen.closed !== null);
    await eventually(async () => (await told(screen.deviceId))[0] === 'websocket');
    expect(await told(screen.deviceId)).toEqual(['websocket']);
  });

  it('is what availability is counted from', async () => {
    const screen = await newScreen(system, group.id, 0);
    const { deviceId } = screen;
    await screen.disconnect();
    await eventually(async () => (await told(deviceId))[0] === 'websocket');
    const [session] = await sessions(deviceId);
    const lastedMs = Date.parse(session?.to ?? '') - Date.parse(session?.from ?? '');
    const { rows } = await system.admin.must('GET', `/reports/availability?deviceId=${deviceId}`);
    expect(rows).toMatchObject([{ deviceId, status: 'offline', onlineSeconds: lastedMs / 1000 }]);
    // Before its socket opened it was there for a moment already, and it is gone since.
    expect(rows[0].offlineSeconds).toBeGreaterThan(0);
    expect(rows[0].availabilityPercent).toBeLessThan(100);
  });
});
