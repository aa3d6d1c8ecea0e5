/** A screen without a network, and one whose power is cut: it plays what it has, whole, and misses nothing that it has to tell. */
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { systemStarter, type System } from '../support/system.ts';
import { gateMaker, startForBrowsers, suiteBrowser } from './browser-system.ts';
import type { Gate } from './gate.ts';
import { KillableBrowser } from './killable-browser.ts';
import { NO_WAY_TO_HUB, PlayerPage } from './player-page.ts';
import {
  columns,
  deploymentReaches,
  deploySchedule,
  filesHeld,
  hashShownIn,
  uploadFilm,
  uploadPicture,
  withdraw,
  zoneShows,
  type Uploaded,
} from './scheduled-screen.ts';

/** Chromium's own word for requests of a page that was told to be offline. */
const OFFLINE = [/net::ERR_INTERNET_DISCONNECTED/, /net::ERR_FAILED/, ...NO_WAY_TO_HUB];

describeWithChromium('a screen that is alone', (executablePath) => {
  const browser = suiteBrowser(executablePath);
  const makeGate = gateMaker();

  describe('without a network', () => {
    const start = systemStarter('embedded');
    let system: System;
    let gate: Gate;
    let context: BrowserContext;
    let deviceId: number;
    let poster: Uploaded;
    let other: Uploaded;
    let film: Uploaded;

    beforeAll(async () => {
      system = await startForBrowsers(start);
      gate = await makeGate(system.hubUrls[0] ?? '');
      context = await browser().newContext();
      [poster, other, film] = [
        await uploadPicture(system.admin),
        await uploadPicture(system.admin),
        await uploadFilm(system.admin),
      ];
    });

    it('starts, plays, and delivers afterwards what it played, each play once', async () => {
      const first = await PlayerPage.open(context, system.apiUrl, { hubUrl: gate.url });
      deviceId = await first.pairSoon(system.admin);
      const zones = columns(
        [
          ['left', poster.id, other.id],
          ['right', film.id],
        ],
        // Longer than a film takes to be ready on a busy machine.
        3_000,
      );
      const deployed = await deploySchedule(system.admin, 'Offline', zones, { deviceIds: [deviceId] });
      await deploymentReaches(system.admin, deployed, 'applied', 1);
      await first.page.evaluate('navigator.serviceWorker.ready.then(() => undefined)');
      expect(first.troubles).toEqual([]);
      await first.page.close();

      gate.let('shut');
      await context.setOffline(true);
      const alone = await PlayerPage.open(context, system.apiUrl, { hubUrl: gate.url });
      alone.mayComplain(...OFFLINE);
      await alone.reaches('offline');
      await zoneShows(alone, 'right', 'video', film);
      const wentOfflineMs = Date.now();
      const waiting = async (): Promise<number> =>
        alone.page.evaluate<number>(`new Promise((resolve) => {
          const opening = indexedDB.open('podoh-player');
          opening.onsuccess = () => {
            const asked = opening.result.transaction('plays').objectStore('plays').count();
            asked.onsuccess = () => { opening.result.close(); resolve(asked.result); };
          };
        })`);
      await eventually(async () => (await waiting()) >= 4);
      // A reload in the middle: the queue is on disk.
      await alone.page.reload();
      await zoneShows(alone, 'right', 'video', film);
      expect(await waiting()).toBeGreaterThanOrEqual(4);

      await context.setOffline(false);
      gate.let('open');
      await alone.reaches('online');
      await eventually(async () => {
        const rows = await plays();
        return rows.filter((play) => play.started_at >= wentOfflineMs).length >= 4 && (await waiting()) <= 1;
      });
      const rows = await plays();
      expect(new Set(rows.map((play) => play.entry_id)).size).toBe(rows.length);
      // The film's slots follow each other: none was told twice, and none that was told overlaps the next.
      const slots = rows.filter((play) => play.content_id === film.id).toSorted((a, b) => a.started_at - b.started_at);
      for (const [at, slot] of slots.entries()) {
        const next = slots[at + 1];
        if (next !== undefined) expect(slot.started_at + slot.play_ms).toBeLessThanOrEqual(next.started_at + 50);
      }
      expect(alone.troubles).toEqual([]);
      await alone.page.close();
    }, 120_000);

    function plays() {
      return system.parts.db.sql
        .selectFrom('usage_logs')
        .select(['content_id', 'entry_id', 'play_ms', 'started_at'])
        .where('device_id', '=', deviceId)
        .execute();
    }
  });

  describe('whose power is cut', () => {
    const start = systemStarter('embedded');
    const powered = new KillableBrowser(executablePath);
    let system: System;
    let gate: Gate;
    let deviceId: number;
    let large: Uploaded;

    beforeAll(async () => {
      system = await startForBrowsers(start);
      gate = await makeGate(system.hubUrls[0] ?? '');
    });
    afterAll(() => powered.dispose());

    const open = async (context: BrowserContext): Promise<PlayerPage> => {
      const screen = await PlayerPage.open(context, system.apiUrl, { hubUrl: gate.url });
      screen.mayComplain(...OFFLINE);
      return screen;
    };
    const put = async (name: string, zones: Parameters<typeof columns>[0]) =>
      deploySchedule(system.admin, name, columns(zones), { deviceIds: [deviceId] });

    it('in the middle of a download goes on where it was', async () => {
      const screen = await open(await powered.start());
      deviceId = await screen.pairSoon(system.admin);
      large = await uploadPicture(system.admin, 1_600, 1_200);
      const network = await screen.page.context().newCDPSession(screen.page);
      await network.send('Network.enable');
      await network.send('Network.emulateNetworkConditions', {
        offline: false,
        latency: 0,
        downloadThroughput: 1_500_000,
        uploadThroughput: -1,
      });
      const deployed = await put('Large', [['main', large.id]]);
      let held = 0;
      await eventually(async () => {
        held = (await filesHeld(screen)).find(({ sha256 }) => sha256 === large.sha256)?.bytes ?? 0;
        return held >= 1024 * 1024;
      });
      expect(held).toBeLessThan(large.sizeBytes);
      await powered.kill();

      const again = await open(await powered.start());
      const range = await again.page.waitForRequest((request) => request.headers()['range'] !== undefined);
      const [, from = 0] = /^bytes=(\d+)-$/.exec(range.headers()['range'] ?? '') ?? [];
      expect(Number(from)).toBeGreaterThanOrEqual(held);
      expect(Number(from)).toBeLessThan(large.sizeBytes);
      await zoneShows(again, 'main', 'img', large);
      await deploymentReaches(system.admin, deployed, 'applied', 1);
      expect(again.troubles).toEqual([]);
      await powered.kill();
      await withdraw(system.admin, deployed, { deviceIds: [deviceId] });
    }, 120_000);

    it('at any moment of a switch shows the old schedule or the new one, never parts of both', async () => {
      // Pairs of pictures: a screen that shows one of a pair beside one of another is torn.
      const pairs: [string, string][] = [];
      let last: Awaited<ReturnType<typeof put>> | null = null;
      for (let cut = 0; cut < 4; cut += 1) {
        gate.let('open');
        const screen = await open(await powered.start());
        await screen.reaches('online');
        // What was cut off last time has to be there first: the old schedule of this cut is the new one of the cut before.
        if (last !== null) {
          await deploymentReaches(system.admin, last, 'applied', 1);
          await screen.page.locator('#stage[data-playing]').waitFor();
        }
        const [left, right] = [
          await uploadPicture(system.admin, 400, 300),
          await uploadPicture(system.admin, 400, 300),
        ];
        pairs.push([left.sha256, right.sha256]);
        const deployed = await put(`Pair ${cut}`, [
          ['left', left.id],
          ['right', right.id],
        ]);
        if (cut === 0) await deploymentReaches(system.admin, deployed, 'applied', 1);
        else await new Promise((resolve) => setTimeout(resolve, cut * 25));
        await powered.kill();
        if (last !== null) await withdraw(system.admin, last, { deviceIds: [deviceId] });
        last = deployed;

        // Without a network: only what was kept can be shown.
        gate.let('shut');
        const alone = await open(await powered.start());
        await alone.page.locator('#stage[data-playing]').waitFor();
        await eventually(async () => {
          const shown = [await hashShownIn(alone, 'left', 'img'), await hashShownIn(alone, 'right', 'img')];
          expect(pairs).toContainEqual(shown);
          return pairs.slice(-2).some(([one, two]) => one === shown[0] && two === shown[1]);
        });
        expect(alone.troubles).toEqual([]);
        await powered.kill();
      }
    }, 240_000);
  });
});
