/** Groups in the console: their tree, moving things about in it with and without a mouse, and what stands in the way. */
import { beforeAll, expect, it } from 'vitest';
import { startForBrowsers, suiteBrowser } from '../browser/browser-system.ts';
import { eventually } from '../support/eventually.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { ADMIN, describeEachAdapterSet, type System } from '../support/system.ts';
import { importDevices } from '../support/test-device.ts';
import { ConsolePage } from './console-page.ts';

describeWithChromium('groups in the console', (executablePath) => {
  const browser = suiteBrowser(executablePath);

  describeEachAdapterSet('stand in a tree', (start) => {
    let system: System;
    let admin: ConsolePage;
    const ids: Record<string, number> = {};

    beforeAll(async () => {
      system = await startForBrowsers(start);
      for (const [name, above] of [
        ['North', null],
        ['South', null],
        ['Library', 'North'],
        ['Stacks', 'Library'],
      ] as const) {
        const parentId = above === null ? null : ids[above];
        ids[name] = (await system.admin.must('POST', '/groups', { name, parentId })).id;
      }
      const [first] = await importDevices(system.admin, 2, ids['Library'] ?? 0);
      await system.admin.must('PUT', `/devices/${first?.deviceId}`, { name: 'Desk', version: 1 });
      const alert = { severity: 'warning', title: 'Storm', message: 'Stay inside' };
      await system.admin.must('POST', '/alerts/deploy', { alert, groupIds: [ids['South']] });
      admin = await ConsolePage.signedIn(await browser().newContext(), system.apiUrl, { ...ADMIN, path: '/groups' });
    });

    const item = (name: string) => admin.page.locator(`[role=treeitem][data-value="${ids[name]}"]`);
    const label = (name: string) => item(name).locator(`[data-value="${ids[name]}"]`).first();
    /** Whether a group stands below another on the page. */
    const isBelow = async (name: string, above: string): Promise<boolean> =>
      (await item(above).locator(`[role=treeitem][data-value="${ids[name]}"]`).count()) === 1;
    const group = async (name: string) => system.admin.must('GET', `/groups/${ids[name]}`);

    it('with how many of their screens are online, and are found', async () => {
      await label('Library').getByText('0 of 2 screens online').waitFor({ state: 'attached' });
      expect(await isBelow('Stacks', 'North')).toBe(true);
      expect(await admin.accessibilityViolations()).toEqual([]);
      await admin.page.getByRole('searchbox', { name: 'Search groups' }).fill('stack');
      await item('South').waitFor({ state: 'detached' });
      expect(await isBelow('Stacks', 'Library')).toBe(true);
      await admin.button('Clear search').click();
      await item('South').waitFor();
    });

    it('are dragged with what stands in them, after one was told what that means', async () => {
      await label('Library').dragTo(label('South'));
      const question = admin.dialog().filter({ hasText: 'Move Library' });
      await question.getByText('Library with 1 group and 2 screens goes below South.').waitFor();
      await question.getByText(/^1 active alert of the new place will apply there at once/).waitFor();
      expect(await admin.accessibilityViolations()).toEqual([]);
      await question.getByRole('button', { name: 'Move', exact: true }).click();
      await admin.says('Library moved');
      await eventually(() => isBelow('Stacks', 'South'));
      expect(await group('Library')).toMatchObject({ parentId: ids['South'] });
    });

    it('are not dragged below themselves', async () => {
      await label('South').dragTo(label('Stacks'));
      expect(await admin.dialog().count()).toBe(0);
      expect(await isBelow('Stacks', 'South')).toBe(true);
    });

    it('are moved without a mouse as well', async () => {
      // From the first group down to the one below the second.
      await item('North').focus();
      for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await admin.page.keyboard.press(key);
      await admin.page.getByRole('heading', { level: 2, name: 'Library' }).waitFor();
      expect(await item('Library').getAttribute('aria-selected')).toBe('true');
      await admin.button('Actions: Library').press('Enter');
      await admin.page.getByRole('menuitem', { name: 'Move to…' }).press('Enter');
      const dialog = admin.dialog().filter({ hasText: 'Move Library' });
      const field = dialog.getByRole('textbox', { name: 'Move to' });
      await field.fill('Stacks');
      await admin.page.getByRole('option', { name: 'Stacks' }).click();
      await dialog.getByText('A group cannot go below itself.').waitFor();
      expect(await admin.accessibilityViolations()).toEqual([]);
      await field.fill('North');
      await admin.page.getByRole('option', { name: 'North' }).click();
      await dialog.getByRole('button', { name: 'Go on' }).press('Enter');
      const question = admin.dialog().filter({ hasText: 'goes below North' });
      await question.getByText('No active alert and no schedule of the new place will apply there.').waitFor();
      await question.getByRole('button', { name: 'Move', exact: true }).press('Enter');
      await eventually(() => isBelow('Library', 'North'));
      await eventually(async () => (await group('Library')).parentId === ids['North']);
    });

    it('stay where they are when somebody else was faster, and it is said', async () => {
      admin.mayComplain(/status of 409/, /response: 409/);
      await label('Library').dragTo(label('South'));
      const question = admin.dialog().filter({ hasText: 'Library with 1 group' });
      await question.waitFor();
      const { version } = await group('Library');
      await system.admin.must('PUT', `/groups/${ids['Library']}`, { name: 'Old Library', version });
      await question.getByRole('button', { name: 'Move', exact: true }).click();
      await admin.says('Somebody else has changed it meanwhile.');
      await label('Library').getByText('Old Library').waitFor();
      expect(await isBelow('Library', 'North')).toBe(true);
      expect(await group('Library')).toMatchObject({ parentId: ids['North'], name: 'Old Library' });
    });

    it('take a screen that is dragged to them', async () => {
      await admin.page.locator('[data-drag="Desk"]').dragTo(label('South'));
      const question = admin.dialog().filter({ hasText: 'Desk goes to South.' });
      await question.getByRole('button', { name: 'Move', exact: true }).click();
      await admin.says('Desk moved');
      await label('South').getByText('0 of 1 screen online').waitFor({ state: 'attached' });
      expect(await system.admin.must('GET', `/devices?groupId=${ids['South']}`)).toMatchObject([{ name: 'Desk' }]);
    });

    it('are not deleted while something is in them, and one is told what', async () => {
      await admin.button('Actions: Old Library').click();
      await admin.page.getByRole('menuitem', { name: 'Delete' }).click();
      await admin.dialog().getByRole('button', { name: 'Delete' }).click();
      const reasons = admin.dialog().filter({ hasText: 'Old Library cannot be deleted yet' });
      await reasons.getByText('1 group below it').waitFor();
      await reasons.getByText('1 screen in it').waitFor();
      expect(await admin.accessibilityViolations()).toEqual([]);
      await reasons.getByRole('button', { name: 'Close' }).click();
    });

    it('are added below another, set and deleted', async () => {
      await admin.button('Add group below').click();
      const dialog = admin.dialog().filter({ hasText: 'Add group' });
      await dialog.getByLabel('Name').fill('Reading room');
      expect(await admin.accessibilityViolations()).toEqual([]);
      await dialog.getByRole('button', { name: 'Save' }).click();
      await admin.page.getByRole('heading', { level: 2, name: 'Reading room' }).waitFor();
      await admin.page.getByRole('tab', { name: 'Settings' }).click();
      await admin.page.getByRole('switch', { name: 'Panel' }).click();
      await admin.page.getByRole('radiogroup', { name: 'Panel' }).getByText('Off', { exact: true }).click();
      expect(await admin.accessibilityViolations()).toEqual([]);
      await admin.button('Save').click();
      await admin.says('Reading room saved');
      const [room] = await system.admin.must('GET', '/groups?q=Reading');
      expect(room).toMatchObject({ parentId: ids['Library'], config: { power: 'off' } });
      await admin.button('Actions: Reading room').click();
      await admin.page.getByRole('menuitem', { name: 'Delete' }).click();
      await admin.dialog().getByRole('button', { name: 'Delete' }).click();
      await admin.page.getByRole('heading', { level: 2, name: 'Old Library' }).waitFor();
    });

    it('had no trouble in all that', () => {
      expect(admin.troubles).toEqual([]);
    });
  });
});
