/** Uploading in the console: several files at once, refusals, a network that breaks, reloads; to disk, and straight to S3. */
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { largePicture, picture, smallFilm } from '../../api/content/testing/sample-files.ts';
import { startS3, useS3Credentials, type S3Server } from '../../hub/objects/testing/s3-server.ts';
import { startForBrowsers, suiteBrowser } from '../browser/browser-system.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { ADMIN, describeEachAdapterSet, type System } from '../support/system.ts';
import { ConsolePage } from './console-page.ts';
import { ChosenFiles, UploadWatch } from './upload-watch.ts';

describeWithChromium('content in the console', (executablePath) => {
  const browser = suiteBrowser(executablePath);

  describeEachAdapterSet('is uploaded', (start, adapters) => {
    const files = new ChosenFiles();
    let system: System;
    let s3: S3Server | null = null;
    let admin: ConsolePage;
    let watch: UploadWatch;
    /** Three parts of noise each, so that no two are the same file. */
    const large: Record<'cut' | 'reload' | 'pause' | 'cancel', string> = { cut: '', reload: '', pause: '', cancel: '' };

    beforeAll(async () => {
      if (adapters === 'production') {
        useS3Credentials();
        s3 = await startS3();
      }
      system = await startForBrowsers(start, s3 === null ? {} : { S3_BUCKET: s3.bucket, S3_ENDPOINT: s3.endpoint });
      for (const name of ['cut', 'reload', 'pause', 'cancel'] as const)
        large[name] = files.write(`${name}.png`, await largePicture(2_000, 1_760));
      const context = await browser().newContext();
      admin = await ConsolePage.signedIn(context, system.apiUrl, { password: ADMIN.password, path: '/content' });
      watch = await UploadWatch.on(admin.page);
    });
    afterAll(async () => {
      vi.unstubAllEnvs();
      await s3?.stop();
      files.remove();
    });

    const uploads = (): Locator => admin.page.getByRole('region', { name: 'Uploads' });
    const row = (name: string): Locator => uploads().getByRole('listitem').filter({ hasText: name });
    const choose = (...paths: string[]): Promise<void> =>
      admin.page.locator('main input[type=file]').setInputFiles(paths);
    const card = (name: string): Locator => admin.page.getByRole('main').getByRole('link', { name });

    it('begins with nothing, and says how to begin', async () => {
      await admin.says('No content yet');
      expect(await admin.accessibilityViolations()).toEqual([]);
    });

    it('several files at once, each with its own progress; what is not taken says why in the words of the API', async () => {
      admin.mayComplain(/status of 415/, /response: 415/);
      await choose(
        files.write('Poster.png', await picture('png', 640, 360, 4)),
        files.write('Film.mp4', smallFilm()),
        files.write('Menu.html', '<!doctype html><title>Menu</title><h1>Soup</h1>'),
        files.write('notes.txt', 'a text'),
        files.write('Half.png', (await picture('png', 320, 200, 5)).subarray(0, 900)),
      );
      for (const name of ['Poster.png', 'Film.mp4', 'Menu.html']) await row(name).getByText('Ready').waitFor();
      await row('notes.txt').getByText('Files of this type are not taken').waitFor();
      await row('Half.png')
        .getByText(/damaged or incomplete/)
        .waitFor();
      expect(await admin.accessibilityViolations()).toEqual([]);
      for (const name of ['Poster', 'Film', 'Menu']) await card(name).waitFor();
      await card('Half').getByText('Not taken').waitFor();
      await admin.button('Clear finished').click();
      await uploads().waitFor({ state: 'detached' });
    });

    it('goes on after the network broke off, and sends no part twice', async () => {
      watch.reset();
      admin.mayComplain(/ERR_INTERNET_DISCONNECTED/);
      watch.afterTwo('cut');
      await choose(large.cut);
      await row('cut.png')
        .getByText(/Connection interrupted/)
        .waitFor();
      expect(await admin.accessibilityViolations()).toEqual([]);
      watch.decide = async () => 'go';
      await row('cut.png').getByText('Ready').waitFor();
      expect(watch.taken.toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
      await card('cut').waitFor();
      await admin.button('Clear finished').click();
    });

    it('goes on after a reload when the same file is chosen again, with what is missing alone', async () => {
      watch.reset();
      watch.afterTwo('hold');
      await choose(large.reload);
      await watch.tookTwo();
      await admin.page.reload();
      await admin.button(/1 upload needs you/).click();
      await row('reload.png')
        .getByText(/Choose the same file again/)
        .waitFor();
      expect(await admin.accessibilityViolations()).toEqual([]);
      const again = async (path: string): Promise<void> => {
        const [chooser] = await Promise.all([
          admin.page.waitForEvent('filechooser'),
          admin.button('Choose the file reload.png again').click(),
        ]);
        await chooser.setFiles(path);
      };
      await again(large.cut);
      await admin.says(/That is another file than reload.png/);
      watch.reset();
      await again(large.reload);
      await row('reload.png').getByText('Ready').waitFor();
      expect(watch.taken).toEqual([3]);
      await admin.button('Clear finished').click();
    });

    it('can be paused, goes on on every page, and can be gone on with there', async () => {
      watch.reset();
      watch.afterTwo('hold');
      await choose(large.pause);
      await watch.tookTwo();
      await admin.button('Pause pause.png').click();
      await row('pause.png')
        .getByText(/Paused/)
        .waitFor();
      await admin.follow('Groups');
      await admin.button('Hide uploads').click();
      await admin.button(/1 upload is paused/).click();
      watch.reset();
      await admin.button('Go on with pause.png').click();
      await row('pause.png').getByText('Ready').waitFor();
      expect(watch.taken).toEqual([3]);
      await admin.page.getByRole('link', { name: 'Open pause.png' }).click();
      await admin.page.getByRole('heading', { level: 1, name: 'pause' }).waitFor();
      await admin.button('Clear finished').click();
    });

    it('can be cancelled, which leaves nothing', async () => {
      await admin.follow('Content');
      watch.reset();
      watch.afterTwo('hold');
      await choose(large.cancel);
      await watch.tookTwo();
      await admin.button('Cancel cancel.png').click();
      await admin.dialog().getByText('thrown away').waitFor();
      expect(await admin.accessibilityViolations()).toEqual([]);
      await admin.dialog().getByRole('button', { name: 'Cancel upload' }).click();
      await uploads().waitFor({ state: 'detached' });
      await card('cancel').waitFor({ state: 'detached' });
      const rows = await system.parts.db.sql.selectFrom('uploads').select('id').execute();
      expect(rows).toEqual([]);
      if (s3 !== null) expect(s3.unfinishedUploads()).toEqual([]);
    });

    it('had no trouble in all that', () => {
      expect(admin.troubles).toEqual([]);
    });
  });
});
