/** The page of one screen: what it should be beside what it says, and commands with what became of them. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startForBrowsers, suiteBrowser } from '../browser/browser-system.ts';
import { PlayerPage } from '../browser/player-page.ts';
import { eventually } from '../support/eventually.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { ADMIN, describeEachAdapterSet, type System } from '../support/system.ts';
import { importDevices } from '../support/test-device.ts';
import { ConsolePage } from './console-page.ts';
import { PICTURE, WorkingScreen } from './working-screen.ts';

describeWithChromium('a screen in the console', (executablePath) => {
  const browser = suiteBrowser(executablePath);

  describeEachAdapterSet('on its own page', (start) => {
    let system: System;
    let admin: ConsolePage;
    let lobby = 0;
    let screen: WorkingScreen;

    beforeAll(async () => {
      system = await startForBrowsers(start);
      const site = await system.admin.must('POST', '/groups', { name: 'Site', config: { timezone: 'Europe/Rome' } });
      lobby = (await system.admin.must('POST', '/groups', { name: 'Lobby', parentId: site.id, config: { volume: 70 } }))
        .id;
      const [credentials] = await importDevices(system.admin, 1, lobby);
      if (credentials === undefined) throw new Error('no screen was made');
      await system.admin.must('PUT', `/devices/${credentials.deviceId}`, { name: 'Door', version: 1 });
      screen = new WorkingScreen(system.hubUrls[0] ?? '', credentials);
      admin = await ConsolePage.signedIn(await browser().newContext(), system.apiUrl, {
        ...ADMIN,
        path: `/devices/${credentials.deviceId}`,
      });
    });
    afterAll(() => screen.stop());

    const row = (name: RegExp) => admin.page.getByRole('row', { name });

    it('says that it was never there, and what it should be and why', async () => {
      await admin.says('It has not said anything yet');
      await row(/Volume.*70 %.*from Lobby.*Does not say/).waitFor();
      await row(/Time zone.*Europe\/Rome.*from Site/).waitFor();
      expect(await admin.heading().textContent()).toBe('Door');
      expect(await admin.accessibilityViolations()).toEqual([]);
    });

    it('comes online before the eyes of who looks, and says where it differs', async () => {
      await screen.start();
      await admin.page.locator('main').getByText('Online', { exact: true }).waitFor();
      await row(/Volume.*70 %.*Asked for 70 %, says 50 %/).waitFor();
      await admin.says('41 °C');
      await admin.says('12.3 GB');
      expect(await admin.accessibilityViolations()).toEqual([]);
    });

    it('does what it is told, and then is as it was asked to be', async () => {
      await admin.page.getByRole('tab', { name: 'Commands' }).click();
      await admin.button('Set volume').click();
      const dialog = admin.dialog().filter({ hasText: 'Set volume' });
      const slider = dialog.getByRole('slider', { name: 'Volume' });
      for (let step = 0; step < 20; step += 1) await slider.press('ArrowRight');
      expect(await admin.accessibilityViolations()).toEqual([]);
      await dialog.getByRole('button', { name: 'Set to 70 %' }).click();
      await row(/Set volume.*to 70.*Done/).waitFor();
      expect(screen.given.map(({ name, args }) => [name, args])).toEqual([['set_volume', { volume: 70 }]]);
      await admin.page.getByRole('tab', { name: 'Now' }).click();
      await row(/Volume.*70 %.*As asked/).waitFor();
    });

    it('asks before it interrupts what people see, and tells why something failed', async () => {
      await admin.page.getByRole('tab', { name: 'Commands' }).click();
      await admin.button('Restart player').click();
      const question = admin.dialog().filter({ hasText: 'Restart player: Door?' });
      expect(await admin.accessibilityViolations()).toEqual([]);
      await question.getByRole('button', { name: 'Cancel' }).click();
      await question.waitFor({ state: 'detached' });
      expect(screen.given).toHaveLength(1);
      await admin.button('Restart player').click();
      await question.getByRole('button', { name: 'Restart player' }).click();
      await row(/Restart player.*Failed.*The player is locked/).waitFor();
      expect(await admin.accessibilityViolations()).toEqual([]);
    });

    it('sends a picture of itself', async () => {
      await admin.page.getByRole('tab', { name: 'Now' }).click();
      await admin.button('Take a new one').click();
      const picture = admin.page.getByRole('img', { name: 'What Door showed' });
      await picture.waitFor();
      const width = () => picture.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth);
      await eventually(async () => (await width()) === PICTURE.width);
      await admin.page.getByRole('tab', { name: 'Commands' }).click();
      await row(/Take a screenshot.*Done/)
        .getByRole('button', { name: 'Look' })
        .click();
      await admin.dialog().getByRole('img', { name: 'What Door showed' }).waitFor();
      expect(await admin.accessibilityViolations()).toEqual([]);
      await admin.page.keyboard.press('Escape');
      await admin.dialog().waitFor({ state: 'detached' });
      const saved = admin.page.waitForEvent('download');
      await row(/Take a screenshot/)
        .getByRole('button', { name: 'Download' })
        .click();
      expect((await saved).suggestedFilename()).toMatch(/^command-\d+/);
    });

    it('is set by itself, and then by its group again', async () => {
      await admin.page.getByRole('tab', { name: 'Settings' }).click();
      const volume = admin.page.getByRole('switch', { name: 'Volume' });
      await admin.says('70 %, from Lobby');
      await volume.check({ force: true });
      await admin.says('Set here, instead of 70 % from Lobby');
      await admin.page.getByRole('slider', { name: 'Volume' }).press('Home');
      expect(await admin.accessibilityViolations()).toEqual([]);
      await admin.button('Save').click();
      await admin.says('Door saved');
      await screen.device.until('the setting', () => screen.device.screen.config.volume === 0);
      await admin.page.getByRole('tab', { name: 'Now' }).click();
      await row(/Volume.*0 %.*from this screen.*Asked for 0 %, says 70 %/).waitFor();
      await admin.page.getByRole('tab', { name: 'Settings' }).click();
      await volume.uncheck({ force: true });
      await admin.button('Save').click();
      await screen.device.until('the setting', () => screen.device.screen.config.volume === 70);
    });

    it('shows its name on a real player when asked', async () => {
      const player = await PlayerPage.open(await browser().newContext(), system.apiUrl);
      const deviceId = await player.pairSoon(system.admin);
      await admin.goTo(`/devices/${deviceId}`);
      await admin.button('Show its name').click();
      await player.page.locator('#identify').waitFor({ state: 'visible' });
      await admin.page.getByRole('tab', { name: 'Commands' }).click();
      await row(/Show its name.*Done/).waitFor();
      expect(player.troubles).toEqual([]);
    });

    it('had no trouble in all that', () => {
      expect(admin.troubles).toEqual([]);
    });
  });
});
