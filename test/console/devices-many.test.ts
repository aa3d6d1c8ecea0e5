/** Hundreds of screens in the console: one list, found and filtered, and what is done to many of them at once. */
import { beforeAll, expect, it } from 'vitest';
import { startForBrowsers, suiteBrowser } from '../browser/browser-system.ts';
import { eventually } from '../support/eventually.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { ADMIN, systemStarter, type System } from '../support/system.ts';
import { ConsolePage } from './console-page.ts';

describeWithChromium('hundreds of screens in the console', (executablePath) => {
  const browser = suiteBrowser(executablePath);
  const start = systemStarter('embedded');
  const SCREENS = 450;
  let system: System;
  let console: ConsolePage;
  let annex: number;

  beforeAll(async () => {
    system = await startForBrowsers(start);
    const { id: hall } = await system.admin.must('POST', '/groups', { name: 'Hall' });
    ({ id: annex } = await system.admin.must('POST', '/groups', { name: 'Annex' }));
    const devices = Array.from({ length: SCREENS }, (_, at) => ({
      playerId: `many-${at}`,
      name: `Wall ${String(at).padStart(3, '0')}`,
      groupId: at % 3 === 0 ? annex : hall,
      capabilities: at % 2 === 0 ? ['set_volume'] : [],
    }));
    await system.admin.must('POST', '/devices/import', { devices });
    const context = await browser().newContext({ colorScheme: 'dark' });
    console = await ConsolePage.signedIn(context, system.apiUrl, { password: ADMIN.password, path: '/devices' });
  });

  it('are one table of which assistive technology knows the whole', async () => {
    const table = console.page.getByRole('table', { name: 'Screens' });
    await table.getByRole('row', { name: /Wall 000/ }).waitFor();
    expect(await table.getAttribute('aria-rowcount')).toBe(String(SCREENS + 1));
    expect(await table.getByRole('row').count()).toBeLessThan(60);
    expect(await console.accessibilityViolations()).toEqual([]);
    await console.page.keyboard.press('End');
    const last = table.getByRole('row', { name: /Wall 449/ });
    await last.waitFor();
    expect(await last.getAttribute('aria-rowindex')).toBe(String(SCREENS + 1));
    await console.page.keyboard.press('Home');
  });

  it('are sorted and filtered in the address', async () => {
    await console.button('Sort by Screen').click();
    await console.page.waitForURL(/sort=-name/);
    await console.page.getByRole('row', { name: /Wall 449/ }).waitFor();
    await console.page.getByLabel('Search by name or player id').fill('wall 12');
    await console.page.waitForURL(/q=wall\+12/);
    await console.says('10 screens match');
    await console.goTo(`/devices?groupId=${annex}&q=wall`);
    await console.says('150 screens match');
    await console.page.getByLabel('Search by name or player id').fill('nothing like it');
    await console.says('Nothing matches');
    expect(await console.accessibilityViolations()).toEqual([]);
    await console.button('Clear filters').click();
    await console.says('450 screens in all');
  });

  it('are selected as a range with Shift, over rows that were never looked at', async () => {
    await console.page.getByRole('checkbox', { name: 'Select Wall 000' }).check();
    await console.page.keyboard.press('End');
    await console.page.getByRole('checkbox', { name: 'Select Wall 440' }).click({ modifiers: ['Shift'] });
    await console.says('441 screens selected');
    await console.button('Clear selection').click();
    expect(await console.button('Move').count()).toBe(0);
  });

  it('get a command, those that can, when all that match are meant', async () => {
    await console.goTo('/devices?q=wall+00');
    await console.page.getByRole('checkbox', { name: 'Select all 10' }).check();
    await console.says('All 10 that match');
    await console.button('Send command').click();
    const dialog = console.dialog();
    await dialog.getByRole('combobox', { name: 'Command' }).click();
    await console.page.getByRole('option', { name: 'Set the volume' }).click();
    await dialog.getByLabel('Volume (percent)').fill('35');
    await dialog.getByText('It will be done to 5 of 10 screens.').waitFor();
    await dialog.getByText('5 screens cannot carry it out').waitFor();
    expect(await console.accessibilityViolations()).toEqual([]);

    // Somebody adds a screen that matches while the preview is looked at.
    console.mayComplain(/status of 409/, /response: 409/);
    const answered = console.page.waitForResponse(
      (response) => response.url().endsWith('/devices/bulk') && response.status() === 409,
    );
    await system.admin.must('POST', '/devices/import', {
      devices: [{ playerId: 'late', name: 'Wall 00 late', groupId: annex, capabilities: ['set_volume'] }],
    });
    const send = dialog.getByRole('button', { name: /^Send to 5 screens/ });
    await Promise.race([send.click(), dialog.getByText('6 of 11').waitFor()]);
    const again = dialog.getByRole('button', { name: 'Send to 6 screens' });
    await again.waitFor();
    await Promise.race([answered, again.waitFor()]);
    await again.click();
    await console.says('Command sent to 6 screens');
    const given = await system.admin.must('GET', '/audit?action=command.issued&limit=1');
    expect(given[0].detail).toMatchObject({ affected: 6, name: 'set_volume', args: { volume: 35 } });
  });

  it('are deleted after a warning that says how many', async () => {
    await console.goTo('/devices?q=late');
    await console.page.getByRole('checkbox', { name: 'Select Wall 00 late' }).check();
    await console.button('Delete').click();
    await console.dialog().getByText('It will be done to the selected screen.').waitFor();
    await console.dialog().getByRole('button', { name: 'Delete 1 screen' }).click();
    await console.says('1 screen deleted');
    await console.says('Nothing matches');
    expect(await system.admin.must('GET', '/devices?q=late')).toEqual([]);
  });

  it('are cards on a phone, with the same at hand', async () => {
    const context = await browser().newContext({ viewport: { width: 390, height: 844 }, hasTouch: true });
    const phone = await ConsolePage.signedIn(context, system.apiUrl, { password: ADMIN.password, path: '/devices' });
    await phone.page.getByRole('checkbox', { name: 'Select Wall 001' }).check();
    await phone.button('More actions').click();
    await phone.page.getByRole('menuitem', { name: 'Change settings' }).click();
    await phone.dialog().getByLabel('Orientation: what to do').click();
    await phone.page.getByRole('option', { name: 'Set to' }).click();
    await phone.dialog().getByLabel('Orientation: value').click();
    await phone.page.getByRole('option', { name: 'Portrait', exact: true }).click();
    await phone.dialog().getByText('It will be done to the selected screen.').waitFor();
    expect(await phone.accessibilityViolations()).toEqual([]);
    await phone.dialog().getByRole('button', { name: 'Change 1 screen' }).click();
    await phone.says('Settings of 1 screen changed');
    const [device] = await system.admin.must('GET', '/devices?q=Wall+001');
    expect(device.config).toEqual({ orientation: 'portrait' });
    await eventually(async () => (await phone.dialog().count()) === 0);
    expect(await phone.accessibilityViolations()).toEqual([]);
    const overflow = await phone.page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');
    expect([overflow, phone.troubles]).toEqual([false, []]);
  });

  it('are only looked at by a viewer', async () => {
    await system.admin.must('POST', '/users', {
      ...{ username: 'viewer', displayName: 'Viewer', role: 'user', password: 'four words for viewing' },
      groupIds: [annex],
    });
    const context = await browser().newContext();
    const viewer = await ConsolePage.signedIn(context, system.apiUrl, {
      ...{ username: 'viewer', password: 'four words for viewing', path: '/devices' },
    });
    await viewer.says('150 screens in all');
    expect(await viewer.page.getByRole('table').getByRole('checkbox').count()).toBe(0);
    expect(await viewer.page.getByRole('link', { name: /Pair|Import/ }).count()).toBe(0);
    expect(await viewer.accessibilityViolations()).toEqual([]);
    expect(viewer.troubles).toEqual([]);
  });

  it('had no trouble in all that', () => {
    expect(console.troubles).toEqual([]);
  });
});
