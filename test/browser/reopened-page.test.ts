/** What a screen shows when its page was closed or alone for a while: what is active, never what has run out or was stopped. */
import type { BrowserContext } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { describeWithChromium } from '../support/server-suites.ts';
import { systemStarter, type System } from '../support/system.ts';
import {
  gateMaker,
  ladderReaches,
  raise,
  startForBrowsers,
  stopAlert,
  suiteBrowser,
  untilExpired,
} from './browser-system.ts';
import type { Gate } from './gate.ts';
import { NO_WAY_TO_HUB, PlayerPage } from './player-page.ts';

describeWithChromium('a page that is opened again', (executablePath) => {
  const browser = suiteBrowser(executablePath);
  const makeGate = gateMaker();

  describe('on the same screen', () => {
    // What a page keeps is its own affair: one adapter set tells as much as two.
    const start = systemStarter('embedded');
    let system: System;
    let gate: Gate;
    let context: BrowserContext;
    let deviceId: number;
    const open = (): Promise<PlayerPage> => PlayerPage.open(context, system.apiUrl, { hubUrl: gate.url });

    /** Closes the page once the hub has all its receipts, so that what happens meanwhile happens without it. */
    const close = async (screen: PlayerPage): Promise<void> => {
      await screen.hasNothingToReport();
      expect(screen.troubles).toEqual([]);
      await screen.page.close();
    };

    beforeAll(async () => {
      system = await startForBrowsers(start);
      gate = await makeGate(system.hubUrls[0] ?? '');
      context = await browser().newContext();
      const screen = await open();
      deviceId = await screen.pairSoon(system.admin);
      await screen.page.close();
    });

    it('shows an active alert at once, without the hub, and goes on with it', async () => {
      const first = await open();
      const { deploymentId } = await raise(system.admin, { deviceIds: [deviceId] });
      await first.shows(deploymentId);
      await ladderReaches(system.admin, deploymentId, 'displayed', 1);
      await close(first);

      gate.let('shut');
      const again = await open();
      again.mayComplain(...NO_WAY_TO_HUB);
      await again.shows(deploymentId);
      expect(await again.phase()).toBe('offline');
      gate.let('open');
      await again.reaches('online');
      expect(await again.showing()).toEqual([deploymentId]);
      await stopAlert(system.admin, deploymentId);
      await again.hides(deploymentId);
      await ladderReaches(system.admin, deploymentId, 'cleared', 1);
      await close(again);
    });

    it('gets an alert that was raised while it was closed', async () => {
      const { deploymentId } = await raise(system.admin, { deviceIds: [deviceId] });
      const screen = await open();
      await screen.shows(deploymentId);
      await ladderReaches(system.admin, deploymentId, 'displayed', 1);
      expect(await screen.phase()).toBe('online');
      await stopAlert(system.admin, deploymentId);
      await screen.hides(deploymentId);
      await close(screen);
    });

    it('never shows again what it was told is over [INV-2]', async () => {
      const first = await open();
      const { deploymentId } = await raise(system.admin, { deviceIds: [deviceId] });
      await first.shows(deploymentId);
      await stopAlert(system.admin, deploymentId);
      await first.hides(deploymentId);
      await close(first);

      gate.let('shut');
      const alone = await open();
      alone.mayComplain(...NO_WAY_TO_HUB);
      await alone.reaches('offline');
      gate.let('open');
      await alone.reaches('online');
      expect(await alone.everShown()).toEqual([]);
      await close(alone);
    });

    it('takes off what was stopped while it was closed, and has it no more the next time', async () => {
      const first = await open();
      const { deploymentId } = await raise(system.admin, { deviceIds: [deviceId] });
      await first.shows(deploymentId);
      await ladderReaches(system.admin, deploymentId, 'displayed', 1);
      await close(first);
      await stopAlert(system.admin, deploymentId);

      const second = await open();
      await second.reaches('online');
      await second.hides(deploymentId);
      await ladderReaches(system.admin, deploymentId, 'cleared', 1);
      await close(second);

      const third = await open();
      await third.reaches('online');
      expect(await third.everShown()).toEqual([]);
      await close(third);
    });

    it('never shows what ran out while it was closed, not even without the hub [INV-3]', async () => {
      const first = await open();
      const { deploymentId } = await raise(system.admin, { deviceIds: [deviceId], expiresInSeconds: 4 });
      await first.shows(deploymentId);
      await close(first);
      await untilExpired(system.admin, deploymentId);

      gate.let('shut');
      const alone = await open();
      alone.mayComplain(...NO_WAY_TO_HUB);
      await alone.reaches('offline');
      gate.let('open');
      await alone.reaches('online');
      expect(await alone.everShown()).toEqual([]);
      await close(alone);
    });

    it('takes off by itself what runs out while it is offline [INV-3]', async () => {
      const screen = await open();
      screen.mayComplain(...NO_WAY_TO_HUB);
      const { deploymentId } = await raise(system.admin, { deviceIds: [deviceId], expiresInSeconds: 6 });
      await screen.shows(deploymentId);
      gate.let('shut');
      await context.setOffline(true);
      await screen.reaches('offline');
      expect(await screen.showing()).toEqual([deploymentId]);
      await screen.hides(deploymentId);
      expect(await screen.phase()).toBe('offline');
      await context.setOffline(false);
      gate.let('open');
      await screen.reaches('online');
      await ladderReaches(system.admin, deploymentId, 'cleared', 1);
      await close(screen);
    });
  });
});
