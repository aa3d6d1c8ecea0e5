/** A screen's credential: kept over reloads, taken away by an operator, given anew. No failure of it ever blanks the screen. */
import { beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { describeEachAdapterSet, type System } from '../support/system.ts';
import { ladderReaches, raise, startForBrowsers, stopAlert, suiteBrowser } from './browser-system.ts';
import { PlayerPage } from './player-page.ts';

/** What a browser says of a hub that does not accept the credential any more. */
const REVOKED = [/^response: 401 /, /^console: .* status of 401 /, /WebSocket connection to .* failed/];

describeWithChromium('a screen and its credential', (executablePath) => {
  const browser = suiteBrowser(executablePath);

  describeEachAdapterSet('in a browser', (start) => {
    let system: System;
    let screen: PlayerPage;
    let deviceId: number;

    beforeAll(async () => {
      system = await startForBrowsers(start);
      screen = await PlayerPage.open(await browser().newContext(), system.apiUrl);
      screen.mayComplain(...REVOKED);
      deviceId = await screen.pair(system.admin, { name: 'Lobby' });
    });

    it('needs no code after a reload', async () => {
      const registered: string[] = [];
      screen.page.on('request', (request) => {
        if (request.url().endsWith('/sync/register')) registered.push(request.url());
      });
      const before = await screen.kept('credential');
      await screen.page.reload();
      await screen.reaches('online');
      expect(registered).toEqual([]);
      expect(await screen.kept('credential')).toEqual(before);
      expect(before).toMatchObject({ deviceId });
      await eventually(async () => (await system.admin.must('GET', `/devices/${deviceId}`)).status === 'online');
    });

    it('shows a code beside its alert when it is revoked, and goes on when it is paired again', async () => {
      const { deploymentId } = await raise(system.admin, { deviceIds: [deviceId] });
      await screen.shows(deploymentId);
      await ladderReaches(system.admin, deploymentId, 'displayed', 1);
      await system.admin.must('POST', `/devices/${deviceId}/revoke`);
      await screen.reaches('pairing');
      const code = await screen.code();
      expect(await screen.showing()).toEqual([deploymentId]);

      // A reload changes nothing: the alert is still there, and the code is the same one.
      await screen.page.reload();
      await screen.shows(deploymentId);
      expect(await screen.code()).toBe(code);

      expect(await screen.pair(system.admin)).toBe(deviceId);
      expect(await screen.showing()).toEqual([deploymentId]);
      expect(await screen.page.getByTestId('pairing-code').isVisible()).toBe(false);
      await stopAlert(system.admin, deploymentId);
      await screen.hides(deploymentId);
      await ladderReaches(system.admin, deploymentId, 'cleared', 1);
    });

    it('shows the code on the whole screen when it has nothing else to show', async () => {
      await system.admin.must('POST', `/devices/${deviceId}/revoke`);
      await screen.reaches('pairing');
      const box = await screen.page.getByTestId('pairing-code').filter({ visible: true }).boundingBox();
      expect(box?.height ?? 0).toBeGreaterThan(100);
      const old = await screen.kept<{ credential: string }>('credential');
      expect(await screen.pair(system.admin)).toBe(deviceId);
      const fresh = await screen.kept<{ credential: string }>('credential');
      expect(fresh?.credential).not.toBe(old?.credential);
      const { deploymentId } = await raise(system.admin, { deviceIds: [deviceId] });
      await screen.shows(deploymentId);
      await ladderReaches(system.admin, deploymentId, 'displayed', 1);
      expect(screen.troubles).toEqual([]);
    });
  });
});
