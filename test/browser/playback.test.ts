/** Schedules on the glass of a real browser: in step, in order of priority, without a gap. */
import { expect, it } from 'vitest';
import { zoneItemAt } from '../../protocol/zone-playlist.ts';
import { eventually } from '../support/eventually.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { suiteBrowser } from './browser-system.ts';
import { at, itemsOf as items, layoutOf, suiteScreens, suiteStage, testPicture } from './playback-stage.ts';
import { MP4_FILM } from './tiny-films.ts';

describeWithChromium('playback', (executablePath) => {
  const browser = suiteBrowser(executablePath);
  const screen = suiteScreens(browser, suiteStage());

  it('shows the same on every screen at the same time, also on one that comes late', async () => {
    const layout = layoutOf(items([1, 7_000], [2, 5_000], [3, 3_000]), [
      { contentId: 4, durationMs: 4_000 },
      { contentId: 5 },
    ]);
    const screens = [await screen(), await screen()];
    for (const one of screens) {
      await one.clockAt(at('09:00:00'));
      await one.show({ layout });
    }
    const durationOf = (id: number): number | null => (id === 5 ? 6_000 : null);
    for (const instant of ['09:00:00', '09:00:06.9', '09:00:07.1', '09:00:14', '09:00:16', '17:23:42.4'].map(at)) {
      const wanted = layout.zones.map((zone) => zoneItemAt(zone, durationOf, instant)?.item.contentId ?? null);
      if (instant === at('17:23:42.4')) {
        const late = await screen();
        await late.clockAt(instant);
        await late.show({ layout });
        screens.push(late);
      }
      for (const one of screens) await one.clockAt(instant);
      for (const one of screens) await one.shows(...wanted);
    }
    for (const one of screens) {
      expect(await one.call('emptyFrames')).toBe(0);
      expect(await one.told()).toEqual([]);
      expect(one.troubles).toEqual([]);
    }
  });

  it('gives the glass to the schedule whose time it is and that matters most, and back', async () => {
    const one = await screen();
    const always = { layout: layoutOf(items([1, 10_000])), timing: { windows: [{ start: '08:00', end: '20:00' }] } };
    const noon = {
      ...{ layout: layoutOf(items([2, 10_000]), items([3, 10_000])), priority: 5 },
      timing: { windows: [{ start: '12:00', end: '13:00' }] },
    };
    await one.clockAt(at('11:59:59'));
    await one.show(noon, always);
    await one.shows(1);
    // The clock runs over noon by itself, then is set, forwards and backwards.
    await one.call('setClock', at('11:59:59.5'), true);
    await one.shows(2, 3);
    await one.clockAt(at('13:00:00'));
    await one.shows(1);
    await one.clockAt(at('12:30:00'));
    await one.shows(2, 3);
    await one.clockAt(at('20:00:00'));
    await one.shows();
    expect(await one.page.locator('.scene').count()).toBe(0);
    // Eight in the evening here is nine in the morning in New York.
    await one.clockAt(at('14:00:00'));
    await one.shows(1);
    await one.call('setTimezone', 'Asia/Tokyo');
    await one.shows();
    await one.call('setTimezone', 'America/New_York');
    await one.shows(1);
    await one.call('show', null);
    await one.shows();
    expect(one.troubles).toEqual([]);
  });

  it('skips what it cannot show and says so, while other zones go on', async () => {
    const one = await screen();
    await one.put(7, { type: 'image', from: Buffer.from('no picture at all'), mimeType: 'image/png' });
    await one.put(8, { type: 'video', from: MP4_FILM.subarray(0, 700), mimeType: 'video/mp4' });
    await one.clockAt(at('09:00:00'));
    const round = 30_000;
    const start = Math.ceil(at('09:00:00') / round) * round;
    await one.clockAt(start + 1_000);
    await one.show({ layout: layoutOf(items([7, 10_000], [8, 10_000], [2, 10_000]), items([3, 10_000])) });
    // The first two slots belong to what is broken: the third item fills them.
    await one.shows(2, 3);
    const told = new Map(await one.told());
    expect([...told.keys()].toSorted((a, b) => a - b)).toEqual([7, 8]);
    expect(told.get(7)).toMatch(/image cannot be read/);
    await one.put(9, { type: 'image', from: 'http://127.0.0.1:1/none.png' });
    await one.show({ layout: layoutOf(items([99, 10_000]), items([9, 10_000]), items([3, 10_000])) });
    await eventually(
      async () => (await one.told()).some(([id]) => id === 99) && (await one.told()).some(([id]) => id === 9),
    );
    await one.shows(null, null, 3);
    one.mayComplain(/ERR_CONNECTION_REFUSED|ERR_UNSAFE_PORT/);
    expect(one.troubles).toEqual([]);
  });

  it('tries again what is mended when it is given its manifest again', async () => {
    const one = await screen();
    await one.put(7, { type: 'image', from: Buffer.from('damaged'), mimeType: 'image/png' });
    await one.clockAt(at('09:00:00'));
    const layout = layoutOf(items([7, 10_000]));
    await one.show({ layout });
    await eventually(async () => (await one.told()).length === 1);
    expect(await one.showing()).toEqual([null]);
    await one.put(7, await testPicture('#00ff00'));
    await one.show({ layout });
    await one.shows(7);
    expect(one.troubles).toEqual([]);
  });

  it('changes with the transition that the item asks for, with nothing missing in between', async () => {
    const one = await screen();
    const fading = (contentId: number, type: 'fade' | 'slide-left') =>
      ({ contentId, durationMs: 600, transition: { type, durationMs: 200 } }) as const;
    await one.call('setClock', at('09:00:00'), true);
    await one.show({ layout: layoutOf([fading(1, 'fade'), fading(2, 'slide-left'), fading(3, 'fade')]) });
    const seen = new Set<number | null>();
    await eventually(async () => {
      for (const id of await one.showing()) seen.add(id);
      return [1, 2, 3].every((id) => seen.has(id)) && (await one.plays()).length >= 4;
    });
    expect(await one.call('emptyFrames')).toBe(0);
    expect(await one.told()).toEqual([]);
    expect(one.troubles).toEqual([]);
  });

  it('is not interrupted by a new version that looks the same, and keeps the old until the new is ready', async () => {
    const one = await screen();
    await one.clockAt(at('09:00:00'));
    const layout = layoutOf(items([1, 10_000]));
    await one.show({ layout });
    await one.shows(1);
    await one.page.evaluate("document.querySelector('.scene').dataset.mine = ''");
    await one.show({ layout });
    await one.show({ layout, priority: 9 });
    await one.shows(1);
    expect(await one.page.locator('.scene[data-mine]').count()).toBe(1);
    await one.show({ layout: layoutOf(items([2, 10_000])) });
    await one.shows(2);
    expect(await one.page.locator('.scene').count()).toBe(1);
    expect(await one.call('emptyFrames')).toBe(0);
    expect(one.troubles).toEqual([]);
  });
});
