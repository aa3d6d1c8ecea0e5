/** Films on the glass of a real browser, what is counted as a play, and pictures of the screen. */
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { suiteBrowser } from './browser-system.ts';
import { at, itemsOf as items, layoutOf, pixels, suiteScreens, suiteStage, type StagePage } from './playback-stage.ts';

describeWithChromium('films, plays and pictures', (executablePath) => {
  const browser = suiteBrowser(executablePath);
  const screen = suiteScreens(browser, suiteStage());

  it.each([
    ['WebM', 5],
    ['MP4 with H.264', 6],
  ])('plays %s, in step with its slot, looped where it is shorter', async (_label, film) => {
    const one = await screen();
    // Slots of 20 s: the film of 6 s is looped; 16.5 s into it, it is at 4.5 s, which is blue.
    const start = Math.ceil(at('09:00:00') / 20_000) * 20_000;
    await one.clockAt(start + 16_500);
    await one.show({ layout: layoutOf(items([film, 20_000])) });
    await one.shows(film);
    await eventually(async () => (await one.video()).time > 4.6);
    expect(await one.video()).toMatchObject({ paused: false, muted: true, loop: true });
    const [pixel] = await pixels(await one.call<string>('shot', 400, 200), [[200, 100]]);
    expect(pixel).toEqual('blue');
    await one.call('setVolume', 40);
    await eventually(async () => Math.abs((await one.video()).volume - 0.4) < 0.01);
    // Covered it stands; afterwards it is where the others are.
    await one.call('pause');
    expect((await one.video()).paused).toBe(true);
    await one.clockAt(start + 1_000);
    await one.call('resume');
    await eventually(async () => !(await one.video()).paused && (await one.video()).time < 3);
    expect(one.troubles).toEqual([]);
  });

  it('gives a video up that stands still, and the zone to the next item', async () => {
    const one = await screen();
    const round = 7_200_000;
    await one.clockAt(Math.ceil(at('09:00:00') / round) * round);
    await one.show({ layout: layoutOf(items([5, round / 2], [1, round / 2])) });
    await one.shows(5);
    // As a decoder does that hangs: it claims to play.
    await one.page.evaluate("document.querySelector('video').playbackRate = 0");
    await one.shows(1);
    expect(await one.told()).toEqual([[5, 'the video stands still']]);
    expect(await one.call('emptyFrames')).toBe(0);
    expect(one.troubles).toEqual([]);
  });

  it('tells what was on glass and for how long, and nothing that was covered', async () => {
    const one = await screen();
    await one.clockAt(at('09:00:01'));
    await one.show({ layout: layoutOf(items([1, 10_000], [2, 10_000])) });
    const [first] = await shownFirst(one);
    const second = first === 1 ? 2 : 1;
    await one.page.evaluate(
      'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))))',
    );
    await one.call('pause');
    expect(await one.plays()).toMatchObject([
      { contentId: first, scheduleId: 1, startedAt: '2026-11-20T09:00:01.000Z' },
    ]);
    // Its slot ends under the alert: the next item is on when the alert goes.
    await one.clockAt(at('09:00:12'));
    await one.call('resume');
    await one.shows(second);
    await eventually(async () => {
      await one.call('pause');
      await one.call('resume');
      return (await one.plays()).some(({ contentId }) => contentId === second);
    });
    // What was on before may have been seen again until the next one was ready: that is another play, and no time under the alert.
    const starts = new Set((await one.plays()).slice(1).map(({ startedAt }) => startedAt));
    expect([...starts]).toEqual(['2026-11-20T09:00:12.000Z']);
    await one.call('stop');
    expect(await one.page.locator('.scene').count()).toBe(0);
    for (const { playSeconds } of await one.plays()) expect(playSeconds).toBeGreaterThan(0);
    expect(one.troubles).toEqual([]);
  });

  it('counts nothing while the page is hidden', async () => {
    const one = await screen();
    await one.clockAt(at('09:00:00'));
    await one.show({ layout: layoutOf(items([1, 10_000])) });
    await one.shows(1);
    const turn = (state: 'hidden' | 'visible'): Promise<void> =>
      one.page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));`);
    for (const count of [1, 2]) {
      await eventually(async () => {
        await turn('hidden');
        if ((await one.plays()).length === count) return true;
        await turn('visible');
        return false;
      });
      // Hidden it stays one play, and shown again it is another.
      await turn('hidden');
      expect(await one.plays()).toHaveLength(count);
      await turn('visible');
    }
    expect(one.troubles).toEqual([]);
  });

  it('a picture of the screen has the right colours in the right places, in the proportions of the layout', async () => {
    const one = await screen();
    await one.clockAt(Math.ceil(at('09:00:00') / 6_000) * 6_000 + 500);
    // Three zones in a row on a screen of 400 x 200: the canvas is 400 x 133, with a bar above and one below.
    await one.show({ layout: layoutOf(items([1, 10_000]), items([2, 10_000]), [{ contentId: 5 }]) });
    await one.shows(1, 2, 5);
    const image = await one.call<string>('shot', 800, 400);
    const { width, height, format } = await sharp(Buffer.from(image, 'base64')).metadata();
    expect({ width, height, format }).toEqual({ width: 800, height: 400, format: 'jpeg' });
    const places: [number, number][] = [
      [130, 200],
      [400, 200],
      [660, 200],
      [400, 20],
      [400, 390],
    ];
    // The film is twice as wide as high: it is contained in the middle of its square.
    expect(await pixels(image, places)).toEqual(['red', 'green', 'red', 'dark', 'dark']);
    expect(await pixels(image, [[660, 90]])).toEqual(['dark']);
    expect(one.troubles).toEqual([]);
  });
});

async function shownFirst(one: StagePage): Promise<(number | null)[]> {
  await eventually(async () => (await one.showing())[0] != null);
  return one.showing();
}
