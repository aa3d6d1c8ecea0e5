/** Screens in the console: pairing with a real player beside it, the live list, and moving. */
import { beforeAll, expect, it } from 'vitest';
import { startForBrowsers, suiteBrowser } from '../browser/browser-system.ts';
import { PlayerPage } from '../browser/player-page.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { ADMIN, describeEachAdapterSet, type System } from '../support/system.ts';
import { importDevices, TestDevice } from '../support/test-device.ts';
import { ConsolePage } from './console-page.ts';

describeWithChromium('screens in the console', (executablePath) => {
  const browser = suiteBrowser(executablePath);

  describeEachAdapterSet('from pairing to moving', (start) => {
    let system: System;
    let console: ConsolePage;
    let lobby: number;

    beforeAll(async () => {
      system = await startForBrowsers(start);
      ({ id: lobby } = await system.admin.must('POST', '/groups', { name: 'Lobby' }));
      await system.admin.must('POST', '/groups', { name: 'Annex' });
      console = await ConsolePage.signedIn(await browser().newContext(), system.apiUrl, {
        password: ADMIN.password,
        path: '/devices',
      });
      await console.isLive();
    });

    it('begin with how to get the first one in', async () => {
      await console.says('There are no screens yet');
      expect(await console.accessibilityViolations()).toEqual([]);
      await console.page.getByRole('link', { name: 'Pair a screen' }).first().click();
      expect(await console.heading().textContent()).toBe('Pair a screen');
      expect(await console.page.getByLabel('Address of the player').textContent()).toBe(`${system.apiUrl}/player/`);
    });

    it('are paired by the code that the player shows, however it is typed, and come online before one’s eyes', async () => {
      const player = await PlayerPage.open(await browser().newContext(), system.apiUrl);
      console.mayComplain(/status of 404/, /response: 404/);
      await console.page.getByLabel('Code').fill('zzzz');
      await console.button('Pair').click();
      await console.says('A code has eight letters and digits.');
      await console.page.getByLabel('Code').fill('zzzzzzzz');
      await console.button('Pair').click();
      await console.says(/No screen shows this code now/);
      expect(await console.accessibilityViolations()).toEqual([]);
      await console.page.getByLabel('Code').fill((await player.code()).toLowerCase().replace('-', ' '));
      await console.page.getByLabel('Name of the screen').fill('Reception');
      await console.page.getByLabel('Group', { exact: true }).click();
      await console.page.getByRole('option', { name: 'Lobby' }).click();
      await console.button('Pair').click();
      await console.says('Reception is paired');
      await player.reaches('online');
      await console.says('It is online.');
      expect(await console.accessibilityViolations()).toEqual([]);
      await console.button('Show me on the screen').click();
      await console.says('The screen shows its name now');
      expect(player.troubles).toEqual([]);
    });

    it('are found in the list, which tells who comes and goes without being asked', async () => {
      const [credentials] = await importDevices(system.admin, 1, lobby);
      if (credentials === undefined) throw new Error('one was imported');
      const device = new TestDevice(system.hubUrls[0] ?? '', credentials);
      await console.follow('Screens');
      const row = console.page.getByRole('row', { name: /Screen \d+/ });
      await row.filter({ hasText: 'Offline' }).waitFor();
      await device.connect();
      await row.filter({ hasText: 'Online' }).waitFor();
      // From now on the list gets no answers: what it still learns, the live feed tells.
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      await console.page.route('**/api/v1/devices?**', async (route) => {
        await released;
        await route.continue();
      });
      await device.disconnect();
      await row.filter({ hasText: 'Offline' }).waitFor();
      expect(await row.filter({ hasText: 'Online' }).count()).toBe(0);
      release();
      await console.page.unrouteAll({ behavior: 'wait' });
    });

    it('are moved to a group after a look at what that touches', async () => {
      await console.page.getByRole('checkbox', { name: 'Select Reception' }).check();
      await console.says('1 screen selected');
      expect(await console.accessibilityViolations()).toEqual([]);
      await console.button('Move').click();
      const dialog = console.dialog();
      await dialog.getByLabel('Move to').click();
      await console.page.getByRole('option', { name: 'Annex' }).click();
      await dialog.getByText('It will be done to the selected screen.').waitFor();
      await dialog.getByText('Reception', { exact: true }).waitFor();
      expect(await console.accessibilityViolations()).toEqual([]);
      await dialog.getByRole('button', { name: 'Move 1 screen' }).click();
      await console.says('1 screen moved');
      await console.page.getByRole('row', { name: /Reception.*Annex/ }).waitFor();
    });

    it('had no trouble in all that', () => {
      expect(console.troubles).toEqual([]);
    });
  });
});
