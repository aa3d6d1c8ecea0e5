/** What operators and browsers see of a hub: health, numbers, and who may call from a page. */
import { beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { newDevice, newGroup, newScreen, raise, shows, stopAlert } from '../support/screens.ts';
import { describeEachAdapterSet, type System } from '../support/system.ts';
import type { TestDevice } from '../support/test-device.ts';

const OUR_PAGE = 'https://cms.example.com';
const OTHER_PAGE = 'https://evil.example.com';

describeEachAdapterSet('a hub', (start) => {
  let system: System;
  let hubUrl: string;
  let groupId: number;

  beforeAll(async () => {
    system = await start({ env: { PODOH_ALLOWED_ORIGINS: OUR_PAGE } });
    hubUrl = system.hubUrls[0] ?? '';
    groupId = (await newGroup(system.admin)).id;
  });

  /** A number as Prometheus would read it. */
  async function metric(name: string): Promise<number> {
    const text = await (await fetch(`${hubUrl}/metrics`)).text();
    const line = text.split('\n').find((row) => row.startsWith(`${name} `));
    if (line === undefined) throw new Error(`no metric ${name}`);
    return Number(line.split(' ')[1]);
  }

  it('says that it is alive and ready, and what it stands on', async () => {
    expect(await (await fetch(`${hubUrl}/health/live`)).json()).toEqual({ success: true, data: { status: 'live' } });
    const ready = await fetch(`${hubUrl}/health/ready`);
    expect(ready.status).toBe(200);
    expect(ready.headers.get('cache-control')).toBe('no-store');
    expect(await ready.json()).toEqual({
      success: true,
      data: { status: 'ready', draining: false, database: 'up', bus: 'up', logAgeSeconds: expect.any(Number) },
    });
    expect((await fetch(`${hubUrl}/nowhere`)).status).toBe(404);
  });

  it('counts what it does', async () => {
    const before = {
      sessions: await metric('podoh_hub_sessions'),
      opened: await metric('podoh_hub_sessions_opened_total'),
      closed: await metric('podoh_hub_sessions_closed_total'),
      displayed: await count('podoh_hub_receipts_total{stage="displayed"}'),
      started: await count('podoh_hub_fanned_out_total{kind="alert.start"}'),
      glass: await metric('podoh_alert_accepted_to_displayed_seconds_count'),
    };
    const screens = [await newScreen(system, groupId), await newScreen(system, groupId)];
    expect(await metric('podoh_hub_sessions')).toBe(before.sessions + 2);
    expect(await metric('podoh_hub_sessions_opened_total')).toBe(before.opened + 2);
    const deploymentId = await raise(system.admin, { groupIds: [groupId] });
    for (const screen of screens) await shows(screen, [deploymentId]);
    await eventually(async () => (await count('podoh_hub_receipts_total{stage="displayed"}')) === before.displayed + 2);
    expect(await count('podoh_hub_fanned_out_total{kind="alert.start"}')).toBe(before.started + 2);
    expect(await metric('podoh_alert_accepted_to_displayed_seconds_count')).toBe(before.glass + 2);
    expect(await metric('podoh_hub_alerts_active')).toBe(1);
    expect(await metric('podoh_hub_database_up')).toBe(1);
    expect(await metric('podoh_hub_bus_up')).toBe(1);
    expect(await metric('podoh_hub_log_lag')).toBe(0);
    expect(await metric('podoh_hub_log_rev')).toBeGreaterThan(0);
    await stopAlert(system.admin, deploymentId);
    for (const screen of screens) await screen.disconnect();
    await eventually(async () => (await metric('podoh_hub_sessions_closed_total')) === before.closed + 2);
    expect(await metric('podoh_hub_sessions')).toBe(before.sessions);
  });

  async function count(row: string): Promise<number> {
    const text = await (await fetch(`${hubUrl}/metrics`)).text();
    const line = text.split('\n').find((each) => each.startsWith(`${row} `));
    return line === undefined ? 0 : Number(line.split(' ').at(-1));
  }

  it('counts frames that it does not understand, and goes on', async () => {
    const screen = await newScreen(system, groupId);
    const before = await count('podoh_hub_frames_in_total{type="unknown"}');
    screen.sendRaw(JSON.stringify({ type: 'telepathy', strength: 11 }));
    screen.sendRaw(JSON.stringify({ type: 'ping', id: 1, colour: 'red' }));
    await screen.until('the pong', () => screen.of('pong').length === 1);
    expect(await count('podoh_hub_frames_in_total{type="unknown"}')).toBe(before + 1);
    expect(await metric('podoh_hub_ignored_fields_total')).toBeGreaterThanOrEqual(1);
    screen.sendRaw('{"type":"applied"}');
    await screen.until('the error', () => screen.of('error').length === 1);
    expect(screen.of('error')[0]).toMatchObject({ code: 'BAD_FRAME' });
    await screen.disconnect();
  });

  it('answers pages of ours, refuses others, and asks players for no origin', async () => {
    const device: TestDevice = await newDevice(system, groupId);
    await device.token();
    const ours = await device.http('POST', '/heartbeat', {}, { origin: OUR_PAGE });
    expect(ours.status).toBe(200);
    expect(ours.headers.get('access-control-allow-origin')).toBe(OUR_PAGE);
    expect(ours.headers.get('vary')).toMatch(/origin/i);
    const other = await device.http('POST', '/heartbeat', {}, { origin: OTHER_PAGE });
    expect(other).toMatchObject({ status: 403, error: { code: 'FORBIDDEN' } });
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
    const none = await device.http('POST', '/heartbeat', {});
    expect(none.status).toBe(200);
    expect(none.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('answers a page’s question before it asks (CORS)', async () => {
    const ask = (origin: string) =>
      fetch(`${hubUrl}/api/v1/sync/heartbeat`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    const ours = await ask(OUR_PAGE);
    expect(ours.status).toBe(204);
    expect(ours.headers.get('access-control-allow-origin')).toBe(OUR_PAGE);
    expect(ours.headers.get('access-control-allow-methods')).toMatch(/POST/);
    expect(ours.headers.get('access-control-allow-headers')?.toLowerCase()).toMatch(/authorization.*content-type/);
    const other = await ask(OTHER_PAGE);
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
    expect(other.headers.get('access-control-allow-methods')).toBeNull();
  });

  it.each([
    ['another page', OTHER_PAGE],
    ['a page whose name ends in ours', 'https://cms.example.com.evil.example'],
    ['a page over plain HTTP', 'http://cms.example.com'],
    ['a page without an origin of its own', 'null'],
  ])('opens no socket to %s', async (_what, origin) => {
    const device = await newDevice(system, groupId);
    await expect(device.connect({ headers: { origin } })).rejects.toThrow('upgrade refused: 403');
  });

  it('opens a socket to a page of ours', async () => {
    const device = await newScreen(system, groupId, 0, { headers: { origin: OUR_PAGE } });
    expect(device.closed).toBeNull();
    await device.disconnect();
  });
});
