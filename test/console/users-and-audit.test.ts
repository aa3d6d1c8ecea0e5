/** Who may do what, and who did what: the pages of users, of one's own account, and of the audit. */
import { beforeAll, expect, it } from 'vitest';
import { startForBrowsers, suiteBrowser } from '../browser/browser-system.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { ADMIN, describeEachAdapterSet, type System } from '../support/system.ts';
import { ConsolePage } from './console-page.ts';

describeWithChromium('users in the console', (executablePath) => {
  const browser = suiteBrowser(executablePath);

  describeEachAdapterSet('and what they do', (start) => {
    let system: System;
    let admin: ConsolePage;
    let password = '';

    beforeAll(async () => {
      system = await startForBrowsers(start);
      await system.admin.must('POST', '/groups', { name: 'Lobby' });
    });

    it('sign in, and are told when the password is not right', async () => {
      admin = await ConsolePage.open(await browser().newContext(), system.apiUrl, '/users');
      admin.mayComplain(/status of 401/, /response: 401/);
      await admin.page.getByLabel('Username').fill('admin');
      await admin.page.getByLabel('Password', { exact: true }).fill('not the password');
      await admin.button('Sign in').click();
      await admin.says('Username or password is not right.');
      expect(await admin.accessibilityViolations()).toEqual([]);
      await admin.signIn(ADMIN.username, ADMIN.password);
      await admin.isLive();
      expect(await admin.heading().textContent()).toBe('Users');
    });

    it('are added with a role and groups, and get a password that is shown once', async () => {
      await admin.button('Add user').click();
      await admin.dialog().getByLabel('Username').fill('mia');
      await admin.dialog().getByLabel('Name', { exact: true }).fill('Mia Lopez');
      await admin.dialog().getByLabel('Manager').check();
      await admin.dialog().getByLabel(/Lobby/).check();
      expect(await admin.accessibilityViolations()).toEqual([]);
      await admin.dialog().getByRole('button', { name: 'Save' }).click();
      const once = admin.dialog().filter({ hasText: 'Password of Mia Lopez' });
      password = (await once.locator('code').textContent()) ?? '';
      expect(password.length).toBeGreaterThanOrEqual(8);
      await once.getByRole('button', { name: 'Close' }).click();
      await admin.page.getByRole('row', { name: /Mia Lopez.*Manager.*Lobby/ }).waitFor();
      expect(await admin.accessibilityViolations()).toEqual([]);
    });

    it('have to choose a password of their own before anything else', async () => {
      const mia = await ConsolePage.open(await browser().newContext(), system.apiUrl);
      await mia.page.getByLabel('Username').fill('mia');
      await mia.page.getByLabel('Password', { exact: true }).fill(password);
      await mia.button('Sign in').click();
      await mia.says('Choose a new password');
      expect(await mia.accessibilityViolations()).toEqual([]);
      await mia.page.getByLabel('Current password').fill(password);
      await mia.page.getByLabel('New password', { exact: false }).first().fill('four words for mia');
      await mia.page.getByLabel('New password again').fill('four words for mia');
      await mia.button('Change password').click();
      await mia.page.getByRole('navigation', { name: 'Main navigation' }).waitFor();
      expect(await mia.page.getByRole('link', { name: 'Users' }).count()).toBe(0);
      expect(mia.troubles).toEqual([]);
    });

    it('are found in the audit with what they did', async () => {
      await admin.follow('Audit');
      await admin.page
        .getByRole('row', { name: /mia.*password/ })
        .first()
        .waitFor();
      await admin.page.getByLabel('User', { exact: true }).fill('mia');
      await admin.page.waitForURL(/username=mia/);
      expect(await admin.accessibilityViolations()).toEqual([]);
    });

    it('see their own profile, and can turn the one key off', async () => {
      await admin.goTo('/account');
      await admin.page.getByLabel('Name that others see').fill('Ada');
      await admin.button('Save').click();
      await admin.says('Profile saved');
      await admin.page.getByLabel('Raise an alert with one key').uncheck({ force: true });
      await admin.heading().press('a');
      expect(await admin.dialog().count()).toBe(0);
      await admin.page.getByLabel('Raise an alert with one key').check({ force: true });
      await admin.heading().press('a');
      await admin.dialog().filter({ hasText: 'Raise alert' }).waitFor();
      await admin.page.keyboard.press('Escape');
      await admin.dialog().waitFor({ state: 'detached' });
      expect(await admin.accessibilityViolations()).toEqual([]);
    });

    it('stay signed in over a reload, and are out when they sign out, in every tab', async () => {
      const other = await ConsolePage.open(admin.page.context(), system.apiUrl, '/groups');
      await other.isLive();
      await admin.button('Account of Ada').click();
      await admin.page.getByRole('menuitem', { name: 'Sign out' }).click();
      for (const tab of [admin, other]) await tab.button('Sign in').waitFor();
      expect(other.troubles).toEqual([]);
    });

    it('had no trouble in all that', () => {
      expect(admin.troubles).toEqual([]);
    });
  });
});
