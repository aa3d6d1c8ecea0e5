/** Bringing many screens in from a list, and the credentials that come of it. */
import { readFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { startForBrowsers, suiteBrowser } from '../browser/browser-system.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { ADMIN, systemStarter, type System } from '../support/system.ts';
import { TestDevice } from '../support/test-device.ts';
import { ConsolePage } from './console-page.ts';

describeWithChromium('importing screens in the console', (executablePath) => {
  const browser = suiteBrowser(executablePath);
  const start = systemStarter('embedded');
  let system: System;
  let console: ConsolePage;

  beforeAll(async () => {
    system = await startForBrowsers(start);
    const { id: parentId } = await system.admin.must('POST', '/groups', { name: 'North' });
    await system.admin.must('POST', '/groups', { name: 'Library', parentId });
    await system.admin.must('POST', '/devices/import', { devices: [{ playerId: 'there', name: 'Was there' }] });
    const context = await browser().newContext({ colorScheme: 'dark' });
    console = await ConsolePage.signedIn(context, system.apiUrl, { password: ADMIN.password, path: '/devices' });
    await console.page.getByRole('link', { name: 'Import a list' }).first().click();
    await console.heading().filter({ hasText: 'Import screens' }).waitFor();
  });

  const list = () => console.page.getByLabel('Paste a list, or choose a file');

  it('shows what was read, and what is wrong with which line', async () => {
    await list().fill(
      'name;player id;group;lat;lon\nEntrance;imp-1;north / library;52,5;13,4\n;imp-2;;;\nx;imp 3;;;\ny;imp-1;;;\nz;imp-4;Nowhere;;',
    );
    await console.says('2 screens can be imported');
    await console.says('3 lines have problems and are left out');
    await console.page.getByRole('row', { name: /2 imp-1 Entrance North \/ Library 52\.5, 13\.4 Ready/ }).waitFor();
    await console.page.getByRole('row', { name: /5 imp-1 y.*player id is in line 2 already/ }).waitFor();
    await console.page.getByRole('row', { name: /6 imp-4 z Nowhere.*there is no group Nowhere/ }).waitFor();
    expect(await console.accessibilityViolations()).toEqual([]);
    await console.page.getByLabel('Show lines with problems only').check({ force: true });
    expect(await console.page.getByText('Ready', { exact: true }).count()).toBe(0);
  });

  it('reads a file, puts those without a group where one says, and leaves those that exist alone', async () => {
    const lines = Array.from({ length: 1_201 }, (_, at) => `file-${at},Screen ${at},`);
    await console.page.locator('input[type=file]').setInputFiles({
      name: 'screens.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(`\uFEFFplayerId,name,group\r\nthere,Was there,\r\n${lines.join('\r\n')}\r\n`),
    });
    await console.says('1,202 screens can be imported');
    await console.says('The first 100 of 1,202 lines');
    await console.page.getByLabel('Group for lines without one').click();
    await console.page.getByRole('option', { name: 'Library' }).click();

    // The second of three calls gets no answer; what came before is kept, and the rest is sent again.
    console.mayComplain(/net::ERR_FAILED/);
    let calls = 0;
    await console.page.route('**/api/v1/devices/import', async (route) => {
      calls += 1;
      if (calls === 2) await route.abort();
      else await route.continue();
    });
    await console.button('Import 1,202 screens').click();
    await console.says('500 of 1,202 screens were imported and are safe; the others were not.');
    expect(await console.accessibilityViolations()).toEqual([]);
    await console.button('Import the other 702').click();
    await console.says('1,201 screens imported');
    await console.says('1 player existed already and was left as it is:');
    expect(await console.accessibilityViolations()).toEqual([]);
  });

  it('asks before one leaves without the credentials, by a link or by going back', async () => {
    await console.page.getByRole('link', { name: 'Overview' }).click();
    await console.dialog().filter({ hasText: 'Leave without the credentials?' }).waitFor();
    await console.dialog().getByRole('button', { name: 'Cancel' }).click();
    await console.page.evaluate('history.back()');
    await console.dialog().filter({ hasText: 'Leave without the credentials?' }).waitFor();
    expect(await console.accessibilityViolations()).toEqual([]);
    await console.dialog().getByRole('button', { name: 'Cancel' }).click();
    expect(new URL(console.page.url()).pathname).toBe('/console/devices/import');
    expect(await console.heading().textContent()).toBe('Import screens');
  });

  it('gives the credentials as a file with which the screens sign in', async () => {
    const download = console.page.waitForEvent('download');
    await console.button('Download as CSV').click();
    const text = readFileSync(await (await download).path(), 'utf8');
    const [headings, first, ...others] = text.trimEnd().split('\r\n');
    expect([headings, others.length]).toEqual(['deviceId,playerId,name,groupId,credential', 1_200]);
    const [deviceId, playerId, name, groupId, credential] = first?.split(',') ?? [];
    expect([playerId, name]).toEqual(['file-0', 'Screen 0']);
    const made = await system.admin.must('GET', `/devices/${deviceId}`);
    expect([made.playerId, made.groupId]).toEqual(['file-0', Number(groupId)]);
    const device = new TestDevice(system.hubUrls[0] ?? '', {
      deviceId: Number(deviceId),
      credential: credential ?? '',
    });
    await device.connect();
    await device.until('the welcome', () => device.of('welcome').length > 0);
    await device.disconnect();
    const json = console.page.waitForEvent('download');
    await console.button('Download as JSON').click();
    const { devices } = JSON.parse(readFileSync(await (await json).path(), 'utf8')) as { devices: unknown[] };
    expect(devices).toHaveLength(1_201);
  });

  it('then lets one go', async () => {
    await console.page.getByRole('link', { name: 'To the screens' }).click();
    await console.says('1,202 screens in all');
    expect(console.troubles).toEqual([]);
  });
});
