/** What is scheduled, from the operator's upload to the glass and back as proof of play; an alert over it, and on it goes. */
import { beforeAll, expect, it } from 'vitest';
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
import {
  columns,
  deploymentReaches,
  deploySchedule,
  filesHeld,
  shownIn,
  uploadFilm,
  uploadPicture,
  withdraw,
  zoneShows,
  type Deployed,
  type Uploaded,
} from './scheduled-screen.ts';

/** As much of a video element as is asked here. */
interface Film {
  readonly currentTime: number;
  readonly paused: boolean;
}

describeWithChromium('a schedule in a browser', (executablePath) => {
  const browser = suiteBrowser(executablePath);

  describeEachAdapterSet('put on a screen', (start) => {
    let system: System;
    let screen: PlayerPage;
    let deviceId: number;
    let poster: Uploaded;
    let other: Uploaded;
    let film: Uploaded;
    let deployed: Deployed;

    beforeAll(async () => {
      system = await startForBrowsers(start);
      screen = await PlayerPage.open(await browser().newContext(), system.apiUrl);
      deviceId = await screen.pairSoon(system.admin);
      poster = await uploadPicture(system.admin);
      other = await uploadPicture(system.admin);
      film = await uploadFilm(system.admin);
    });

    /** What the hub has stored of this screen's plays. */
    function plays() {
      return system.parts.db.sql
        .selectFrom('usage_logs')
        .select(['content_id', 'schedule_id', 'entry_id', 'play_ms', 'alert_deployment_id'])
        .where('device_id', '=', deviceId)
        .execute();
    }

    it('waits calmly while nothing is scheduled', async () => {
      const idle = screen.page.locator('#idle');
      expect(await idle.innerText()).toContain('Nothing is scheduled');
      expect(await idle.innerText()).toContain(`Screen ${deviceId}`);
    });

    it('plays its zones from verified bytes, and the operator sees that it does', async () => {
      const zones = columns(
        [
          ['left', poster.id, other.id],
          ['right', film.id],
        ],
        1_500,
      );
      deployed = await deploySchedule(system.admin, 'Welcome', zones, { deviceIds: [deviceId] });
      await zoneShows(screen, 'left', 'img', poster);
      await zoneShows(screen, 'right', 'video', film);
      const video = shownIn(screen, 'right', 'video');
      await eventually(() => video.evaluate((node) => (node as unknown as Film).currentTime > 0));
      await deploymentReaches(system.admin, deployed, 'applied', 1);
      expect(await screen.page.locator('#playback .zone').count()).toBe(2);
    });

    it('tells what was on glass, each play once', async () => {
      await eventually(async () => {
        const told = await plays();
        return [poster.id, other.id, film.id].every((id) => told.filter((play) => play.content_id === id).length >= 2);
      });
      const told = await plays();
      expect(new Set(told.map((play) => play.entry_id)).size).toBe(told.length);
      expect(new Set(told.map((play) => play.schedule_id))).toEqual(new Set([deployed.scheduleId]));
      for (const play of told) expect(play.play_ms).toBeGreaterThan(0);
    });

    it('is covered by an alert, does not count meanwhile, and goes on after it', async () => {
      const { deploymentId } = await raise(system.admin, { deviceIds: [deviceId], title: 'Leave the building' });
      await screen.shows(deploymentId);
      await ladderReaches(system.admin, deploymentId, 'displayed', 1);
      const video = shownIn(screen, 'right', 'video');
      await eventually(() => video.evaluate((node) => (node as unknown as Film).paused));
      await stopAlert(system.admin, deploymentId);
      await screen.hides(deploymentId);
      await ladderReaches(system.admin, deploymentId, 'cleared', 1);
      await eventually(() => video.evaluate((node) => !(node as unknown as Film).paused));
      await zoneShows(screen, 'left', 'img', poster);
      expect(await screen.showing()).toEqual([]);
    });

    it('shows the content of an alert from what was fetched before it was raised, and tells that it did', async () => {
      const map = await uploadPicture(system.admin);
      const prepared = await system.admin.must<{ id: number }>('POST', '/alerts', {
        name: 'Way out',
        severity: 'warning',
        title: 'Way out',
        message: 'Follow the arrows',
        contentId: map.id,
      });
      await eventually(async () => {
        const held = await filesHeld(screen);
        return held.some(({ sha256, isWhole }) => isWhole && sha256 === map.sha256);
      });
      const { deploymentId } = await system.admin.must<{ deploymentId: number }>('POST', '/alerts/deploy', {
        alertId: prepared.id,
        deviceIds: [deviceId],
      });
      await screen.shows(deploymentId);
      const image = screen.page.locator('.alert-media img');
      await image.waitFor();
      expect(await image.getAttribute('src')).toMatch(/^blob:/);
      await ladderReaches(system.admin, deploymentId, 'displayed', 1);
      await stopAlert(system.admin, deploymentId);
      await screen.hides(deploymentId);
      await eventually(async () =>
        (await plays()).some((play) => play.alert_deployment_id === deploymentId && play.content_id === map.id),
      );
    });

    it.each([
      ['screenshot', {}],
      ['upload_logs', {}],
      ['set_volume', { volume: 20 }],
      ['set_brightness', { brightness: 40 }],
      ['clear_cache', {}],
    ])('does what it is told: %s', async (name, args) => {
      const { commandId } = await system.admin.must<{ commandId: number }>('POST', `/devices/${deviceId}/commands`, {
        name,
        args,
      });
      expect(await commandEnds(system.admin, deviceId, commandId)).toBe('succeeded');
      const { bytes, status } = await system.admin.raw(`/devices/${deviceId}/commands/${commandId}/file`);
      if (name === 'screenshot') expect([status, bytes.length > 1_000]).toEqual([200, true]);
      if (name === 'upload_logs') expect(bytes.toString()).toContain('plays manifest');
      if (name === 'set_brightness')
        expect(
          Number(
            await screen.page
              .locator('#dimmer')
              .evaluate((node) => (node as unknown as { style: { opacity: string } }).style.opacity),
          ),
        ).toBeGreaterThan(0);
      if (name === 'clear_cache') await zoneShows(screen, 'left', 'img', poster);
    });

    it('is taken off again', async () => {
      await withdraw(system.admin, deployed, { deviceIds: [deviceId] });
      await screen.page.locator('#stage:not([data-playing])').waitFor();
      expect(await screen.page.locator('#idle').innerText()).toContain('Nothing is scheduled');
      expect(await commandEnds(system.admin, deviceId, await command(system.admin, deviceId, 'identify'))).toBe(
        'succeeded',
      );
    });

    it('had no trouble in all that', () => {
      expect(screen.troubles).toEqual([]);
    });
  });
});
