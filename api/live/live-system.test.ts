/** The live feed of a whole Podoh: real hubs, real devices, on both adapter sets. */
import { expect, it } from 'vitest';
import { describeEachAdapterSet, ADMIN } from '../../test/support/system.ts';
import { importDevices, TestDevice } from '../../test/support/test-device.ts';
import { LiveClient } from './testing/live-client.ts';

describeEachAdapterSet('the live feed', (start) => {
  it('shows a device that connects, and an alert as it climbs to the glass', async () => {
    const { admin, apiUrl, hubUrls } = await start({ hubs: 2 });
    const login = await admin.must('POST', '/auth/login', ADMIN);
    const site = await admin.must('POST', '/groups', { name: 'Site' });
    const credentials = await importDevices(admin, 4, site.id);
    const console = await LiveClient.ready(apiUrl, login.accessToken);
    expect(console.of('presence')[0]?.counts).toEqual({ total: 4, online: 0, offline: 4, http: 0 });

    const devices = credentials.map((own, at) => new TestDevice(hubUrls[at % hubUrls.length] ?? '', own));
    const [first] = devices;
    await first?.connect();
    await console.until('presence', () => console.of('presence').at(-1)?.counts.online === 1);
    expect(console.of('presence').at(-1)?.devices).toMatchObject([
      { deviceId: first?.deviceId, status: 'online', transport: 'websocket' },
    ]);
    for (const device of devices.slice(1)) await device.connect();
    for (const device of devices) await device.until('welcome', () => device.of('welcome').length === 1);

    const { deploymentId } = await admin.must('POST', '/alerts/deploy', {
      alert: { severity: 'critical', title: 'Fire', message: 'Leave by the stairs' },
      groupIds: [site.id],
    });
    const ladder = () => console.ladderOf(deploymentId)?.ladder;
    await console.until('the glass', () => ladder()?.displayed === 4);
    expect(ladder()).toMatchObject({ targeted: 4, online: 4, sent: 4, received: 4, unconfirmed: 0 });
    await admin.must('POST', '/alerts/stop', { deploymentId });
    await console.until('the end', () => ladder()?.cleared === 4);
    expect(console.ladderOf(deploymentId)?.status).toBe('stopped');

    for (const device of devices) await device.disconnect();
    await console.until('their leaving', () => console.of('presence').at(-1)?.counts.online === 0);
    await console.close();
  });
});
