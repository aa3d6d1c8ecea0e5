/** A manifest is played whole or not at all: while content is on its way, when it comes wrong, when its address is refused, when there is no room. */
import type { Route } from 'playwright-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { systemStarter, type System } from '../support/system.ts';
import { startForBrowsers, suiteBrowser } from './browser-system.ts';
import { PlayerPage } from './player-page.ts';
import {
  columns,
  deploymentReaches,
  deploySchedule,
  filesHeld,
  hashShownIn,
  saidOfSchedule,
  uploadPicture,
  withdraw,
  zoneShows,
  type Deployed,
  type Uploaded,
} from './scheduled-screen.ts';

const MEDIA = /\/media\//;

/** Lets a test say how full the browser's storage is. */
const BENT_STORAGE = `{
  const estimate = navigator.storage.estimate.bind(navigator.storage);
  navigator.storage.estimate = async () => globalThis.podohTestSpace ?? estimate();
}`;

describeWithChromium('a manifest in a browser', (executablePath) => {
  const browser = suiteBrowser(executablePath);

  describe('is played whole or not at all', () => {
    // What happens between a page and its storage is the same whatever database the hub has.
    const start = systemStarter('embedded');
    let system: System;
    let screen: PlayerPage;
    let deviceId: number;
    let before: Uploaded;
    const deployments: Deployed[] = [];

    beforeAll(async () => {
      system = await startForBrowsers(start);
      screen = await PlayerPage.open(await browser().newContext(), system.apiUrl, { before: BENT_STORAGE });
      deviceId = await screen.pairSoon(system.admin);
      before = await uploadPicture(system.admin);
      await put([['main', before.id]]);
      await zoneShows(screen, 'main', 'img', before);
    });

    afterEach(async () => {
      await screen.page.unroute(MEDIA);
      await screen.page.evaluate('globalThis.podohTestSpace = undefined');
    });

    async function put(zones: Parameters<typeof columns>[0]): Promise<Deployed> {
      const deployed = await deploySchedule(system.admin, `Schedule ${deployments.length}`, columns(zones), {
        deviceIds: [deviceId],
      });
      // The screen plays one at a time: what was there goes in the same moment that the hub knows of the new one.
      const last = deployments.at(-1);
      if (last !== undefined) await withdraw(system.admin, last, { deviceIds: [deviceId] });
      deployments.push(deployed);
      return deployed;
    }

    const newPicture = (): Promise<Uploaded> => uploadPicture(system.admin);

    /** Deals with the requests for one file in a way of the test's own. */
    async function meddle(file: Uploaded, how: (route: Route) => Promise<void>): Promise<void> {
      const { url } = await system.admin.must<{ url: string }>('GET', `/content/${file.id}`);
      const path = new URL(url, system.apiUrl).pathname;
      await screen.page.route(
        (address) => address.pathname === path,
        async (route) => how(route),
      );
    }

    it('switches over only when the last byte is here, and says how far it is', async () => {
      const [first, second] = [await newPicture(), await newPicture()];
      const release = Promise.withResolvers<void>();
      await meddle(second, async (route) => {
        await release.promise;
        await route.continue();
      });
      const deployed = await put([
        ['main', first.id],
        ['side', second.id],
      ]);
      await eventually(async () =>
        (await filesHeld(screen)).some((file) => file.isWhole && file.sha256 === first.sha256),
      );
      await deploymentReaches(system.admin, deployed, 'received', 1);
      expect(await hashShownIn(screen, 'main', 'img')).toBe(before.sha256);
      expect(await screen.page.locator('[data-zone-id="side"]').count()).toBe(0);
      release.resolve();
      await zoneShows(screen, 'main', 'img', first);
      await zoneShows(screen, 'side', 'img', second);
      await deploymentReaches(system.admin, deployed, 'applied', 1);
      before = first;
    });

    it('never shows bytes that are not the right ones, says so, and heals', async () => {
      const file = await newPicture();
      // Until the failure was told of: a player that heals at once has nothing to tell.
      let spoils = true;
      await meddle(file, async (route) => {
        const response = await route.fetch();
        const body = await response.body();
        if (spoils) {
          const middle = Math.floor(body.length / 2);
          body[middle] = (body[middle] ?? 0) ^ 1;
        }
        await route.fulfill({ response, body });
      });
      const deployed = await put([['main', file.id]]);
      await eventually(async () => {
        const { scheduleState, scheduleReason } = await saidOfSchedule(system.admin, deviceId);
        return scheduleState === 'failed' && scheduleReason === `content ${file.id}: its bytes are not the right ones`;
      });
      expect(await hashShownIn(screen, 'main', 'img')).toBe(before.sha256);
      spoils = false;
      await zoneShows(screen, 'main', 'img', file);
      await deploymentReaches(system.admin, deployed, 'applied', 1);
      before = file;
    });

    it('asks for new addresses when its own are refused', async () => {
      const file = await newPicture();
      let refused = 0;
      await meddle(file, async (route) => {
        if (refused >= 2) return route.continue();
        refused += 1;
        return route.fulfill({ status: 403, headers: { 'access-control-allow-origin': '*' }, body: '{}' });
      });
      screen.mayComplain(/response: 403 .*\/media\//, /console: .*403 .*\/media\//);
      const asked: (string | null)[] = [];
      screen.page.on('request', (request) => {
        if (request.url().endsWith('/sync/schedule') && request.method() === 'GET')
          asked.push(request.headers()['if-none-match'] ?? null);
      });
      await put([['main', file.id]]);
      await zoneShows(screen, 'main', 'img', file);
      // Once because it was changed, and then for the sake of the addresses, whatever is held.
      expect(asked.length).toBeGreaterThan(refused);
      expect(asked.filter((tag) => tag === null).length).toBeGreaterThanOrEqual(1);
      before = file;
    });

    it('says that it has no room, and goes on when it has', async () => {
      const file = await newPicture();
      await screen.page.evaluate('globalThis.podohTestSpace = { usage: 1_000_000, quota: 1_000_001 }');
      const deployed = await put([['main', file.id]]);
      await eventually(async () => {
        const { scheduleState, scheduleReason } = await saidOfSchedule(system.admin, deviceId);
        return scheduleState === 'failed' && scheduleReason === `content ${file.id}: no space left`;
      });
      await deploymentReaches(system.admin, deployed, 'failed', 1);
      expect(await hashShownIn(screen, 'main', 'img')).toBe(before.sha256);
      await screen.page.evaluate('globalThis.podohTestSpace = undefined');
      await zoneShows(screen, 'main', 'img', file);
      await deploymentReaches(system.admin, deployed, 'applied', 1);
    });

    it('makes room by throwing away what nothing names any more, and nothing else', async () => {
      const held = (await filesHeld(screen)).map(({ sha256 }) => sha256);
      const file = await newPicture();
      const left = 8 * 1024 * 1024 + file.sizeBytes - 1;
      await screen.page.evaluate(`globalThis.podohTestSpace = { usage: 0, quota: ${left} }`);
      await put([['main', file.id]]);
      await zoneShows(screen, 'main', 'img', file);
      const now = (await filesHeld(screen)).map(({ sha256 }) => sha256);
      expect(now).toContain(file.sha256);
      // One file was enough; the others are still good for a schedule that comes back.
      expect(held.filter((sha256) => !now.includes(sha256)).length).toBe(1);
    });

    it('had no trouble in all that', () => {
      expect(screen.troubles).toEqual([]);
    });
  });
});
