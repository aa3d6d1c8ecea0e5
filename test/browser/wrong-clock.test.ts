/** A screen whose own clock is hours wrong: the hub's time decides when an alert is over, and so does no reload. [INV-3] */
import { beforeAll, describe, expect, it } from 'vitest';
import { describeWithChromium } from '../support/server-suites.ts';
import { systemStarter, type System } from '../support/system.ts';
import { gateMaker, raise, startForBrowsers, suiteBrowser, untilExpired } from './browser-system.ts';
import type { Gate } from './gate.ts';
import { NO_WAY_TO_HUB, PlayerPage } from './player-page.ts';

const HOUR_MS = 3_600_000;
/** A screen may be this much early: half a round trip on a busy machine. */
const EARLY_MS = 500;

/** Every way in which a page can read the wall clock, moved by so much. */
function wallClockMovedBy(byMs: number): string {
  return `{
    const Real = Date;
    const origin = performance.timeOrigin + ${byMs};
    Object.defineProperty(performance, 'timeOrigin', { get: () => origin });
    globalThis.Date = class extends Real {
      constructor(...given) {
        if (given.length === 0) super(Real.now() + ${byMs});
        else super(...given);
      }
      static now() {
        return Real.now() + ${byMs};
      }
    };
  }`;
}

describeWithChromium('a screen with a wrong wall clock', (executablePath) => {
  const browser = suiteBrowser(executablePath);
  const makeGate = gateMaker();

  describe('that is', () => {
    const start = systemStarter('embedded');
    let system: System;
    let gate: Gate;
    beforeAll(async () => {
      system = await startForBrowsers(start);
      gate = await makeGate(system.hubUrls[0] ?? '');
    });

    it('three hours fast or slow shows an alert for its life, alone or not', async () => {
      const screens: PlayerPage[] = [];
      const deviceIds: number[] = [];
      for (const byMs of [3 * HOUR_MS, -3 * HOUR_MS]) {
        const context = await browser().newContext();
        const before = wallClockMovedBy(byMs);
        const screen = await PlayerPage.open(context, system.apiUrl, { hubUrl: gate.url, before });
        screen.mayComplain(...NO_WAY_TO_HUB);
        const saidMs = await screen.page.evaluate<number>('Date.now()');
        expect(Math.round((saidMs - Date.now()) / HOUR_MS)).toBe(byMs / HOUR_MS);
        deviceIds.push(await screen.pairSoon(system.admin));
        screens.push(screen);
      }
      for (const passage of ['open', 'shut'] as const) {
        const { deploymentId } = await raise(system.admin, { deviceIds, expiresInSeconds: 4 });
        for (const screen of screens) await screen.shows(deploymentId);
        gate.let(passage);
        const { expiresAt } = await system.admin.must('GET', `/alerts/deployments/${deploymentId}`);
        await Promise.all(
          screens.map(async (screen) => {
            await screen.hides(deploymentId);
            expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt) - EARLY_MS);
          }),
        );
      }
      gate.let('open');
      for (const screen of screens) {
        await screen.reaches('online');
        expect(screen.troubles).toEqual([]);
      }
    });

    it('set back while the page was closed shows nothing that has run out', async () => {
      const context = await browser().newContext();
      const first = await PlayerPage.open(context, system.apiUrl, { hubUrl: gate.url });
      const deviceId = await first.pairSoon(system.admin);
      const { deploymentId } = await raise(system.admin, { deviceIds: [deviceId], expiresInSeconds: 4 });
      await first.shows(deploymentId);
      await first.page.close();
      await untilExpired(system.admin, deploymentId);

      gate.let('shut');
      const before = wallClockMovedBy(-3 * HOUR_MS);
      const alone = await PlayerPage.open(context, system.apiUrl, { hubUrl: gate.url, before });
      alone.mayComplain(...NO_WAY_TO_HUB);
      await alone.reaches('offline');
      gate.let('open');
      await alone.reaches('online');
      expect(await alone.everShown()).toEqual([]);
      // It knows the time again: what is active is shown.
      const next = await raise(system.admin, { deviceIds: [deviceId] });
      await alone.shows(next.deploymentId);
      expect(alone.troubles).toEqual([]);
      await context.close();
    });
  });
});
