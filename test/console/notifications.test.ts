/** Webhooks in the console: added with a secret that is shown once, tested, and what they were not told. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startForBrowsers, suiteBrowser } from '../browser/browser-system.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { ADMIN, systemStarter, type System } from '../support/system.ts';
import { ConsolePage } from './console-page.ts';

describeWithChromium('notifications in the console', (executablePath) => {
  const browser = suiteBrowser(executablePath);
  const start = systemStarter('embedded');
  const told: string[] = [];
  let receiver: Server;
  let system: System;
  let admin: ConsolePage;

  beforeAll(async () => {
    receiver = createServer((request, response) => {
      told.push(String(request.headers['podoh-signature']));
      request.resume().on('end', () => response.writeHead(204).end());
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    system = await startForBrowsers(start, { PODOH_PRIVATE_WEBHOOKS: 'allow' });
    const who = { password: ADMIN.password, path: '/notifications' };
    admin = await ConsolePage.signedIn(await browser().newContext({ colorScheme: 'dark' }), system.apiUrl, who);
  });

  afterAll(() => {
    receiver.close();
  });

  it('begin with nobody being told', async () => {
    await admin.says('Nobody is told yet');
    await admin.says('Everything was delivered');
    expect(await admin.accessibilityViolations()).toEqual([]);
  });

  it('are added, and give their secret once', async () => {
    await admin.button('Add webhook').click();
    await admin.dialog().getByLabel('Name').fill('Fire brigade');
    await admin
      .dialog()
      .getByLabel('Address')
      .fill(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`);
    expect(await admin.accessibilityViolations()).toEqual([]);
    await admin.dialog().getByRole('button', { name: 'Save' }).click();
    const once = admin.dialog().filter({ hasText: 'Secret of Fire brigade' });
    expect(((await once.locator('code').textContent()) ?? '').length).toBeGreaterThan(20);
    expect(await admin.accessibilityViolations()).toEqual([]);
    await once.getByRole('button', { name: 'Close' }).click();
    await admin.page.getByRole('row', { name: /Fire brigade/ }).waitFor();
  });

  it('are tested', async () => {
    await admin.button('Actions: Fire brigade').click();
    await admin.page.getByRole('menuitem', { name: 'Send a test' }).click();
    await admin.says(/The test arrived/);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^v1=[0-9a-f]{64}$/);
  });

  it('are deleted', async () => {
    await admin.button('Actions: Fire brigade').click();
    await admin.page.getByRole('menuitem', { name: 'Delete' }).click();
    await admin.dialog().getByRole('button', { name: 'Delete' }).click();
    await admin.says('Nobody is told yet');
    expect(await admin.accessibilityViolations()).toEqual([]);
    expect(admin.troubles).toEqual([]);
  });
});
