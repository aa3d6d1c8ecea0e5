/** An operator's whole way: pair the screens that show codes, raise an alert, see it on glass, take it back. */
import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { describeEachAdapterSet, type System } from '../support/system.ts';
import {
  command,
  commandEnds,
  ladderReaches,
  raise,
  startForBrowsers,
  stopAlert,
  suiteBrowser,
} from './browser-system.ts';
import { PlayerPage } from './player-page.ts';

describeWithChromium('screens in a browser', (executablePath) => {
  const browser = suiteBrowser(executablePath);

  describeEachAdapterSet('paired by their codes', (start) => {
    let system: System;
    let screens: PlayerPage[];
    let groupId: number;
    const deviceIds: number[] = [];

    beforeAll(async () => {
      system = await startForBrowsers(start);
      const contexts = await Promise.all([browser().newContext(), browser().newContext()]);
      screens = await Promise.all(contexts.map((context) => PlayerPage.open(context, system.apiUrl)));
      groupId = (await system.admin.must('POST', '/groups', { name: 'Lobby' })).id;
    });

    it('go online when an operator has entered the codes that they show', async () => {
      const codes = await Promise.all(screens.map((screen) => screen.code()));
      expect(new Set(codes).size).toBe(2);
      for (const screen of screens) expect(await screen.phase()).toBe('pairing');
      deviceIds.push(
        ...(await Promise.all(
          screens.map((screen, at) => screen.pair(system.admin, { name: `Screen ${at + 1}`, groupId })),
        )),
      );
      for (const screen of screens) expect(await screen.page.getByTestId('pairing-code').isVisible()).toBe(false);
      await eventually(async () => {
        const devices = await Promise.all(deviceIds.map((id) => system.admin.must('GET', `/devices/${id}`)));
        return devices.every((device) => device.status === 'online' && device.transport === 'websocket');
      });
    });

    it('show an alert for their group, say so, and take it off again', async () => {
      const { deploymentId, targets } = await raise(system.admin, {
        groupIds: [groupId],
        title: 'Evacuate',
        message: 'Use the south exit',
      });
      expect(targets).toEqual({ total: 2, online: 2, offline: 0 });
      for (const screen of screens) {
        await screen.shows(deploymentId);
        const text = await screen.alert(deploymentId).innerText();
        expect(text).toContain('Evacuate');
        expect(text).toContain('Use the south exit');
      }
      await ladderReaches(system.admin, deploymentId, 'displayed', 2);
      const { ladder } = await system.admin.must('GET', `/alerts/deployments/${deploymentId}`);
      expect(ladder).toMatchObject({ targeted: 2, received: 2, displayed: 2, failed: 0, unconfirmed: 0 });

      await stopAlert(system.admin, deploymentId);
      for (const screen of screens) await screen.hides(deploymentId);
      await ladderReaches(system.admin, deploymentId, 'cleared', 2);
    });

    it('cover a lesser alert with a graver one, hide none, and mark a drill', async () => {
      const [screen] = screens;
      if (screen === undefined) throw new Error('no screen');
      const info = await raise(system.admin, {
        groupIds: [groupId],
        severity: 'info',
        title: 'Lunch',
        message: 'At noon',
      });
      await screen.shows(info.deploymentId);
      expect(await screen.page.locator('.alert-main').getAttribute('data-severity')).toBe('info');
      const critical = await raise(system.admin, {
        groupIds: [groupId],
        severity: 'critical',
        title: 'Fire',
        drill: true,
      });
      const warning = await raise(system.admin, { groupIds: [groupId], severity: 'warning', title: 'Storm' });
      for (const { deploymentId } of [critical, warning]) await screen.shows(deploymentId);
      expect(await screen.showing()).toEqual([critical, warning, info].map(({ deploymentId }) => deploymentId));
      const large = screen.page.locator('.alert-main');
      expect(await large.getAttribute('data-deployment-id')).toBe(String(critical.deploymentId));
      expect(await large.innerText()).toContain('DRILL');
      const [tall, low] = await Promise.all(
        [critical, info].map(async ({ deploymentId }) => (await screen.alert(deploymentId).boundingBox())?.height ?? 0),
      );
      expect(tall).toBeGreaterThan(3 * (low ?? 0));
      for (const { deploymentId } of [critical, warning, info])
        await ladderReaches(system.admin, deploymentId, 'displayed', 2);

      await stopAlert(system.admin, critical.deploymentId);
      await screen.hides(critical.deploymentId);
      expect(await screen.showing()).toEqual([warning.deploymentId, info.deploymentId]);
      expect(await screen.page.locator('.alert-main').innerText()).not.toContain('DRILL');
      for (const { deploymentId } of [warning, info]) await stopAlert(system.admin, deploymentId);
      for (const { deploymentId } of [critical, warning, info])
        await ladderReaches(system.admin, deploymentId, 'cleared', 2);
      expect(await screen.showing()).toEqual([]);
    });

    describe('do what they are told:', () => {
      const finished = async (name: string): Promise<string> => {
        const deviceId = deviceIds[0] ?? 0;
        return commandEnds(system.admin, deviceId, await command(system.admin, deviceId, name));
      };

      it('identify', async () => {
        expect(await finished('identify')).toBe('succeeded');
        const panel = screens[0]?.page.locator('#identify');
        expect(await panel?.isVisible()).toBe(true);
        expect(await panel?.innerText()).toContain(String(deviceIds[0]));
        expect(await screens[1]?.page.locator('#identify').isVisible()).toBe(false);
      });

      it('refresh, without a reload', async () => {
        const [screen] = screens;
        const loads = screen?.loads.length;
        expect(await finished('refresh')).toBe('succeeded');
        await screen?.reaches('online');
        expect(screen?.loads.length).toBe(loads);
      });

      it('restart_app, with one reload and no more', async () => {
        const [screen] = screens;
        const loads = screen?.loads.length ?? 0;
        expect(await finished('restart_app')).toBe('succeeded');
        await eventually(() => screen?.loads.length !== loads);
        // A later command is done by the same page: the one before did not come again.
        expect(await finished('identify')).toBe('succeeded');
        expect(screen?.loads.length).toBe(loads + 1);
      });
    });

    it('had no trouble in all that', () => {
      expect(screens.map((screen) => screen.troubles)).toEqual([[], []]);
    });
  });
});
