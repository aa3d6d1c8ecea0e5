/** The reports, over plays that a screen has reported and alerts that it has shown; their files are opened as their readers would. */
import { readFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { readArchive, readCsv, readSheet } from '../../api/reports/testing/read-report-file.ts';
import { startForBrowsers, suiteBrowser } from '../browser/browser-system.ts';
import { newGroup, newScreen, raise, shows, stopAlert, type Group } from '../support/screens.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { ADMIN, systemStarter, type System } from '../support/system.ts';
import type { TestDevice } from '../support/test-device.ts';
import { ConsolePage } from './console-page.ts';

const MINUTE_MS = 60_000;

describeWithChromium('reports in the console', (executablePath) => {
  const browser = suiteBrowser(executablePath);
  const start = systemStarter('embedded');
  let system: System;
  let admin: ConsolePage;
  let group: Group;
  let screen: TestDevice;
  let menuId: number;
  let newsId: number;
  let screenName: string;

  beforeAll(async () => {
    system = await startForBrowsers(start);
    const content = (name: string) =>
      system.admin.must<{ id: number }>('POST', '/content', {
        ...{ type: 'html', name, url: `https://pages.example.com/${name}` },
      });
    menuId = (await content('Menu')).id;
    newsId = (await content('News')).id;
    group = await newGroup(system.admin);
    screen = await newScreen(system, group.id);
    screenName = (await system.admin.must('GET', `/devices/${screen.deviceId}`)).name;
    const play = (id: string, contentId: number, agoMs: number, playSeconds: number) => ({
      ...{ id, contentId, playSeconds },
      startedAt: new Date(Date.now() - agoMs).toISOString(),
    });
    const entries = [
      play('a', menuId, 3 * MINUTE_MS, 90),
      play('b', menuId, 2 * MINUTE_MS, 30),
      play('c', newsId, MINUTE_MS, 15),
    ];
    expect((await screen.http('POST', '/log', { entries })).data).toEqual({ accepted: 3, duplicates: 0 });
    const deploymentId = await raise(system.admin, { groupIds: [group.id] }, 'Storm');
    await shows(screen, [deploymentId]);
    await stopAlert(system.admin, deploymentId);
    await shows(screen, []);
    const context = await browser().newContext({ acceptDownloads: true, timezoneId: 'UTC' });
    admin = await ConsolePage.signedIn(context, system.apiUrl, { ...ADMIN, path: '/reports' });
  });

  const row = (words: RegExp) => admin.page.getByRole('row', { name: words });
  const tab = async (name: string) => {
    await admin.page.getByRole('tab', { name }).click();
    await admin.page.getByRole('tabpanel', { name }).waitFor();
  };
  const bars = () => admin.page.getByRole('list', { name: 'Play time' }).getByRole('listitem').allTextContents();

  async function download(format: string): Promise<{ name: string; bytes: Buffer }> {
    await admin.button('Export').click();
    const coming = admin.page.waitForEvent('download');
    await admin.page.getByRole('menuitem', { name: format }).click();
    const file = await coming;
    const name = file.suggestedFilename();
    await admin.says(`${name} is in your downloads`);
    return { name, bytes: readFileSync(await file.path()) };
  }

  it('add up what was played, as bars and as a table', async () => {
    await row(/Menu.*2.*2 min/).waitFor();
    await row(/News.*1.*15 s/).waitFor();
    expect(await bars()).toEqual(['Menu2 min', 'News15 s']);
    expect(await admin.accessibilityViolations()).toEqual([]);
    await admin.page.getByRole('button', { name: 'Sort by Plays' }).click();
    await admin.page.waitForURL(/sort=plays/);
    await row(/News/).waitFor();
  });

  it('add up by screen, group, schedule or day, and say so in the address', async () => {
    const grouping = admin.page.getByRole('radiogroup', { name: 'Added up by' });
    await grouping.getByText('Screen').click();
    await row(new RegExp(`${screenName}.*3.*2 min 15 s`)).waitFor();
    await grouping.getByText('Schedule').click();
    await row(/No schedule.*3/).waitFor();
    await grouping.getByText('Day').click();
    await admin.page.waitForURL(/groupBy=day/);
    await admin.page.getByRole('img', { name: /Play time by day over 7 days; the most was/ }).waitFor();
    expect(await admin.accessibilityViolations()).toEqual([]);
    await admin.page.reload();
    await admin.page.getByRole('img', { name: /Play time by day/ }).waitFor();
  });

  it('keep to what is chosen: a time, and one content by its name', async () => {
    await admin.goTo('/reports');
    await admin.page.getByRole('combobox', { name: 'Content' }).fill('new');
    await admin.page.getByRole('option', { name: 'News' }).click();
    await admin.page.waitForURL(new RegExp(`contentId=${newsId}`));
    await row(/Menu/).waitFor({ state: 'detached' });
    await row(/News/).waitFor();
    await admin.page.getByRole('combobox', { name: 'Time', exact: true }).click();
    await admin.page.getByRole('option', { name: 'Other days' }).click();
    await admin.page.getByLabel('Until and with').fill('2020-01-31');
    await admin.says('Nothing was played in this time');
    expect(await admin.accessibilityViolations()).toEqual([]);
    await admin.goTo(`/reports?tab=plays&contentId=${menuId}`);
    await row(new RegExp(`:\\d\\d 30 s.*Menu.*${screenName}`)).waitFor();
    expect(await row(/Menu/).count()).toBe(2);
    expect(await admin.accessibilityViolations()).toEqual([]);
  });

  it('go into files that say the same', async () => {
    await admin.goTo('/reports');
    await row(/Menu/).waitFor();
    const csv = await download('CSV');
    expect(csv.name).toMatch(/^usage-by-content-\d{4}-\d\d-\d\d\.csv$/);
    const [head = [], ...lines] = readCsv(csv.bytes.toString());
    const column = (name: string) => lines.map((line) => line[head.indexOf(name)]);
    expect([column('name'), column('plays'), column('playSeconds')]).toEqual([
      ['Menu', 'News'],
      ['2', '1'],
      ['120', '15'],
    ]);
    const xlsx = await download('Excel');
    expect(xlsx.name).toMatch(/\.xlsx$/);
    const sheet = (await readArchive(xlsx.bytes)).get('xl/worksheets/sheet1.xml') ?? '';
    expect(readSheet(sheet).flat()).toEqual(expect.arrayContaining(['Menu', 'News']));
    const pdf = await download('PDF');
    expect([pdf.name.endsWith('.pdf'), pdf.bytes.subarray(0, 5).toString()]).toEqual([true, '%PDF-']);
    const json = await download('JSON');
    const { rows, totals } = JSON.parse(json.bytes.toString());
    expect([rows.map(({ name }: { name: string }) => name), totals.plays]).toEqual([['Menu', 'News'], 3]);
  });

  it('say why a file or a report cannot be made', async () => {
    admin.mayComplain(/status of 400/, /response: 400 .*reports/);
    await admin.goTo('/reports?tab=expected&from=2026-01-01&to=2026-06-30');
    const notice = admin.page.getByRole('alert').filter({ hasText: 'at most 31 days' });
    await notice.waitFor();
    expect(await admin.accessibilityViolations()).toEqual([]);
    await admin.button('Export').click();
    await admin.page.getByRole('menuitem', { name: 'CSV' }).click();
    await admin.says('The file was not made');
  });

  it('tell expected from actual, who was there, and how fast alerts were', async () => {
    await admin.goTo('/reports');
    await tab('Expected and actual');
    await row(new RegExp(`${screenName}.*nothing expected`)).waitFor();
    expect(await admin.accessibilityViolations()).toEqual([]);
    await tab('Availability');
    await row(new RegExp(`${screenName}.*%.*Online`)).waitFor();
    await admin.page.getByRole('searchbox', { name: 'Search screens by name' }).fill('no such screen');
    await admin.says('No screen matches');
    expect(await admin.accessibilityViolations()).toEqual([]);
    await tab('Alerts');
    await row(/Storm.*stopped.*1 of 1/).waitFor();
    await admin.page
      .getByRole('list', { name: 'Time until alerts were on screens' })
      .getByText(/half in .*, 99 % in/)
      .waitFor();
    expect(await admin.accessibilityViolations()).toEqual([]);
    await admin.page.getByRole('combobox', { name: 'Drills' }).click();
    await admin.page.getByRole('option', { name: 'Drills', exact: true }).click();
    await admin.says('No alert was raised in this time');
  });

  for (const [place, viewport] of [
    ['in the dark', { width: 1440, height: 900 }],
    ['on a phone', { width: 390, height: 844 }],
  ] as const) {
    it(`are as good ${place}`, async () => {
      const context = await browser().newContext({ colorScheme: 'dark', viewport });
      const other = await ConsolePage.signedIn(context, system.apiUrl, { ...ADMIN, path: '/reports' });
      for (const name of ['Proof of play', 'Availability', 'Alerts']) {
        await other.page.getByRole('tab', { name }).click();
        await other.page.getByRole('table', { name }).waitFor();
        expect(await other.accessibilityViolations()).toEqual([]);
        expect(await other.page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      }
      expect(other.troubles).toEqual([]);
      await context.close();
    });
  }

  it('had no trouble in all that', () => {
    expect(admin.troubles).toEqual([]);
  });
});
