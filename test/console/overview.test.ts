/** The first page: what a newcomer is led to, and what somebody on duty sees as it happens. */
import { beforeAll, expect, it } from 'vitest';
import { startForBrowsers, suiteBrowser } from '../browser/browser-system.ts';
import { insertContent } from '../support/hub-rows.ts';
import { changeDevice, join, newDevice, newGroup, raise, stopAlert, type Group } from '../support/screens.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { ADMIN, describeEachAdapterSet, type System } from '../support/system.ts';
import type { TestDevice } from '../support/test-device.ts';
import { ConsolePage } from './console-page.ts';

const HOUR_MS = 3_600_000;

describeWithChromium('the overview in the console', (executablePath) => {
  const browser = suiteBrowser(executablePath);

  describeEachAdapterSet('of one organisation', (start) => {
    let system: System;
    let admin: ConsolePage;
    let group: Group;
    let screen: TestDevice;
    let polling: TestDevice;
    let unseen: TestDevice;

    beforeAll(async () => {
      system = await startForBrowsers(start);
      admin = await ConsolePage.signedIn(await browser().newContext(), system.apiUrl, ADMIN);
      await admin.isLive();
    });

    const figure = (words: RegExp) =>
      admin.page.getByRole('group', { name: 'Screens now' }).getByRole('link', { name: words }).waitFor();
    const section = (name: string) => admin.page.getByRole('region', { name });

    it('leads a newcomer from nothing to an alert', async () => {
      const steps = section('Begin here');
      await steps.getByText('0 of 4 done').waitFor();
      expect(await steps.getByRole('heading', { level: 3 }).allTextContents()).toEqual([
        'Pair a screen',
        'Put content in',
        'Schedule it',
        'Raise an alert',
      ]);
      expect(await steps.getByRole('link', { name: /Player address/ }).getAttribute('href')).toBe(
        `${system.apiUrl}/player/`,
      );
      expect(await admin.accessibilityViolations()).toEqual([]);
      await steps.getByRole('button', { name: 'Raise an alert' }).click();
      await admin.dialog().waitFor();
      await admin.page.keyboard.press('Escape');
      await admin.dialog().waitFor({ state: 'detached' });
      await steps.getByRole('link', { name: 'Enter the code' }).click();
      await admin.page.waitForURL(/\/devices\/pair$/);
      await admin.follow('Overview');
    });

    it('says to who may only look that there is nothing yet', async () => {
      const user = { username: `viewer-${system.adapters}`, displayName: 'Vera', role: 'user' };
      const { generatedPassword } = await system.admin.must('POST', '/users', user);
      const viewer = await ConsolePage.open(await browser().newContext(), system.apiUrl);
      await viewer.page.getByLabel('Username').fill(user.username);
      await viewer.page.getByLabel('Password', { exact: true }).fill(generatedPassword);
      await viewer.button('Sign in').click();
      await viewer.page.getByLabel('Current password').fill(generatedPassword);
      await viewer.page.getByLabel('New password', { exact: false }).first().fill('four words for vera');
      await viewer.page.getByLabel('New password again').fill('four words for vera');
      await viewer.button('Change password').click();
      await viewer.says('Nothing here yet');
      expect(await viewer.page.getByRole('button', { name: /Raise/ }).count()).toBe(0);
      expect(viewer.troubles).toEqual([]);
    });

    it('counts screens as they come, over either transport, and knows who never came', async () => {
      group = await newGroup(system.admin);
      screen = await newDevice(system, group.id);
      polling = await newDevice(system, group.id);
      unseen = await newDevice(system, group.id);
      await figure(/Online\s*0\s*of 3 screens/);
      await join(screen);
      await polling.token();
      await polling.http('POST', '/heartbeat', {});
      await figure(/Online\s*2\s*of 3 screens/);
      await figure(/HTTP only\s*1\s*online/);
      await figure(/Offline\s*1\s*not heard of/);
      const { name } = await system.admin.must('GET', `/devices/${unseen.deviceId}`);
      await section('Needs attention').getByText('1 screen never connected').waitFor();
      expect(await section('Needs attention').getByRole('link', { name }).getAttribute('href')).toMatch(
        new RegExp(`/devices/${unseen.deviceId}$`),
      );
      await section('Begin here').getByText('1 of 4 done').waitFor();
      await section('Screens over time')
        .getByRole('img', { name: /2 now, between 0 and 2/ })
        .waitFor();
      await admin.button('Figures').click();
      const figures = section('Screens over time').getByRole('table');
      expect(await figures.getByRole('row').nth(1).getByRole('cell').allTextContents()).toEqual([
        expect.stringMatching(/20\d\d/),
        '2',
        '1',
        '1',
      ]);
      expect(await admin.accessibilityViolations()).toEqual([]);
      await admin.page.getByText('7 days').click();
      await admin.page.waitForURL(/range=week/);
    });

    it('shows an alert on its way, and takes it off when it is over', async () => {
      const deploymentId = await raise(system.admin, { groupIds: [group.id] }, 'Fire in hall 3');
      const card = section('Active alerts');
      await card.getByRole('link', { name: 'Fire in hall 3' }).waitFor();
      await card.getByText('1 of 3 on screen').waitFor();
      await card.getByText('2 unconfirmed').waitFor();
      await figure(/Active alerts\s*1\s*on screens now/);
      expect(await admin.accessibilityViolations()).toEqual([]);
      await stopAlert(system.admin, deploymentId);
      await card.getByText('No alert is on any screen.').waitFor();
    });

    it('names what needs a hand, each with the way to it', async () => {
      await insertContent(system.parts.db, (await tenant()).tenant_id, {
        ...{ name: 'Broken poster', status: 'failed', failure: 'It is not an image' },
      });
      await system.parts.db.sql
        .updateTable('devices')
        .set({ last_seen_at: Date.now() - 3 * HOUR_MS })
        .where('id', '=', unseen.deviceId)
        .execute();
      await admin.goTo('/');
      const matters = section('Needs attention');
      await matters.getByRole('link', { name: 'Broken poster was refused' }).waitFor();
      await matters.getByText('It is not an image').waitFor();
      await matters.getByText('1 screen offline for more than an hour').waitFor();
      expect(await matters.getByRole('listitem').allTextContents()).toEqual([expect.stringMatching(/3 h ago/)]);
      await matters.getByRole('link', { name: '1 screen offline for more than an hour' }).click();
      await admin.page.waitForURL(/\/devices\?status=offline&sort=lastSeen/);
      await admin.follow('Overview');
    });

    it('says at once when a screen goes away', async () => {
      await figure(/Online\s*2\s*of 3/);
      await screen.disconnect();
      await figure(/Online\s*1\s*of 3/);
      await figure(/Offline\s*2/);
      await join(screen);
      await figure(/Online\s*2\s*of 3/);
      expect(await section('Screens over time').getByRole('img').getAttribute('aria-label')).toMatch(/2 now/);
    });

    it('has a map once screens have places, with a list of the same and the way to each', async () => {
      expect(await section('Map').count()).toBe(0);
      await changeDevice(system.admin, screen.deviceId, { place: { latitude: 54.09, longitude: 12.13 } });
      await changeDevice(system.admin, unseen.deviceId, { place: { latitude: 48.14, longitude: 11.58 } });
      const map = section('Map');
      await map.scrollIntoViewIfNeeded();
      await map.getByRole('img', { name: /Map of 2 screens: 1 online/ }).waitFor();
      await map.locator('.map-land').first().waitFor({ state: 'attached' });
      await map.getByRole('button', { name: 'As a list' }).click();
      const items = map.getByRole('listitem');
      expect(await items.count()).toBe(2);
      expect(await admin.accessibilityViolations()).toEqual([]);
      await map.getByRole('button', { name: 'Zoom in' }).click();
      await map.getByRole('button', { name: 'Show all' }).click();
      await map.getByTitle('1 screen, all online').waitFor();
      await screen.disconnect();
      await map.getByRole('img', { name: /Map of 2 screens: 0 online/ }).waitFor();
      await map.getByTitle('1 screen, 1 offline').nth(1).waitFor();
      await map.getByTitle('1 screen, 1 offline').first().click();
      await admin.page.waitForURL(new RegExp(`/devices/(${screen.deviceId}|${unseen.deviceId})$`));
    });

    for (const [place, viewport] of [
      ['in the dark', { width: 1440, height: 900 }],
      ['on a phone', { width: 390, height: 844 }],
    ] as const) {
      it(`is as good ${place}`, async () => {
        const looks = { colorScheme: 'dark' as const, viewport };
        const other = await ConsolePage.signedIn(await browser().newContext(looks), system.apiUrl, ADMIN);
        await other.page.getByRole('region', { name: 'Map' }).scrollIntoViewIfNeeded();
        await other.page.getByRole('img', { name: /Map of 2 screens/ }).waitFor();
        expect(await other.accessibilityViolations()).toEqual([]);
        expect(await other.page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
        expect(other.troubles).toEqual([]);
        await other.page.context().close();
      });
    }

    it('had no trouble in all that', () => {
      expect(admin.troubles).toEqual([]);
    });

    async function tenant(): Promise<{ tenant_id: number }> {
      return system.parts.db.sql
        .selectFrom('devices')
        .select('tenant_id')
        .where('id', '=', unseen.deviceId)
        .executeTakeFirstOrThrow();
    }
  });
});
