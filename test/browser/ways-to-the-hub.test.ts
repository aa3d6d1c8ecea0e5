/** A page whose way to the hub is bad: no WebSockets, a hub that dies and comes back, an origin that the hub does not know. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { removeFolder, throwawayFolder } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { Program } from '../support/processes.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { ADMIN, describeEachAdapterSet, systemStarter, type System } from '../support/system.ts';
import {
  command,
  commandEnds,
  commandState,
  gateMaker,
  ladderReaches,
  raise,
  startForBrowsers,
  stopAlert,
  suiteBrowser,
} from './browser-system.ts';
import type { Gate } from './gate.ts';
import { NO_WAY_TO_HUB, PlayerPage } from './player-page.ts';

const PORTRAIT = { width: 1080, height: 1920 };

/** Runs in the page before its own code: notes when it asks to be registered, on its own monotonic clock. */
const NOTE_REGISTRATIONS = `{
  const ask = globalThis.fetch;
  globalThis.podohTestAsked = [];
  globalThis.fetch = (address, init) => {
    if (String(address).endsWith('/sync/register')) globalThis.podohTestAsked.push(performance.now());
    return ask(address, init);
  };
}`;

describeWithChromium('a page and its way to the hub', (executablePath) => {
  const browser = suiteBrowser(executablePath);
  const makeGate = gateMaker();

  describeEachAdapterSet('through a bad network', (start) => {
    let system: System;
    let gate: Gate;
    let screen: PlayerPage;
    let deviceId: number;

    beforeAll(async () => {
      system = await startForBrowsers(start);
      gate = await makeGate(system.hubUrls[0] ?? '');
      screen = await PlayerPage.open(await browser().newContext(), system.apiUrl, { hubUrl: gate.url });
      screen.mayComplain(...NO_WAY_TO_HUB);
      deviceId = await screen.pairSoon(system.admin);
    });

    it('lives by heartbeats where WebSockets are blocked, and goes back to the socket when they are not', async () => {
      gate.let('no-upgrades');
      await screen.reaches('fallback');
      await eventually(async () => (await system.admin.must('GET', `/devices/${deviceId}`)).transport === 'http');
      const first = await raise(system.admin, { deviceIds: [deviceId] });
      await screen.shows(first.deploymentId);
      await ladderReaches(system.admin, first.deploymentId, 'displayed', 1);
      const second = await raise(system.admin, { deviceIds: [deviceId], severity: 'info' });
      await screen.shows(second.deploymentId);
      await stopAlert(system.admin, first.deploymentId);
      await screen.hides(first.deploymentId);
      await ladderReaches(system.admin, first.deploymentId, 'cleared', 1);
      expect(await screen.phase()).toBe('fallback');

      gate.let('open');
      await screen.reaches('online');
      expect(await screen.showing()).toEqual([second.deploymentId]);
      await eventually(async () => (await system.admin.must('GET', `/devices/${deviceId}`)).transport === 'websocket');
      await stopAlert(system.admin, second.deploymentId);
      await screen.hides(second.deploymentId);
    });

    it('keeps showing what it has while it is cut off, and converges afterwards [INV-1]', async () => {
      const kept = await raise(system.admin, { deviceIds: [deviceId], title: 'Kept' });
      const stopped = await raise(system.admin, {
        deviceIds: [deviceId],
        severity: 'warning',
        title: 'Stopped meanwhile',
      });
      for (const { deploymentId } of [kept, stopped]) await screen.shows(deploymentId);
      gate.let('shut');
      await screen.reaches('offline');
      await stopAlert(system.admin, stopped.deploymentId);
      const raised = await raise(system.admin, { deviceIds: [deviceId], severity: 'info', title: 'Raised meanwhile' });
      expect(await screen.showing()).toEqual([kept.deploymentId, stopped.deploymentId]);

      gate.let('open');
      await screen.reaches('online');
      await screen.shows(raised.deploymentId);
      await screen.hides(stopped.deploymentId);
      expect(await screen.showing()).toEqual([kept.deploymentId, raised.deploymentId]);
      await ladderReaches(system.admin, raised.deploymentId, 'displayed', 1);
      expect(screen.loads.length).toBe(1);
      expect(screen.troubles).toEqual([]);
    });

    it('restarts once when it is told to, even when its acknowledgement is lost and it is told again', async () => {
      const loads = screen.loads.length;
      gate.let('deaf');
      const restart = await command(system.admin, deviceId, 'restart_app');
      await eventually(() => screen.loads.length > loads);
      expect(await commandState(system.admin, deviceId, restart)).toBe('pending');
      gate.let('open');
      await screen.reaches('online');
      expect(await commandEnds(system.admin, deviceId, restart)).toBe('succeeded');
      // A later command is done by the same page: the one before did not come again.
      const identify = await command(system.admin, deviceId, 'identify');
      expect(await commandEnds(system.admin, deviceId, identify)).toBe('succeeded');
      expect(screen.loads.length).toBe(loads + 1);
      expect(screen.troubles).toEqual([]);
    });
  });

  describe('when Podoh is killed and started again', () => {
    const folder = throwawayFolder('browser');
    let podoh: Program | null = null;
    afterAll(async () => {
      await podoh?.stop();
      removeFolder(folder);
    });

    it('goes on showing, comes back by itself, and is told what is new', async () => {
      const [apiPort, hubPort] = [await freePort(), await freePort()];
      const apiUrl = `http://127.0.0.1:${apiPort}`;
      podoh = new Program({
        entry: 'api/main-embedded.ts',
        env: {
          API_HOST: '127.0.0.1',
          API_PORT: String(apiPort),
          HUB_HOST: '127.0.0.1',
          HUB_PORT: String(hubPort),
          PODOH_DATA_DIR: folder,
          PODOH_ADMIN_PASSWORD: ADMIN.password,
        },
        urls: [apiUrl, `http://127.0.0.1:${hubPort}`],
      });
      await podoh.start();
      const operator = new ApiClient(apiUrl);
      await operator.login(ADMIN.username, ADMIN.password);
      const screen = await PlayerPage.open(await browser().newContext(), apiUrl);
      screen.mayComplain(...NO_WAY_TO_HUB);
      const deviceId = await screen.pairSoon(operator);
      const first = await raise(operator, { deviceIds: [deviceId] });
      await screen.shows(first.deploymentId);
      await ladderReaches(operator, first.deploymentId, 'displayed', 1);

      await podoh.kill9();
      await screen.reaches('offline');
      expect(await screen.showing()).toEqual([first.deploymentId]);
      await podoh.start();
      await screen.reaches('online');
      expect(await screen.showing()).toEqual([first.deploymentId]);
      const second = await raise(operator, { deviceIds: [deviceId], severity: 'warning' });
      await screen.shows(second.deploymentId);
      await stopAlert(operator, first.deploymentId);
      await screen.hides(first.deploymentId);
      await ladderReaches(operator, second.deploymentId, 'displayed', 1);
      expect(screen.loads.length).toBe(1);
      expect(screen.troubles).toEqual([]);
    }, 90_000);
  });

  describe('from an origin that the hub does not know', () => {
    const start = systemStarter('embedded');

    it('says so calmly, asks ever more rarely, and does not reload', async () => {
      const system = await startForBrowsers(start, { PODOH_ALLOWED_ORIGINS: 'https://signage.example' });
      const context = await browser().newContext({ viewport: PORTRAIT });
      const screen = await PlayerPage.open(context, system.apiUrl, { before: NOTE_REGISTRATIONS });
      screen.mayComplain(/CORS policy/, /sync\/register/);
      let askedAtMs: number[] = [];
      await eventually(async () => {
        askedAtMs = await screen.page.evaluate<number[]>('globalThis.podohTestAsked');
        return askedAtMs.length >= 3;
      });
      const [first = 0, second = 0, third = 0] = askedAtMs;
      // A timer may be late and is never early: these are the shortest waits of pairing.ts with the page's draw of 0.1.
      expect(second - first).toBeGreaterThan(690);
      expect(third - second).toBeGreaterThan(890);
      const words = await screen.page.locator('#pairing').innerText();
      expect(words).toContain(`Hub ${system.hubUrls[0]} does not accept pages from this address`);
      const { x = -1, width = 0 } = (await screen.page.locator('#pairing-code').boundingBox()) ?? {};
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x + width).toBeLessThanOrEqual(PORTRAIT.width);
      expect(await screen.phase()).toBe('pairing');
      expect(screen.loads.length).toBe(1);
      expect(screen.troubles).toEqual([]);
    });

    it('keeps a paired screen as it is, and finds back', async () => {
      const system = await startForBrowsers(start);
      const stranger = await startForBrowsers(start, { PODOH_ALLOWED_ORIGINS: 'https://signage.example' });
      const gate = await makeGate(system.hubUrls[0] ?? '');
      const screen = await PlayerPage.open(await browser().newContext(), system.apiUrl, { hubUrl: gate.url });
      screen.mayComplain(...NO_WAY_TO_HUB, /CORS policy/, /net::ERR_FAILED/);
      const deviceId = await screen.pairSoon(system.admin);
      const { deploymentId } = await raise(system.admin, { deviceIds: [deviceId] });
      await screen.shows(deploymentId);

      const refused = screen.page.waitForEvent('console', (message) => message.text().includes('CORS policy'));
      gate.leadTo(stranger.hubUrls[0] ?? '');
      await refused;
      expect(await screen.phase()).toBe('offline');
      expect(await screen.showing()).toEqual([deploymentId]);
      gate.leadTo(system.hubUrls[0] ?? '');
      await screen.reaches('online');
      expect(await screen.showing()).toEqual([deploymentId]);
      expect(screen.loads.length).toBe(1);
      expect(screen.troubles).toEqual([]);
    });
  });
});
