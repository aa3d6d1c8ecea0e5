/**
 * README "The first alert, in five minutes and with a browser", step by step, by somebody who has nothing but the browser: a console in one
 * window and a player in another.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startForBrowsers, suiteBrowser } from '../browser/browser-system.ts';
import { PlayerPage } from '../browser/player-page.ts';
import { WEBM_FILM } from '../browser/tiny-films.ts';
import { poster } from '../pictures/demo-fleet.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { ADMIN, describeEachAdapterSet, type System } from '../support/system.ts';
import { ConsolePage } from './console-page.ts';

/** A film has no pictures to read where ffmpeg is missing, and then no length: a short slot makes it come round soon. */
const SECONDS_EACH = '2';

describeWithChromium('a newcomer with a browser', (executablePath) => {
  const browser = suiteBrowser(executablePath);

  describeEachAdapterSet('and the README', (start) => {
    const folder = mkdtempSync(join(tmpdir(), 'podoh-newcomer-'));
    let system: System;
    let console: ConsolePage;
    let player: PlayerPage;

    beforeAll(async () => {
      writeFileSync(join(folder, 'Welcome.png'), await poster('Welcome', ['#ff0000', '#ff0000']));
      writeFileSync(join(folder, 'Film.webm'), WEBM_FILM);
      system = await startForBrowsers(start);
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('signs in, and the overview says what comes next', async () => {
      console = await ConsolePage.signedIn(await browser().newContext(), system.apiUrl, ADMIN);
      await console.says('Begin here');
      expect(await console.page.getByText('Pair a screen').count()).toBeGreaterThan(0);
    });

    it('pairs the screen that shows a code', async () => {
      player = await PlayerPage.open(await browser().newContext(), system.apiUrl);
      await console.follow('Screens');
      await console.page.getByRole('link', { name: 'Pair a screen' }).first().click();
      await console.page.getByLabel('Code').fill(await player.code());
      await console.page.getByLabel('Name of the screen').fill('Window');
      await console.button('Pair').click();
      await console.says('It is online.');
      await player.reaches('online');
      expect(await player.phase()).toBe('online');
    });

    it('puts an image and a video on it', async () => {
      await console.follow('Content');
      const files = ['Welcome.png', 'Film.webm'].map((name) => join(folder, name));
      await console.page.locator('main input[type=file]').setInputFiles(files);
      for (const name of ['Welcome', 'Film'])
        await console.page.getByRole('main').getByRole('link', { name }).first().waitFor();

      await console.follow('Schedules');
      await console.page.getByRole('link', { name: 'New schedule' }).first().click();
      await console.page.getByRole('textbox', { name: 'Name', exact: true }).fill('Daily');
      for (const name of ['Welcome', 'Film']) {
        await console.page.getByRole('textbox', { name: 'Add content' }).click();
        await console.page.getByRole('option', { name }).first().click();
        await console.page.getByRole('textbox', { name: `Seconds of ${name}` }).fill(SECONDS_EACH);
      }
      await console.button('Save').click();
      await console.page.waitForURL(/schedules\/\d+/);
      await console.page.getByRole('tab', { name: 'Deploy' }).click();
      await console.page
        .getByRole('combobox', { name: 'Single screens' })
        .or(console.page.getByLabel('Single screens'))
        .first()
        .click();
      await console.page.getByRole('option', { name: 'Window' }).click();
      await console.page.keyboard.press('Escape');
      await console.button('Deploy to 1 screen').click();
      await console.dialog().getByRole('button', { name: 'Deploy' }).click();
      await console.says('Applied on 1 of 1 screen');
      await player.page.locator('[data-zone-id] img:visible').first().waitFor();
      await player.page.locator('[data-zone-id] video:visible').first().waitFor();
      expect(await player.page.locator('[data-zone-id]').count()).toBe(1);
    });

    it('raises an alert, sees that it is on the glass, and takes it back', async () => {
      await console
        .button(/^Raise alert/)
        .first()
        .click();
      await console.dialog().getByRole('button', { name: 'Write one now' }).click();
      await console.dialog().getByLabel('Title').fill('Evacuate');
      await console.dialog().getByLabel('Message').fill('Use the south exit');
      await console.dialog().getByLabel('Single screens').first().click();
      await console.page.getByRole('option', { name: 'Window' }).click();
      await console.dialog().getByRole('button', { name: 'Raise on 1 screen now' }).click();
      await console.page.getByRole('heading', { level: 1, name: 'Evacuate' }).waitFor();
      await player.page.getByText('Use the south exit').first().waitFor();
      await console.says('Every screen shows it');

      await console.button(/^Stop/).first().click();
      await console.dialog().getByRole('button', { name: 'All clear on 1 screen' }).click();
      await player.page.getByText('Use the south exit').waitFor({ state: 'detached' });
      await console.says('The all-clear has reached 1 of 1 screen that had it.');
      await player.page.locator('[data-zone-id] img:visible').first().waitFor();
      expect(await player.showing()).toEqual([]);
    });

    it('had no trouble in all that', () => {
      expect([console.troubles, player.troubles]).toEqual([[], []]);
    });
  });
});
