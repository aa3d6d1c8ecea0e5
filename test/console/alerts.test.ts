/**
 * An emergency from its first click to the all-clear, as an operator goes through it: prepared, raised in three clicks, followed on its
 * ladder, repeated, escalated, stopped, found again in the history.
 */
import { beforeAll, expect, it } from 'vitest';
import type { Locator } from 'playwright-core';
import { startForBrowsers, suiteBrowser } from '../browser/browser-system.ts';
import { join, newDevice, newGroup, newScreen, shows, type Group } from '../support/screens.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { ADMIN, describeEachAdapterSet, type System } from '../support/system.ts';
import type { TestDevice } from '../support/test-device.ts';
import { ConsolePage } from './console-page.ts';

/** A click more or less is what this page is about. */
const COUNT_CLICKS = 'globalThis.clicks = 0; addEventListener("click", () => { globalThis.clicks += 1; }, true)';

describeWithChromium('an emergency in the console', (executablePath) => {
  const browser = suiteBrowser(executablePath);

  describeEachAdapterSet('from the first click to the all-clear', (start) => {
    let system: System;
    let admin: ConsolePage;
    let site: Group;
    let lobby: Group;
    let good: TestDevice[];
    let mute: TestDevice;
    let broken: TestDevice;
    let never: TestDevice;
    let away: TestDevice;
    let fireId = 0;

    beforeAll(async () => {
      system = await startForBrowsers(start);
      site = await newGroup(system.admin);
      lobby = await newGroup(system.admin, site.id);
      good = [await newScreen(system, lobby.id), await newScreen(system, lobby.id), await newScreen(system, lobby.id)];
      mute = await newScreen(system, lobby.id, 0, { wellBehaved: false });
      broken = await newScreen(system, lobby.id, 0, { wellBehaved: false });
      never = await newDevice(system, lobby.id);
      away = await newScreen(system, lobby.id);
      await away.disconnect();
      await newScreen(system, site.id);
      admin = await ConsolePage.signedIn(await browser().newContext(), system.apiUrl, {
        password: ADMIN.password,
        path: '/alerts/prepared',
      });
      await admin.isLive();
    });

    const nameOf = async ({ deviceId }: TestDevice): Promise<string> =>
      (await system.admin.must('GET', `/devices/${deviceId}`)).name;
    const groupName = async ({ id }: Group): Promise<string> => (await system.admin.must('GET', `/groups/${id}`)).name;
    const step = (name: string): Locator =>
      admin.page.getByRole('list', { name: 'How far it has come' }).getByRole('listitem').filter({ hasText: name });
    const deploymentHere = async (): Promise<number> => {
      await admin.page.waitForURL(/\/alerts\/\d+/);
      return Number(/\/alerts\/(\d+)/.exec(admin.page.url())?.[1]);
    };

    it('it is prepared, with where it usually goes', async () => {
      await admin.says('Nothing is prepared yet');
      await admin.button('Prepare an alert').click();
      await admin.dialog().getByLabel('Title').fill('Fire alarm');
      await admin.dialog().getByLabel('Message').fill('Leave by the stairs');
      await admin
        .dialog()
        .getByRole('checkbox', { name: new RegExp(`^${await groupName(lobby)} `) })
        .check();
      expect(await admin.accessibilityViolations()).toEqual([]);
      await admin.dialog().getByRole('button', { name: 'Save' }).click();
      await admin.page.getByRole('row', { name: /Fire alarm.*Critical/ }).waitFor();
      expect(await admin.accessibilityViolations()).toEqual([]);
    });

    it('it is raised in three clicks from any page, on the screens that the last button named', async () => {
      await admin.goTo('/account');
      await admin.isLive();
      await admin.page.evaluate(COUNT_CLICKS);
      await admin.page.getByRole('banner').getByRole('button', { name: 'Raise alert' }).click();
      await admin.dialog().getByRole('button', { name: 'Fire alarm' }).click();
      await admin.dialog().getByRole('button', { name: 'Raise on 7 screens now' }).click();
      fireId = await deploymentHere();
      expect(await admin.page.evaluate('globalThis.clicks')).toBe(3);
      for (const device of good) await shows(device, [fireId]);
    });

    it('its ladder fills as screens show it, without a reload', async () => {
      await step('On screen').getByText('3', { exact: true }).waitFor();
      await step('On screen').getByText('of 7').waitFor();
      await join(away);
      await step('On screen').getByText('4', { exact: true }).waitFor();
      expect(await admin.page.evaluate('globalThis.clicks')).toBe(3);
    });

    it('the screens that have not confirmed are listed, with why', async () => {
      await broken.until('the alert', () => broken.showing.includes(fireId));
      const at = new Date().toISOString();
      broken.send({ type: 'receipt', items: [{ deploymentId: fireId, stage: 'failed', at, reason: 'no decoder' }] });
      await admin.says('1 cannot show it');
      const rowOf = async (device: TestDevice, says: string | RegExp): Promise<void> =>
        admin.page
          .getByRole('row', { name: new RegExp(`^${await nameOf(device)} `) })
          .filter({ hasText: says })
          .waitFor();
      await rowOf(mute, 'Sent, no answer: is being sent again');
      await rowOf(never, 'Has never been connected');
      const stages = admin.page.getByRole('radiogroup', { name: 'Show' });
      await stages.getByText('Cannot show it').click();
      await rowOf(broken, 'Cannot show it: no decoder');
      await stages.getByText('On screen').click();
      await admin.page.waitForURL(/stage=displayed/);
      await rowOf(away, /On screen/);
      expect(await admin.accessibilityViolations()).toEqual([]);
    });

    it('it is repeated on the unconfirmed screens alone', async () => {
      await admin.button('Repeat').click();
      await admin.page.getByRole('menuitem', { name: 'On the 2 unconfirmed alone' }).click();
      await admin.dialog().getByText('1 online, 1 offline: it shows it when it is back').waitFor();
      expect(await admin.accessibilityViolations()).toEqual([]);
      await admin.dialog().getByRole('button', { name: 'Raise on 2 screens now' }).click();
      await admin.page.waitForURL((url) => !url.pathname.endsWith(`/${fireId}`));
      const repeated = await deploymentHere();
      await mute.until('the repetition', () => mute.showing.includes(repeated));
      await mute.disconnect();
      await admin.page.getByRole('row').filter({ hasText: 'Offline: shows it when it is back' }).waitFor();
      expect(good[0]?.showing).toEqual([fireId]);
      await system.admin.must('POST', '/alerts/stop', { deploymentId: repeated });
    });

    it('a lesser one is escalated: graver, and to the groups above', async () => {
      const alert = { severity: 'warning', title: 'Smoke', message: 'Stay away' };
      const body = { alert, groupIds: [lobby.id] };
      const { deploymentId } = await system.admin.must('POST', '/alerts/deploy', body);
      await admin.goTo(`/alerts/${deploymentId}`);
      await admin.button('Escalate').click();
      const siteBox = admin.dialog().getByRole('checkbox', { name: new RegExp(`^${await groupName(site)} `) });
      await siteBox.waitFor();
      expect(await siteBox.isChecked()).toBe(true);
      await admin.dialog().getByText('Emergency').waitFor();
      await admin.dialog().getByRole('button', { name: 'Raise on 8 screens now' }).click();
      await admin.page.waitForURL((url) => !url.pathname.endsWith(`/${deploymentId}`));
      const escalated = await deploymentHere();
      const { severity, targets } = await system.admin.must('GET', `/alerts/deployments/${escalated}`);
      expect([severity, targets.groupIds]).toEqual(['critical', [site.id]]);
      for (const id of [deploymentId, escalated]) await system.admin.must('POST', '/alerts/stop', { deploymentId: id });
    });

    it('it is stopped from the board, which says how far the all-clear has come', async () => {
      await admin.goTo('/alerts');
      const card = admin.page.getByRole('article', { name: 'Fire alarm' }).filter({ hasText: 'left' });
      await card.getByText('cannot show it').waitFor();
      expect(await admin.accessibilityViolations()).toEqual([]);
      await card.getByRole('button', { name: 'Stop' }).click();
      await admin.dialog().getByText('It is taken off 7 screens at once.').waitFor();
      await admin.dialog().getByRole('button', { name: 'All clear on 7 screens' }).click();
      await admin.page.getByRole('heading', { name: 'All clear' }).waitFor();
      const ended = admin.page.getByRole('region', { name: 'Ended a moment ago' });
      const fire = ended.getByRole('article', { name: 'Fire alarm' }).filter({ hasText: 'of 7' });
      await fire.getByText('The all-clear has reached 4 of 4 screens that had it.').waitFor();
      for (const device of good) await shows(device, []);
    });

    it('it is found in the history, and its filters in the address', async () => {
      await admin.page.getByRole('link', { name: 'History' }).click();
      await admin.page.getByRole('row', { name: /Smoke.*Warning/ }).waitFor();
      await admin.page.getByRole('combobox', { name: 'Severity' }).click();
      await admin.page.getByRole('option', { name: 'Warning' }).click();
      await admin.page.waitForURL(/severity=warning/);
      await admin.page
        .getByRole('row', { name: /Fire alarm/ })
        .first()
        .waitFor({ state: 'detached' });
      expect(await admin.page.getByRole('row', { name: /Smoke/ }).count()).toBe(1);
      await admin.goTo('/alerts/history?q=fire');
      await admin.page.getByRole('link', { name: 'Fire alarm' }).last().click();
      await admin.says(/Stopped by admin/);
      await step('Cleared').getByText('4', { exact: true }).waitFor();
    });

    it('had no trouble in all that', () => {
      expect(admin.troubles).toEqual([]);
    });
  });
});
