/** Finding, looking at, changing and deleting content in the console; dark, on a phone, and for who may only look. */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { film, picture, smallFilm } from '../../api/content/testing/sample-files.ts';
import { startForBrowsers, suiteBrowser } from '../browser/browser-system.ts';
import { poster } from '../pictures/demo-fleet.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { ADMIN, systemStarter, type System } from '../support/system.ts';
import { ConsolePage } from './console-page.ts';

describeWithChromium('a piece of content in the console', (executablePath) => {
  const browser = suiteBrowser(executablePath);

  describe('(embedded)', () => {
    const start = systemStarter('embedded');
    let system: System;
    let admin: ConsolePage;
    let lobbyId = 0;
    const ids: Record<string, number> = {};

    beforeAll(async () => {
      system = await startForBrowsers(start);
      const { admin: api } = system;
      lobbyId = (await api.must('POST', '/groups', { name: 'Lobby' })).id;
      const upload = async (name: string, fileName: string, bytes: Buffer, groupId?: number): Promise<void> => {
        const form = new FormData();
        form.set('name', name);
        if (groupId !== undefined) form.set('groupId', String(groupId));
        form.set('file', new File([new Uint8Array(bytes)], fileName));
        ids[name] = (await api.upload('/content', form)).id;
      };
      await upload('Poster', 'poster.png', await picture('png', 640, 360, 4), lobbyId);
      await upload('Tour', 'tour.mp4', (await film('mp4', ['-c:v', 'libx264'])) ?? smallFilm());
      const page = '<!doctype html><title>Menu</title><h1>Soup of the day</h1><script>document.title = 1</script>';
      await upload('Menu', 'menu.html', Buffer.from(page));
      await api.must('POST', '/users', {
        ...{ username: 'vera', displayName: 'Vera', role: 'user', password: 'four words for vera' },
        groupIds: [lobbyId],
      });
      const context = await browser().newContext();
      admin = await ConsolePage.signedIn(context, system.apiUrl, { password: ADMIN.password, path: '/content' });
    });

    const item = async (name: string): Promise<void> => {
      await admin.goTo(`/content/${ids[name]}`);
      await admin.page.getByRole('heading', { level: 1, name }).waitFor();
    };

    it('is found by its name, type and group, as a picture or in a list; the view is in the address', async () => {
      await admin.page.getByRole('link', { name: /Poster/ }).waitFor();
      await admin.page.getByLabel('Search content').fill('tour');
      await admin.page.waitForURL(/q=tour/);
      await admin.page.getByRole('link', { name: /Poster/ }).waitFor({ state: 'detached' });
      await admin.page.getByText('List', { exact: true }).click({ force: true });
      await admin.page.waitForURL(/view=list/);
      await admin.page.getByRole('row', { name: /Tour.*Video/ }).waitFor();
      expect(await admin.accessibilityViolations()).toEqual([]);
      await admin.goTo(`/content?view=list&groupId=${lobbyId}`);
      await admin.page.getByRole('row', { name: /Poster.*Image.*640 × 360.*Lobby/ }).waitFor();
      expect(await admin.page.getByRole('row').count()).toBe(2);
      await admin.goTo('/content?type=stream');
      await admin.says('Nothing matches');
    });

    it('is added by its address; a wrong address is said at its field', async () => {
      admin.mayComplain(/status of 400/, /response: 400/);
      await admin.button('Add by address').click();
      await admin.dialog().getByLabel('Name').fill('Gate camera');
      await admin.dialog().getByLabel('Address').fill('ftp://camera.example/1');
      expect(await admin.accessibilityViolations()).toEqual([]);
      await admin.dialog().getByRole('button', { name: 'Add' }).click();
      await admin
        .dialog()
        .getByText(/must begin with https/)
        .waitFor();
      await admin.dialog().getByLabel('Address').fill('rtsp://camera.example/1');
      await admin.dialog().getByLabel('Stands for').fill('7.5');
      await admin.dialog().getByRole('button', { name: 'Add' }).click();
      await admin.says('Gate camera was added');
      await admin.goTo('/content?type=stream');
      await admin.page.getByRole('link', { name: /Gate camera/ }).click();
      await admin.says('Browsers do not play this kind of stream; screens do.');
      await admin.says('7.5 s');
      await admin.says('rtsp://camera.example/1');
      expect(await admin.accessibilityViolations()).toEqual([]);
    });

    it('tells what is known of a video, and plays it', async () => {
      await item('Tour');
      const video = admin.page.getByLabel('Preview of Tour');
      await video.waitFor();
      const state = (): Promise<number> => admin.page.evaluate<number>('document.querySelector("video").readyState');
      await expect.poll(state, { timeout: 15_000 }).toBeGreaterThanOrEqual(1);
      await admin.says('video/mp4');
      await admin.says(/^h264, no sound|^Not measured/);
      expect(await admin.accessibilityViolations()).toEqual([]);
    });

    it('that is a page is shown without its scripts, and can reach nothing of the console', async () => {
      await item('Menu');
      const frame = admin.page.locator('iframe[title="Preview of Menu"]');
      await frame.contentFrame().getByText('Soup of the day').waitFor();
      expect(await frame.getAttribute('sandbox')).toBe('');
      expect(await frame.contentFrame().locator('script').count()).toBe(0);
      expect(await admin.accessibilityViolations()).toEqual([]);
    });

    it('is renamed; what somebody else changed meanwhile is not lost, nor what was typed', async () => {
      admin.mayComplain(/status of 409/, /response: 409/);
      await item('Poster');
      await admin.button('Edit').click();
      expect(await admin.accessibilityViolations()).toEqual([]);
      const other = await system.admin.must('GET', `/content/${ids['Poster']}`);
      await admin.dialog().getByLabel('Name').fill('Poster of mine');
      await system.admin.must('PUT', `/content/${ids['Poster']}`, { durationMs: 7_000, version: other.version });
      await admin.dialog().getByRole('button', { name: 'Save' }).click();
      await admin.dialog().getByText('Somebody else has changed it meanwhile').waitFor();
      await expect.poll(() => admin.button('Load their version').isEnabled(), { timeout: 15_000 }).toBe(true);
      expect(await admin.dialog().getByLabel('Name').inputValue()).toBe('Poster of mine');
      await admin.dialog().getByRole('button', { name: 'Save' }).click();
      await admin.page.getByRole('heading', { level: 1, name: 'Poster of mine' }).waitFor();
      expect(await system.admin.must('GET', `/content/${ids['Poster']}`)).toMatchObject({ durationMs: 7_000 });
    });

    it('is not deleted while it is used, and says where; afterwards it is', async () => {
      const contentId = ids['Poster'];
      const alert = await system.admin.must('POST', '/alerts', {
        ...{ name: 'Storm', severity: 'warning', title: 'Storm warning', message: 'Stay inside', contentId },
      });
      await item('Poster');
      await admin.page.getByRole('link', { name: 'Storm warning' }).waitFor();
      await admin.button('Delete').click();
      await admin.dialog().getByText('Take it out there first').waitFor();
      await admin.dialog().getByRole('link', { name: 'Storm warning' }).waitFor();
      expect(await admin.accessibilityViolations()).toEqual([]);
      await admin.dialog().getByRole('button', { name: 'Close' }).last().click();
      await system.admin.must('DELETE', `/alerts/${alert.id}`);
      await admin.says('Nothing uses it');
      await admin.button('Delete').click();
      await admin.dialog().getByRole('button', { name: 'Delete' }).click();
      await admin.page.getByRole('heading', { level: 1, name: 'Content' }).waitFor();
      expect((await system.admin.call('GET', `/content/${contentId}`)).status).toBe(404);
    });

    it('is shown again when the address of its picture had run out', async () => {
      admin.mayComplain(/status of 403/, /response: 403/);
      // A picture: films have a thumbnail only where ffmpeg is there.
      const form = new FormData();
      form.set('name', 'Late');
      form.set('file', new File([await poster('Late', ['#831843', '#f472b6'])], 'late.png', { type: 'image/png' }));
      await system.admin.upload('/content', form);
      const asked: string[] = [];
      await admin.page.route(/\/media\/thumbnails\//, async (route) => {
        asked.push(route.request().url());
        if (asked.length > 1) return route.continue();
        // An address that has run out is older than the next one, which tells seconds apart.
        await sleep(1_200);
        return route.fulfill({ status: 403, body: '' });
      });
      await admin.goTo('/content?q=Late');
      const shown = (): Promise<number> =>
        admin.page.evaluate<number>('document.querySelector("main a img")?.naturalWidth ?? 0');
      await expect.poll(shown, { timeout: 15_000 }).toBeGreaterThan(0);
      expect(asked.length).toBeGreaterThan(1);
      await admin.page.unroute(/\/media\/thumbnails\//);
    });

    it('that is not there says so', async () => {
      admin.mayComplain(/status of 404/, /response: 404/);
      await admin.goTo('/content/999999');
      await admin.says(/It does not exist, or it is outside of your groups/);
      expect(await admin.accessibilityViolations()).toEqual([]);
    });

    it('is only looked at by who may not change it', async () => {
      const vera = await ConsolePage.signedIn(await browser().newContext(), system.apiUrl, {
        ...{ username: 'vera', password: 'four words for vera' },
        path: `/content/${ids['Tour']}`,
      });
      if (await vera.page.getByText('Choose a new password').isVisible()) {
        await vera.page.getByLabel('Current password').fill('four words for vera');
        await vera.page.getByLabel('New password', { exact: false }).first().fill('five words for vera now');
        await vera.page.getByLabel('New password again').fill('five words for vera now');
        await vera.button('Change password').click();
      }
      await vera.page.getByRole('heading', { level: 1, name: 'Tour' }).waitFor();
      expect(await vera.page.getByRole('button', { name: /Edit|Delete/ }).count()).toBe(0);
      await vera.follow('Content');
      await vera.page.getByRole('link', { name: /Tour/ }).waitFor();
      expect(await vera.page.getByRole('button', { name: /Upload|Add/ }).count()).toBe(0);
      expect(vera.troubles).toEqual([]);
    });

    it.each([
      { where: 'in the dark', options: { colorScheme: 'dark' as const } },
      { where: 'on a phone', options: { viewport: { width: 390, height: 844 } } },
    ])('can be used $where', async ({ options }) => {
      const page = await ConsolePage.signedIn(await browser().newContext(options), system.apiUrl, {
        password: ADMIN.password,
        path: '/content',
      });
      await page.page.getByRole('link', { name: /Tour/ }).waitFor();
      expect(await page.accessibilityViolations()).toEqual([]);
      await page.page
        .locator('input[type=file]')
        .first()
        .setInputFiles({
          ...{ name: 'Small.png', mimeType: 'image/png' },
          buffer: await picture('png', 64, 64, options.viewport === undefined ? 9 : 10),
        });
      await page.page
        .getByRole('region', { name: 'Uploads' })
        .getByText(/^Ready/)
        .waitFor();
      expect(await page.accessibilityViolations()).toEqual([]);
      expect(await page.page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
      await page.page.getByRole('link', { name: /Tour/ }).click();
      await page.page.getByRole('heading', { level: 1, name: 'Tour' }).waitFor();
      expect(await page.accessibilityViolations()).toEqual([]);
      expect(page.troubles).toEqual([]);
    });

    it('had no trouble in all that', () => {
      expect(admin.troubles).toEqual([]);
    });
  });
});
