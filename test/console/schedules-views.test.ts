/** Schedules as they look: in the list, in the dark, on a phone, to who may only look. */
import { beforeAll, describe, expect, it } from 'vitest';
import { startForBrowsers, suiteBrowser } from '../browser/browser-system.ts';
import { ApiClient } from '../support/api-client.ts';
import { insertContent } from '../support/hub-rows.ts';
import { importDevices } from '../support/test-device.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { ADMIN, systemStarter, type System } from '../support/system.ts';
import { ConsolePage } from './console-page.ts';

const VIEWER = { username: 'vera', password: 'looks but never touches' };
const FIRST_PASSWORD = 'one that is changed at once';
const TABS = ['Layout', 'Timing', 'Priority', 'Deploy', 'History'];

describeWithChromium('schedules', (executablePath) => {
  const browser = suiteBrowser(executablePath);
  const start = systemStarter('embedded');

  describe('in the console', () => {
    let system: System;
    let groupId: number;
    let path = '';

    beforeAll(async () => {
      system = await startForBrowsers(start);
      const { admin, parts } = system;
      const tenant = await parts.db.sql.selectFrom('tenants').select('id').executeTakeFirstOrThrow();
      const contentId = await insertContent(parts.db, tenant.id);
      groupId = (await admin.must('POST', '/groups', { name: 'Lobby' })).id;
      await importDevices(admin, 2, groupId);
      const zones = [{ id: 'all', x: 0, y: 0, width: 1080, height: 1920, items: [{ contentId }, { contentId }] }];
      const layout = { width: 1080, height: 1920, zones };
      for (const name of ['Morning', 'Evening']) {
        const timing = { timezone: 'Europe/Berlin', startDate: '2026-01-01', rrule: 'FREQ=MONTHLY;BYDAY=1MO' };
        const { id } = await admin.must('POST', '/schedules', { name, groupId, layout, timing });
        path = `/schedules/${id}`;
      }
      await admin.must('POST', `${path}/deploy`, { groupIds: [groupId] });
      await admin.must('POST', '/users', { ...VIEWER, password: FIRST_PASSWORD, role: 'user', groupIds: [groupId] });
    });

    it('are listed, searched and filtered in the address, copied, archived, and kept while they are deployed', async () => {
      const admin = await ConsolePage.signedIn(await browser().newContext(), system.apiUrl, {
        ...ADMIN,
        path: '/schedules',
      });
      admin.mayComplain(/status of 409/, /response: 409/);
      await admin.page.getByRole('row', { name: /Evening.*Deployed.*Lobby.*1 zone, 1 piece of content/ }).waitFor();
      expect(await admin.accessibilityViolations()).toEqual([]);
      await admin.page.getByRole('searchbox', { name: 'Search schedules' }).fill('morn');
      await admin.page.waitForURL(/q=morn/);
      await admin.page.getByRole('link', { name: 'Evening' }).waitFor({ state: 'detached' });
      const menu = async (name: string, item: string): Promise<void> => {
        await admin.button(`Actions: ${name}`).click();
        await admin.page.getByRole('menuitem', { name: item }).click();
      };
      await menu('Morning', 'Archive');
      await admin.page.getByRole('row', { name: /Morning.*Archived/ }).waitFor();
      await admin.goTo('/schedules?status=archived');
      await menu('Morning', 'Make a copy');
      await admin.says('Morning (copy) was made');
      await admin.goTo('/schedules');
      await menu('Evening', 'Delete');
      await admin.dialog().getByRole('button', { name: 'Delete' }).click();
      await admin.dialog().filter({ hasText: 'It is still deployed. Withdraw it from its screens first' }).waitFor();
      await admin.says(/it is deployed to group \d+ \(Lobby\)/);
      expect(await admin.accessibilityViolations()).toEqual([]);
      expect(admin.troubles).toEqual([]);
    });

    describe('in the dark', () => {
      let admin: ConsolePage;

      beforeAll(async () => {
        const context = await browser().newContext({ colorScheme: 'dark' });
        admin = await ConsolePage.signedIn(context, system.apiUrl, { ...ADMIN, path });
      });

      it.each(TABS)('are read, %s', async (tab) => {
        await admin.page.getByRole('tab', { name: tab }).click();
        await admin.page.getByRole('tabpanel', { name: tab }).waitFor();
        if (tab === 'Deploy') await admin.says('Reaches 2 screens.');
        expect(await admin.accessibilityViolations()).toEqual([]);
      });

      it('are played at a time of one’s choice, as they would be then', async () => {
        await admin.goTo(path);
        await admin.button('Play it here').click();
        await admin.dialog().getByLabel('At this time').fill('2027-01-04T12:00');
        await admin.says('On at this time');
        await admin.dialog().getByLabel('At this time').fill('2027-01-05T12:00');
        await admin.says('Not on at this time');
        await admin.button('Pause').click();
        expect(await admin.accessibilityViolations()).toEqual([]);
        expect(admin.troubles).toEqual([]);
      });
    });

    describe('on a phone', () => {
      let admin: ConsolePage;

      beforeAll(async () => {
        const context = await browser().newContext({ viewport: { width: 390, height: 844 }, hasTouch: true });
        admin = await ConsolePage.signedIn(context, system.apiUrl, { ...ADMIN, path });
      });

      it.each(TABS)('are looked at, %s', async (tab) => {
        await admin.page.getByRole('tab', { name: tab }).click();
        await admin.page.getByRole('tabpanel', { name: tab }).waitFor();
        expect(await admin.accessibilityViolations()).toEqual([]);
        const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
        expect(await admin.page.evaluate<number>(overflow)).toBe(0);
      });

      it('are deployed', async () => {
        await admin.page.getByRole('tab', { name: 'Deploy' }).click();
        await admin.button('Deploy to 2 screens').click();
        await admin.dialog().getByRole('button', { name: 'Deploy' }).click();
        await admin.says('Applied on 0 of 2 screens');
        expect(await admin.accessibilityViolations()).toEqual([]);
        expect(admin.troubles).toEqual([]);
      });
    });

    describe('to who may only look', () => {
      let vera: ConsolePage;

      beforeAll(async () => {
        const client = new ApiClient(system.apiUrl);
        await client.login(VIEWER.username, FIRST_PASSWORD);
        await client.must('POST', '/auth/password', { currentPassword: FIRST_PASSWORD, newPassword: VIEWER.password });
        vera = await ConsolePage.signedIn(await browser().newContext(), system.apiUrl, { ...VIEWER, path });
        await vera.says('You can look at this schedule.');
      });

      it.each(TABS)('show nothing that changes anything, %s', async (tab) => {
        await vera.page.getByRole('tab', { name: tab }).click();
        await vera.page.getByRole('tabpanel', { name: tab }).waitFor();
        const changing = /save|undo|add|delete|remove|templates|deploy to|withdraw/i;
        expect(await vera.page.getByRole('main').getByRole('button', { name: changing }).count()).toBe(0);
        expect(await vera.accessibilityViolations()).toEqual([]);
        expect(vera.troubles).toEqual([]);
      });
    });
  });
});
