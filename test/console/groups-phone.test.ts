/** Groups on a phone, in the dark, and for those who may not change them. */
import { beforeAll, expect, it } from 'vitest';
import { startForBrowsers, suiteBrowser } from '../browser/browser-system.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { ADMIN, systemStarter, type System } from '../support/system.ts';
import { importDevices } from '../support/test-device.ts';
import { ConsolePage } from './console-page.ts';

describeWithChromium('groups on a phone', (executablePath) => {
  const browser = suiteBrowser(executablePath);
  const start = systemStarter('embedded');
  let system: System;
  let lobby = 0;

  beforeAll(async () => {
    system = await startForBrowsers(start);
    const site = await system.admin.must('POST', '/groups', { name: 'Site', config: { volume: 30 } });
    lobby = (await system.admin.must('POST', '/groups', { name: 'Lobby', parentId: site.id })).id;
    await importDevices(system.admin, 3, lobby);
    const alert = { severity: 'info', title: 'Lift out of order', message: 'Take the stairs' };
    await system.admin.must('POST', '/alerts/deploy', { alert, groupIds: [site.id] });
    const password = 'four words for leo';
    await system.admin.must('POST', '/users', {
      ...{ username: 'leo', displayName: 'Leo', role: 'user', password },
      groupIds: [lobby],
    });
  });

  const phone = (colorScheme: 'light' | 'dark') =>
    browser().newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, colorScheme });

  it('are a tree that leads to a page of each, in the dark as well', async () => {
    const admin = await ConsolePage.signedIn(await phone('dark'), system.apiUrl, { ...ADMIN, path: '/groups' });
    expect(await admin.accessibilityViolations()).toEqual([]);
    await admin.page.getByRole('treeitem', { name: 'Lobby' }).last().getByText('Lobby').tap();
    await admin.page.getByRole('heading', { level: 2, name: 'Lobby' }).waitFor();
    await admin.page.getByRole('tree').waitFor({ state: 'detached' });
    for (const tab of ['Screens', 'Settings', 'What applies', 'People']) {
      await admin.page.getByRole('tab', { name: tab }).tap();
      await admin.page.getByRole('tabpanel', { name: tab }).waitFor();
      await admin.page.getByRole('status', { name: 'Loading' }).waitFor({ state: 'detached' });
      expect(await admin.accessibilityViolations()).toEqual([]);
      expect(await admin.page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    }
    await admin.button('All groups').tap();
    await admin.page.getByRole('tree').waitFor();
    expect(admin.troubles).toEqual([]);
  });

  it('show who may only look no buttons, and what comes from where without names that are not for them', async () => {
    const context = await phone('light');
    const leo = await ConsolePage.open(context, system.apiUrl, `/groups?group=${lobby}&tab=settings`);
    await leo.page.getByLabel('Username').fill('leo');
    await leo.page.getByLabel('Password', { exact: true }).fill('four words for leo');
    await leo.button('Sign in').click();
    await leo.page.getByRole('heading', { level: 2, name: 'Lobby' }).waitFor();
    await leo.says('30 % (a group above yours)');
    for (const name of ['Save', 'Add group', 'Add group below', 'Raise an alert here', 'Actions: Lobby'])
      expect(await leo.button(name).count()).toBe(0);
    await leo.page.getByRole('tab', { name: 'What applies' }).click();
    await leo.says(/from a group above yours/);
    expect(await leo.page.getByText('Site', { exact: true }).count()).toBe(0);
    expect(await leo.accessibilityViolations()).toEqual([]);
    expect(leo.troubles).toEqual([]);
  });
});
