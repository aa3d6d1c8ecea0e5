/** The main job in its shortest form: an alert raised over REST is on a paired device at once, and the ladder tells the truth. */
import { expect, it } from 'vitest';
import { eventually } from './support/eventually.ts';
import { describeEachAdapterSet } from './support/system.ts';
import { importDevices, TestDevice } from './support/test-device.ts';

describeEachAdapterSet('an alert', (start) => {
  it('reaches devices on every hub in both codecs, is followed to the glass, and is taken back', async () => {
    const { admin, hubUrls } = await start({ hubs: 2 });
    const site = await admin.must('POST', '/groups', { name: 'Site' });
    const lobby = await admin.must('POST', '/groups', { name: 'Lobby', parentId: site.id });
    const devices = (await importDevices(admin, 4, lobby.id)).map(
      (credentials, at) => new TestDevice(hubUrls[at % hubUrls.length] ?? '', credentials),
    );
    for (const [at, device] of devices.entries()) await device.connect({ codec: at < 2 ? 'json' : 'msgpack' });
    for (const device of devices) await device.until('welcome', () => device.of('welcome').length === 1);

    const deployed = await admin.must('POST', '/alerts/deploy', {
      alert: { severity: 'critical', title: 'Fire', message: 'Leave by the stairs' },
      groupIds: [site.id],
    });
    expect(deployed.targets).toEqual({ total: 4, online: 4, offline: 0 });
    for (const device of devices) await device.until('the alert', () => device.showing.includes(deployed.deploymentId));

    await eventually(async () => {
      const { ladder } = await admin.must('GET', `/alerts/deployments/${deployed.deploymentId}`);
      return ladder.displayed === 4;
    });
    const { ladder, latency } = await admin.must('GET', `/alerts/deployments/${deployed.deploymentId}`);
    expect(ladder).toMatchObject({
      targeted: 4,
      online: 4,
      sent: 4,
      received: 4,
      displayed: 4,
      failed: 0,
      unconfirmed: 0,
    });
    expect(latency.displayedP99Ms).toBeGreaterThanOrEqual(0);

    await admin.must('POST', '/alerts/stop', { deploymentId: deployed.deploymentId });
    for (const device of devices) await device.until('the end of the alert', () => device.showing.length === 0);
    for (const device of devices) await device.disconnect();
  });
});
