/** The dialog that raises alerts, when things are not as they should be, with the keyboard, in the dark and on a phone. */
import { beforeAll, describe, expect, it } from 'vitest';
import { startForBrowsers, suiteBrowser } from '../browser/browser-system.ts';
import { newGroup, newScreen, shows, type Group } from '../support/screens.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { ADMIN, systemStarter, type System } from '../support/system.ts';
import type { TestDevice } from '../support/test-device.ts';
import { ConsolePage } from './console-page.ts';

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true } as const;

describeWithChromium('raising alerts in the console', (executablePath) => {
  const browser = suiteBrowser(executablePath);

  describe('(embedded)', () => {
    const start = systemStarter('embedded');
    let system: System;
    let group: Group;
    let groupName = '';
    let screen: TestDevice;
    let admin: ConsolePage;

    beforeAll(async () => {
      system = await startForBrowsers(start);
      group = await newGroup(system.admin);
      groupName = (await system.admin.must('GET', `/groups/${group.id}`)).name;
      screen = await newScreen(system, group.id);
      const alert = { severity: 'critical', title: 'Lockdown', message: 'Stay inside', groupIds: [group.id] };
      await system.admin.must('POST', '/alerts', { ...alert, expiresInSeconds: 900 });
      admin = await ConsolePage.signedIn(await browser().newContext({ colorScheme: 'dark' }), system.apiUrl, {
        password: ADMIN.password,
        path: '/account',
      });
      await admin.isLive();
    });

    const raised = async (title: string): Promise<{ deploymentId: number; drill: boolean }[]> =>
      system.admin.must('GET', `/alerts/deployments?q=${encodeURIComponent(title)}`);
    const closed = async (one: ConsolePage): Promise<void> => one.dialog().waitFor({ state: 'detached' });

    it('opens with one key, and says what is missing before it raises anything', async () => {
      await admin.heading().press('a');
      await admin.dialog().getByRole('button', { name: 'Lockdown' }).waitFor();
      expect(await admin.accessibilityViolations()).toEqual([]);
      await admin.dialog().getByRole('button', { name: 'Write one now' }).click();
      const button = admin.dialog().getByRole('button', { name: /^Raise/ });
      await admin.dialog().getByText('Write a title first.').waitFor();
      expect(await button.isDisabled()).toBe(true);
      await admin.dialog().getByLabel('Title').fill('Flood');
      await admin.dialog().getByText('Choose where: a group or a screen.').waitFor();
      expect(await button.isDisabled()).toBe(true);
      await admin
        .dialog()
        .getByRole('checkbox', { name: new RegExp(groupName) })
        .check();
      await admin.dialog().getByText('1 online. It stays until').waitFor();
      expect(await admin.dialog().getByRole('button', { name: 'Raise on 1 screen now' }).isEnabled()).toBe(true);
      await admin.dialog().getByLabel('This is a drill').check({ force: true });
      await admin.dialog().getByText('Drill · this is an exercise').waitFor();
      expect(await admin.accessibilityViolations()).toEqual([]);
      await admin.dialog().getByRole('button', { name: 'Start drill on 1 screen now' }).click();
      await admin.page.getByRole('heading', { level: 1, name: 'Flood' }).waitFor();
      expect(await admin.accessibilityViolations()).toEqual([]);
      const [flood] = await raised('Flood');
      expect(flood?.drill).toBe(true);
      await shows(screen, [flood?.deploymentId ?? 0]);
      await system.admin.must('POST', '/alerts/stop', { deploymentId: flood?.deploymentId });
    });

    it('raises once when the answer is lost and it is tried again', async () => {
      const keys: (string | undefined)[] = [];
      admin.mayComplain(/ERR_FAILED/);
      await admin.page.route('**/api/v1/alerts/deploy', async (route) => {
        keys.push(route.request().headers()['idempotency-key']);
        const answer = await route.fetch();
        if (keys.length > 1) return route.fulfill({ response: answer });
        expect(answer.status()).toBe(201);
        return route.abort('failed');
      });
      await admin.page.keyboard.press('a');
      await admin.dialog().getByRole('button', { name: 'Lockdown' }).click();
      await admin.dialog().getByRole('button', { name: 'Raise on 1 screen now' }).click();
      await admin.dialog().getByText('No answer came').waitFor();
      // The control: it was raised, only nobody was told.
      const [lockdown] = await raised('Lockdown');
      await shows(screen, [lockdown?.deploymentId ?? 0]);
      expect(await admin.accessibilityViolations()).toEqual([]);
      await admin.dialog().getByRole('button', { name: 'Try again' }).click();
      await admin.page.waitForURL(new RegExp(`/alerts/${lockdown?.deploymentId}$`));
      expect([keys.length, new Set(keys).size]).toEqual([2, 1]);
      expect(await raised('Lockdown')).toHaveLength(1);
      await admin.page.unroute('**/api/v1/alerts/deploy');
      await system.admin.must('POST', '/alerts/stop', { deploymentId: lockdown?.deploymentId });
    });

    it('raises once for a double click, and again for another dialog', async () => {
      await admin.page.keyboard.press('a');
      await admin.dialog().getByRole('button', { name: 'Lockdown' }).click();
      await admin.dialog().getByRole('button', { name: 'Raise on 1 screen now' }).dblclick();
      await closed(admin);
      await admin.page.getByRole('heading', { level: 1, name: 'Lockdown' }).waitFor();
      expect(await raised('Lockdown')).toHaveLength(2);
    });

    it('is in nobody’s way when screens cannot be counted', async () => {
      admin.mayComplain(/status of 503/, /response: 503/);
      await admin.page.route('**/api/v1/alerts/targets*', (route) => route.fulfill({ status: 503, body: '' }));
      await admin.page.keyboard.press('a');
      await admin.dialog().getByRole('button', { name: 'Write one now' }).click();
      await admin.dialog().getByLabel('Title').fill('Gas');
      // Where the last one went is proposed again; it is counted anew after a while, and with another choice.
      await admin
        .dialog()
        .getByRole('checkbox', { name: new RegExp(groupName) })
        .uncheck();
      await admin.dialog().getByLabel('Single screens').click();
      await admin.page.getByRole('option').first().click();
      await admin.page.keyboard.press('Tab');
      await admin.dialog().getByText('The screens could not be counted just now.').waitFor();
      await admin.dialog().getByLabel('Title').press('Control+Enter');
      await admin.page.getByRole('heading', { level: 1, name: 'Gas' }).waitFor();
      expect(await raised('Gas')).toHaveLength(1);
      await admin.page.unroute('**/api/v1/alerts/targets*');
    });

    it('is worked with a thumb', async () => {
      const phone = await ConsolePage.signedIn(await browser().newContext(PHONE), system.apiUrl, {
        password: ADMIN.password,
        path: '/alerts',
      });
      await phone.page.getByRole('article', { name: 'Gas' }).waitFor();
      expect(await phone.accessibilityViolations()).toEqual([]);
      await phone.page.getByRole('banner').getByRole('button', { name: 'Raise alert' }).tap();
      await phone.dialog().getByRole('button', { name: 'Lockdown' }).tap();
      const button = phone.dialog().getByRole('button', { name: 'Raise on 1 screen now' });
      await button.waitFor();
      const box = await button.boundingBox();
      expect(box === null ? 0 : Math.min(box.height, box.width)).toBeGreaterThanOrEqual(44);
      expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(PHONE.viewport.height);
      expect(await phone.accessibilityViolations()).toEqual([]);
      await button.tap();
      await phone.page.getByRole('heading', { level: 1, name: 'Lockdown' }).waitFor();
      await phone.button('Stop').tap();
      await phone.dialog().getByRole('button', { name: 'All clear on 1 screen' }).tap();
      await phone.says('The all-clear has reached 1 of 1 screen that had it.');
      expect(await phone.page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      expect(await phone.accessibilityViolations()).toEqual([]);
      await phone.goTo('/alerts/history');
      await phone.page
        .getByRole('row', { name: /Lockdown/ })
        .first()
        .waitFor();
      expect(await phone.accessibilityViolations()).toEqual([]);
      expect(phone.troubles).toEqual([]);
    });

    it('is not offered to who only reads', async () => {
      const reader = { username: 'reader', role: 'user', groupIds: [group.id], password: 'four words to read' };
      await system.admin.must('POST', '/users', reader);
      const context = await browser().newContext();
      const page = await ConsolePage.signedIn(context, system.apiUrl, { ...reader, path: '/alerts' });
      await page.page.getByRole('article', { name: 'Gas' }).waitFor();
      expect(await page.page.getByRole('button', { name: /Stop|Raise/ }).count()).toBe(0);
      await page.page.keyboard.press('a');
      expect(await page.dialog().count()).toBe(0);
      await page.goTo('/alerts/prepared');
      await page.page.getByRole('row', { name: /Lockdown/ }).waitFor();
      expect(await page.page.getByRole('button', { name: /Prepare|Raise|Actions/ }).count()).toBe(0);
      expect(page.troubles).toEqual([]);
    });

    it('keeps what was typed when somebody else has changed the prepared alert meanwhile', async () => {
      admin.mayComplain(/status of 409/, /response: 409/);
      await admin.goTo('/alerts/prepared');
      await admin.button('Actions: Lockdown').click();
      await admin.page.getByRole('menuitem', { name: 'Edit' }).click();
      await admin.dialog().getByLabel('Message').fill('Stay inside and be silent');
      const [alert] = await system.admin.must('GET', '/alerts');
      await system.admin.must('PUT', `/alerts/${alert.id}`, { title: 'Lock down', version: alert.version });
      await admin.dialog().getByRole('button', { name: 'Save' }).click();
      await admin.dialog().getByText('Your changes are still here').waitFor();
      expect(await admin.dialog().getByLabel('Message').inputValue()).toBe('Stay inside and be silent');
      expect(await admin.accessibilityViolations()).toEqual([]);
      await admin.dialog().getByRole('button', { name: 'Load their version' }).click();
      expect(await admin.dialog().getByLabel('Title').inputValue()).toBe('Lock down');
      await admin.dialog().getByRole('button', { name: 'Save' }).click();
      await closed(admin);
      await admin.button('Actions: Lockdown').click();
      await admin.page.getByRole('menuitem', { name: 'Delete' }).click();
      await admin.dialog().getByRole('button', { name: 'Delete' }).click();
      await admin.says('Nothing is prepared yet');
    });

    it('had no trouble in all that', () => {
      expect(admin.troubles).toEqual([]);
    });
  });
});
