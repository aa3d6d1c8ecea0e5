/** The console's frame: the live feed that drops and comes back, the session that ends over a form, colours, keys, lost ways. */
import type { WebSocketRoute } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startForBrowsers, suiteBrowser } from '../browser/browser-system.ts';
import { ApiClient } from '../support/api-client.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { ADMIN, systemStarter, type System } from '../support/system.ts';
import { ConsolePage } from './console-page.ts';

const PHONE = { width: 390, height: 844 };

describeWithChromium('the frame of the console', (executablePath) => {
  const browser = suiteBrowser(executablePath);
  const start = systemStarter('embedded');
  let system: System;

  beforeAll(async () => {
    system = await startForBrowsers(start);
  });

  describe('when the live feed drops', () => {
    let admin: ConsolePage;
    const sockets: WebSocketRoute[] = [];
    let mayConnect = true;

    beforeAll(async () => {
      const context = await browser().newContext();
      await context.routeWebSocket(/\/api\/v1\/live/, (socket) => {
        sockets.push(socket);
        if (mayConnect) socket.connectToServer();
        else void socket.close({ code: 1013 });
      });
      admin = await ConsolePage.signedIn(context, system.apiUrl, { password: ADMIN.password, path: '/users' });
      admin.mayComplain(/WebSocket/);
      await admin.isLive();
    });

    it('says so on the page', async () => {
      mayConnect = false;
      for (const socket of sockets) await socket.close({ code: 1011 });
      await admin.page.getByRole('alert').filter({ hasText: 'The live feed is interrupted' }).waitFor();
      expect(await admin.accessibilityViolations()).toEqual([]);
    });

    it('comes back by itself, and reads what was missed', async () => {
      await system.admin.must('POST', '/users', { username: 'missed', displayName: 'Missed Meanwhile', role: 'user' });
      expect(await admin.page.getByText('Missed Meanwhile').count()).toBe(0);
      const tries = sockets.length;
      await admin.button('Reconnect now').click();
      await expect.poll(() => sockets.length).toBeGreaterThan(tries);
      mayConnect = true;
      await admin.isLive();
      await admin.says('Missed Meanwhile');
      expect(await admin.page.getByText('The live feed is interrupted').count()).toBe(0);
    });

    it('shows what others do without a reload while it holds', async () => {
      await system.admin.must('POST', '/users', { username: 'live', displayName: 'Seen Live', role: 'user' });
      await admin.says('Seen Live');
      expect(admin.troubles).toEqual([]);
    });
  });

  it('keeps a half-filled form while the session ends and is begun anew', async () => {
    const created = { username: 'nora', displayName: 'Nora', role: 'admin', password: 'nora has one' };
    await system.admin.must('POST', '/users', created);
    const who = { username: 'nora', password: created.password, path: '/users' };
    const nora = await ConsolePage.signedIn(await browser().newContext(), system.apiUrl, who);
    nora.mayComplain(/401/);
    await nora.button('Add user').click();
    const form = nora.dialog().filter({ hasText: 'Add user' });
    await form.getByLabel('Username').fill('half');
    await form.getByLabel('Name', { exact: true }).fill('Half Written');

    // Elsewhere she changes her password: every session of hers ends.
    const elsewhere = new ApiClient(system.apiUrl);
    await elsewhere.login('nora', created.password);
    await elsewhere.must('POST', '/auth/password', {
      currentPassword: created.password,
      newPassword: 'nora has another',
    });
    await form.getByRole('button', { name: 'Save' }).click();
    const door = nora.dialog().filter({ hasText: 'Your session has ended' });
    await door.waitFor();
    expect(await nora.accessibilityViolations()).toEqual([]);
    await door.getByLabel('Password', { exact: true }).fill('nora has another');
    await door.getByRole('button', { name: 'Sign in' }).click();
    await door.waitFor({ state: 'detached' });

    expect(await form.getByLabel('Name', { exact: true }).inputValue()).toBe('Half Written');
    await form.getByRole('button', { name: 'Save' }).click();
    await nora.dialog().filter({ hasText: 'Password of Half Written' }).waitFor();
    expect(nora.troubles).toEqual([]);
  });

  it('says that there is no such page, and leads back', async () => {
    const who = { password: ADMIN.password, path: '/no/such/page' };
    const admin = await ConsolePage.signedIn(await browser().newContext(), system.apiUrl, who);
    await admin.page.getByRole('heading', { name: 'There is no such page', level: 1 }).waitFor();
    expect(await admin.accessibilityViolations()).toEqual([]);
    await admin.page.getByRole('link', { name: 'To the overview' }).click();
    await admin.page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    expect(admin.troubles).toEqual([]);
  });

  it('is dark when asked, stays so over a reload, and is as readable', async () => {
    const who = { password: ADMIN.password, path: '/account' };
    const admin = await ConsolePage.signedIn(await browser().newContext(), system.apiUrl, who);
    await admin.button(/^Account of/).click();
    await admin.page.getByRole('menuitemradio', { name: 'Dark' }).click();
    await admin.page.reload();
    await admin.heading().waitFor();
    expect(await admin.page.locator('html').getAttribute('data-mantine-color-scheme')).toBe('dark');
    expect(await admin.accessibilityViolations()).toEqual([]);
    expect(admin.troubles).toEqual([]);
  });

  it('is used on a phone: navigation, the one button, no sideways scrolling', async () => {
    const context = await browser().newContext({ viewport: PHONE, hasTouch: true, isMobile: true });
    const admin = await ConsolePage.signedIn(context, system.apiUrl, { password: ADMIN.password, path: '/users' });
    await admin.button('Open navigation').tap();
    await admin.page.getByRole('link', { name: 'Audit' }).tap();
    await admin.page.getByRole('heading', { name: 'Audit', level: 1 }).waitFor();
    expect(await admin.button('Raise alert').isVisible()).toBe(true);
    const sideways = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
    expect(await admin.page.evaluate(sideways)).toBe(false);
    expect(await admin.accessibilityViolations()).toEqual([]);
    expect(admin.troubles).toEqual([]);
  });

  it('is reached by the keyboard alone, past the navigation', async () => {
    const who = { password: ADMIN.password, path: '/users' };
    const admin = await ConsolePage.signedIn(await browser().newContext(), system.apiUrl, who);
    await admin.page.reload();
    await admin.heading().waitFor();
    await admin.page.locator('body').press('Tab');
    await admin.page.getByRole('link', { name: 'Skip to content' }).focus();
    await admin.page.keyboard.press('Enter');
    expect(await admin.page.evaluate('document.activeElement?.id')).toBe('content');
    expect(admin.troubles).toEqual([]);
  });
});
