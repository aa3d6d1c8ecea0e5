/** The other sides of a screen's page: what is on it, when it was there, what it played; on a phone, in the dark, and for who may only look. */
import { randomUUID } from 'node:crypto';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startForBrowsers, suiteBrowser } from '../browser/browser-system.ts';
import { eventually } from '../support/eventually.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { ADMIN, systemStarter, type System } from '../support/system.ts';
import { importDevices } from '../support/test-device.ts';
import { ConsolePage } from './console-page.ts';
import { WorkingScreen } from './working-screen.ts';

describeWithChromium('the page of a screen', (executablePath) => {
  const browser = suiteBrowser(executablePath);
  const start = systemStarter('embedded');
  let system: System;
  let screen: WorkingScreen;
  let admin: ConsolePage;
  let groupId = 0;
  let deviceId = 0;
  let contentId = 0;

  beforeAll(async () => {
    system = await startForBrowsers(start);
    groupId = (await system.admin.must('POST', '/groups', { name: 'Lobby' })).id;
    const [credentials] = await importDevices(system.admin, 1, groupId);
    if (credentials === undefined) throw new Error('no screen was made');
    deviceId = credentials.deviceId;
    await system.admin.must('PUT', `/devices/${deviceId}`, { name: 'Door', version: 1 });
    contentId = await newPicture('Poster');
    await newSchedule('All day', 0, undefined);
    await newSchedule('Evening', 5, { windows: [{ start: '18:00', end: '22:00' }] });
    screen = new WorkingScreen(system.hubUrls[0] ?? '', credentials);
    await screen.start();
    admin = await ConsolePage.signedIn(
      await browser().newContext({ viewport: { width: 390, height: 844 }, colorScheme: 'dark', timezoneId: 'UTC' }),
      system.apiUrl,
      { ...ADMIN, path: `/devices/${deviceId}?tab=screen` },
    );
  });
  afterAll(() => screen.stop());

  async function newPicture(name: string): Promise<number> {
    const picture = sharp({ create: { width: 64, height: 36, channels: 3, background: '#ff0000' } });
    const form = new FormData();
    form.set('name', name);
    form.set('file', new File([new Uint8Array(await picture.png().toBuffer())], 'poster.png', { type: 'image/png' }));
    const { id } = await system.admin.upload<{ id: number }>('/content', form);
    await eventually(async () => (await system.admin.must('GET', `/content/${id}`)).status === 'ready');
    return id;
  }

  async function newSchedule(name: string, priority: number, timing: object | undefined): Promise<void> {
    const zone = { id: 'main', name: 'Whole screen', x: 0, y: 0, width: 640, height: 360, items: [{ contentId }] };
    const layout = { width: 640, height: 360, zones: [zone] };
    const body = { name, priority, layout, ...(timing === undefined ? {} : { timing }) };
    const { id } = await system.admin.must('POST', '/schedules', body);
    await system.admin.must('POST', `/schedules/${id}/deploy`, { groupIds: [groupId] });
  }

  const fits = async () =>
    expect(await admin.page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
  const open = async (tab: string): Promise<void> => {
    await admin.page.getByRole('tab', { name: tab }).click();
    await admin.page.getByRole('tabpanel', { name: tab }).waitFor();
  };

  it('shows what is on at any time, and why', async () => {
    await admin.page.getByLabel('What is on at').fill('2026-12-24T19:30');
    await admin.page.getByRole('img', { name: 'The screen with Evening' }).waitFor();
    await admin.page.getByRole('row', { name: /Evening.*For Lobby, priority 5.*Is on/ }).waitFor();
    await admin.page.getByRole('row', { name: /All day.*Another has a higher priority/ }).waitFor();
    await admin.page.getByRole('row', { name: /Whole screen.*Poster.*1 of 1/ }).waitFor();
    expect(await admin.accessibilityViolations()).toEqual([]);
    await fits();
    await admin.button('Next change').click();
    await admin.page.getByRole('img', { name: 'The screen with All day' }).waitFor();
    expect(await admin.page.getByLabel('What is on at').inputValue()).toBe('2026-12-24T22:00');
    await admin.page.getByRole('row', { name: /Evening.*It is not its time/ }).waitFor();
    await admin.button('Now').click();
    const alert = { severity: 'critical', title: 'Fire', message: 'Leave by the stairs' };
    await system.admin.must('POST', '/alerts/deploy', { alert, deviceIds: [deviceId] });
    await admin.page.getByRole('img', { name: 'The screen with the alert Fire' }).waitFor();
    expect(await admin.accessibilityViolations()).toEqual([]);
  });

  it('shows the alert beside what the screen says of it', async () => {
    await open('Now');
    await admin.page.getByRole('link', { name: 'Fire' }).waitFor();
    expect(await admin.accessibilityViolations()).toEqual([]);
    await fits();
  });

  it('tells when it was online', async () => {
    await open('Online times');
    await admin.page.getByRole('img', { name: /: online \d+ % of the time/ }).waitFor();
    await admin.page.getByRole('row', { name: /Still online/ }).waitFor();
    expect(await admin.accessibilityViolations()).toEqual([]);
    await screen.device.disconnect();
    await admin.page.getByRole('row', { name: /Still online/ }).waitFor({ state: 'detached' });
    await admin.page.locator('main').getByText('Offline', { exact: true }).first().waitFor();
    await fits();
  });

  it('lists what was played', async () => {
    const entry = {
      id: randomUUID(),
      contentId,
      startedAt: new Date(Date.now() - 60_000).toISOString(),
      playSeconds: 12,
    };
    expect((await screen.device.http('POST', '/log', { entries: [entry] })).status).toBe(200);
    await open('Plays');
    await admin.page.getByRole('row', { name: /Poster.*12 s/ }).waitFor();
    expect(await admin.accessibilityViolations()).toEqual([]);
    await fits();
  });

  it('gives commands that wait for the screen, and says so', async () => {
    await open('Commands');
    await admin.says('The screen is offline.');
    await admin.button('Show its name').last().click();
    await admin.page.getByRole('row', { name: /Show its name.*Waiting/ }).waitFor();
    expect(await admin.accessibilityViolations()).toEqual([]);
    await fits();
  });

  it('keeps what was typed when somebody else was faster', async () => {
    admin.mayComplain(/status of 409/, /response: 409/);
    await open('Settings');
    expect(await admin.accessibilityViolations()).toEqual([]);
    await fits();
    await admin.page.getByLabel('Latitude').fill('54.09');
    await admin.page.getByLabel('Longitude').fill('12.1');
    await admin.page.getByLabel('Name').fill('Front door');
    const { version } = await system.admin.must('GET', `/devices/${deviceId}`);
    await system.admin.must('PUT', `/devices/${deviceId}`, { name: 'Side door', version });
    await admin.page.getByRole('heading', { level: 1, name: 'Side door' }).waitFor();
    await admin.button('Save').click();
    await admin.says(/Your changes are still here/);
    expect(await admin.page.getByLabel('Name').inputValue()).toBe('Front door');
    expect(await admin.accessibilityViolations()).toEqual([]);
    await admin.button('Save').click();
    await admin.says('Front door saved');
    expect(await system.admin.must('GET', `/devices/${deviceId}`)).toMatchObject({
      ...{ name: 'Front door', place: { latitude: 54.09, longitude: 12.1 } },
    });
  });

  it('tells administrators who did what', async () => {
    await open('Audit');
    await admin.page
      .getByRole('row', { name: /device\.updated/ })
      .first()
      .waitFor();
    await admin.page
      .getByRole('row', { name: /command\.issued/ })
      .first()
      .waitFor();
    expect(await admin.accessibilityViolations()).toEqual([]);
  });

  it('revokes and deletes, after asking', async () => {
    await admin.button('Actions: Front door').click();
    await admin.page.getByRole('menuitem', { name: 'Revoke access' }).click();
    await admin.dialog().getByRole('button', { name: 'Revoke access' }).click();
    await admin.says('This screen has no access any more');
    expect(await admin.accessibilityViolations()).toEqual([]);
    await admin.button('Actions: Front door').click();
    expect(await admin.page.getByRole('menuitem', { name: 'Revoke access' }).count()).toBe(0);
    await admin.page.getByRole('menuitem', { name: 'Delete' }).click();
    await admin.dialog().getByRole('button', { name: 'Delete' }).click();
    await admin.page.waitForURL(/\/console\/devices$/);
    expect((await system.admin.call('GET', `/devices/${deviceId}`)).status).toBe(404);
    admin.mayComplain(/status of 404/, /response: 404/);
    expect(admin.troubles).toEqual([]);
  });
});
