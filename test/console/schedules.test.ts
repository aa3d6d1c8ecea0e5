/** A schedule's whole way in the console: laid out, timed, deployed and watched, edited by two at once, taken back. */
import { beforeAll, expect, it } from 'vitest';
import { startForBrowsers, suiteBrowser } from '../browser/browser-system.ts';
import { poster } from '../pictures/demo-fleet.ts';
import type { ApiClient } from '../support/api-client.ts';
import { newScreen } from '../support/screens.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { ADMIN, describeEachAdapterSet, type System } from '../support/system.ts';
import type { TestDevice } from '../support/test-device.ts';
import { ConsolePage } from './console-page.ts';

const CANVAS = { width: 1920, height: 1080 };

async function uploaded(admin: ApiClient, name: string): Promise<number> {
  const form = new FormData();
  form.set('name', name);
  form.set('file', new File([await poster(name, ['#1e3a8a', '#0ea5e9'])], `${name}.png`, { type: 'image/png' }));
  return (await admin.upload('/content', form)).id;
}

describeWithChromium('a schedule in the console', (executablePath) => {
  const browser = suiteBrowser(executablePath);

  describeEachAdapterSet('and two who work on it', (start) => {
    let system: System;
    let admin: ConsolePage;
    let screen: TestDevice;
    let path = '';

    beforeAll(async () => {
      system = await startForBrowsers(start);
      const lobby = await system.admin.must('POST', '/groups', { name: 'Lobby' });
      const contentId = await uploaded(system.admin, 'Welcome');
      await uploaded(system.admin, 'Menu');
      const zones = [{ id: 'all', x: 0, y: 0, ...CANVAS, items: [{ contentId }] }];
      const body = { name: 'Every day', priority: 9, layout: { ...CANVAS, zones } };
      const { id } = await system.admin.must('POST', '/schedules', body);
      await system.admin.must('POST', `/schedules/${id}/deploy`, { groupIds: [lobby.id] });
      screen = await newScreen(system, lobby.id);
      admin = await ConsolePage.signedIn(await browser().newContext(), system.apiUrl, {
        ...ADMIN,
        path: '/schedules',
      });
      await admin.isLive();
    });

    const saved = async (): Promise<void> => {
      await admin.button('Save').click();
      await admin.button('Save').waitFor({ state: 'detached' });
    };
    const tab = (name: string) => admin.page.getByRole('tab', { name }).click();
    const field = (name: string) => admin.page.getByRole('textbox', { name, exact: true });
    const dateOrTime = (name: string) => admin.page.getByLabel(name, { exact: true });
    const pick = async (name: string, option: string): Promise<void> => {
      await admin.page
        .locator('input')
        .and(admin.page.getByLabel(name, { exact: true }))
        .click();
      await admin.page.getByRole('option', { name: option }).click();
    };
    const api = () => system.admin.must('GET', path);
    const add = async (content: string): Promise<void> => {
      await admin.page.getByRole('textbox', { name: 'Add content' }).click();
      await admin.page.getByRole('option', { name: content }).click();
    };

    it('is laid out with two zones, by keys and by mouse, and saved when nothing is missing', async () => {
      await admin.page.getByRole('link', { name: 'New schedule' }).click();
      await admin.button('Save').click();
      await admin.says('Give it a name');
      await admin.says('Zone 1 has no content. Add some, or delete the zone.');
      await field('Name').fill('Foyer');
      await admin.button('Templates').click();
      await admin.page.getByRole('menuitem', { name: 'Two columns' }).click();
      await add('Welcome');
      const second = admin.page.getByRole('button', { name: /^Zone 2:/ });
      await second.focus();
      await add('Menu');
      await second.focus();
      await second.press('Shift+ArrowLeft');
      await second.press('Control+ArrowRight');
      expect([await field('Left').inputValue(), await field('Width').inputValue()]).toEqual(['961', '950']);
      const box = await second.boundingBox();
      if (box === null) throw new Error('the zone is not there');
      await admin.page.mouse.move(box.x + box.width / 2, box.y + box.height / 3);
      await admin.page.mouse.down();
      await admin.page.mouse.move(box.x + box.width / 2 - 40, box.y + box.height / 3, { steps: 4 });
      await admin.page.mouse.up();
      expect(Number(await field('Left').inputValue())).toBeLessThan(900);
      await admin.says('Zone 1 and Zone 2 overlap on the same layer.');
      expect(await admin.accessibilityViolations()).toEqual([]);
      await admin.heading().click();
      await admin.page.keyboard.press('Control+z');
      await admin.page.getByText('overlap on the same layer').waitFor({ state: 'detached' });
      await admin.page.keyboard.press('Control+Shift+z');
      await admin.says('Zone 1 and Zone 2 overlap on the same layer.');
      await admin.button('Undo').click();
      await admin.button('Save').click();
      await admin.page.waitForURL(/schedules\/\d+/);
      path = /\/schedules\/\d+/.exec(admin.page.url())?.[0] ?? '';
      expect((await api()).layout.zones).toMatchObject([
        { x: 0, width: 960 },
        { x: 961, width: 950 },
      ]);
    });

    it('is timed, and its calendar and next times are told', async () => {
      await tab('Timing');
      await admin.page.locator('input:visible').and(admin.page.getByLabel('Time zone')).fill('Europe/Berl');
      await admin.page.getByRole('option', { name: 'Europe/Berlin' }).click();
      await pick('Days', 'Weekdays (Monday to Friday)');
      await admin.button('Add times').click();
      await dateOrTime('To, time 1').fill('08:00');
      await admin.says('Time 1 ends when it starts.');
      await dateOrTime('To, time 1').fill('02:00');
      await admin.says('ends the next day');
      await dateOrTime('First day').fill('2026-11-20');
      await admin.button('Month after').click();
      const calendar = admin.page.getByRole('table', { name: /When it is on in/ });
      await calendar.getByRole('cell', { name: '08:00 to 24:00' }).first().waitFor();
      const next = admin.page.getByRole('list', { name: 'Next times' });
      expect(await next.getByRole('listitem').count()).toBe(5);
      expect(await admin.accessibilityViolations()).toEqual([]);
      await saved();
      expect((await api()).timing).toEqual({
        timezone: 'Europe/Berlin',
        startDate: '2026-11-20',
        rrule: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR',
        windows: [{ start: '08:00', end: '02:00' }],
      });
    });

    it('says what it meets before it is deployed, and who is shown then', async () => {
      await tab('Deploy');
      await admin.says('It was never deployed');
      await admin.page.getByRole('checkbox', { name: /Lobby/ }).check();
      await admin.says('Reaches 1 screen.');
      await admin.says('Every day is shown instead of this one');
      await admin.says('Because that one has the higher priority.');
      expect(await admin.accessibilityViolations()).toEqual([]);
      await tab('Priority');
      await field('Priority').fill('10');
      await saved();
      await tab('Deploy');
      await admin.page.getByRole('checkbox', { name: /Lobby/ }).check();
      await admin.says('This one is shown instead of Every day');
    });

    it('is deployed, and tells how far it has come until the screen plays it', async () => {
      const before = screen.screen.scheduleVersion ?? 0;
      await admin.button('Deploy to 1 screen').click();
      await admin.dialog().getByRole('button', { name: 'Deploy' }).click();
      await admin.says('Applied on 0 of 1 screen');
      const version = () => screen.screen.scheduleVersion ?? 0;
      await screen.until('the news', () => version() > before);
      screen.send({ type: 'status', scheduleVersion: version(), scheduleState: 'failed', scheduleReason: 'no space' });
      await admin.page.getByRole('row', { name: /Failed.*no space/ }).waitFor();
      screen.send({ type: 'status', scheduleVersion: version(), scheduleState: 'applied' });
      await admin.says('Applied on 1 of 1 screen');
      await admin.page.getByRole('row', { name: /Applied/ }).waitFor();
      await pick('State', 'Failed');
      await admin.says('Nothing matches');
      expect(await admin.accessibilityViolations()).toEqual([]);
    });

    it('is edited without losing anything: over a reload, by two at once, and says that screens play another version', async () => {
      admin.page.on('dialog', (dialog) => void dialog.accept());
      await admin.goTo(`${path}?tab=deploy`);
      await admin.says('Screens play what you see here');
      await field('Name').fill('Foyer, new');
      await admin.says('Save your changes first');
      await admin.page.reload();
      await admin.says('Your unsaved changes from before were brought back.');
      expect(await field('Name').inputValue()).toBe('Foyer, new');
      await system.admin.must('PUT', path, { priority: 3, version: (await api()).version });
      await admin.says('Somebody else has saved this schedule meanwhile');
      await admin.says('They changed: priority.');
      expect(await admin.accessibilityViolations()).toEqual([]);
      await admin.button('Keep mine on top of theirs').click();
      await saved();
      expect(await api()).toMatchObject({ name: 'Foyer, new', priority: 3 });
      await admin.says('What you see here differs from what is deployed');
    });

    it('asks before it is left unsaved', async () => {
      await field('Name').fill('Never saved');
      await admin.page.getByRole('link', { name: 'Groups' }).click();
      await admin.dialog().getByRole('button', { name: 'Cancel' }).click();
      expect(await admin.heading().textContent()).toBe('Foyer, new');
      await admin.button('Discard').click();
      await admin.dialog().getByRole('button', { name: 'Discard' }).click();
      expect(await field('Name').inputValue()).toBe('Foyer, new');
    });

    it('is refused to be overwritten unseen, and what was typed stays', async () => {
      admin.mayComplain(/status of 409/, /response: 409/);
      await field('Name').fill('Mine');
      let isFaster = true;
      await admin.page.route('**/api/v1/schedules/*', async (route) => {
        // Somebody is a moment faster, once.
        if (isFaster && route.request().method() === 'PUT') {
          isFaster = false;
          await system.admin.must('PUT', path, { name: 'Theirs', version: (await api()).version });
        }
        await route.continue();
      });
      await admin.button('Save').click();
      await admin.says('You both changed: name.');
      await admin.page.unroute('**/api/v1/schedules/*');
      expect(await field('Name').inputValue()).toBe('Mine');
      await admin.button('Load their version').click();
      await admin.dialog().getByRole('button', { name: 'Load their version' }).click();
      expect(await field('Name').inputValue()).toBe('Theirs');
    });

    it('is withdrawn, and its deployment stays in the history', async () => {
      await admin.button('Withdraw from Lobby').click();
      await admin.dialog().getByRole('button', { name: 'Withdraw' }).click();
      await admin.says('It is not deployed to any screen now.');
      await tab('History');
      await admin.page.getByRole('row', { name: /Version 3.*Ended/ }).waitFor();
      expect(await admin.accessibilityViolations()).toEqual([]);
    });

    it('had no trouble in all that', async () => {
      await screen.disconnect();
      expect(admin.troubles).toEqual([]);
    });
  });
});
