/** What operators make and others send, in a frame: HTML that may run and may do no harm, streams that come and go. */
import { strToU8, zipSync } from 'fflate';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { describeWithChromium } from '../support/server-suites.ts';
import { suiteBrowser } from './browser-system.ts';
import {
  at,
  layoutOf,
  pixels,
  suiteStage,
  suiteStagePages,
  type StagePage,
  type TestContent,
} from './playback-stage.ts';
import { HLS_PLAYLIST, HLS_SEGMENTS, WEBM_FILM } from './tiny-films.ts';

/** What a page tries that it must not: each in its own way, each noted. */
const HOSTILE = `
  const tried = {};
  const attempt = async (name, act) => {
    try {
      tried[name] = String(await act());
    } catch (error) {
      tried[name] = 'refused ' + error.name;
    }
  };
  const leak = (name) => location.ancestorOrigins[0] + '/leak/' + name;
  const loaded = (element, name) => new Promise((resolve, reject) => {
    element.onload = () => resolve('loaded');
    element.onerror = () => reject(new TypeError('blocked'));
    element.src = leak(name);
    document.body.append(element);
  });
  globalThis.hostile = (async () => {
    await attempt('parent', () => parent.document.title);
    await attempt('top', () => top.document.title);
    await attempt('stage', () => top.stage.plays);
    await attempt('storage', () => localStorage.length);
    await attempt('cookie', () => document.cookie);
    await attempt('database', () => new Promise((resolve, reject) => {
      const open = indexedDB.open('podoh');
      open.onsuccess = () => resolve('opened');
      open.onerror = () => reject(open.error);
    }));
    await attempt('worker', () => navigator.serviceWorker.register('/player/x.js'));
    await attempt('fetch', () => fetch(leak('fetch'), { mode: 'no-cors' }));
    // It never says whether it got through: the server knows.
    navigator.sendBeacon(leak('beacon'));
    await attempt('image', () => loaded(new Image(), 'image'));
    await attempt('script', () => loaded(document.createElement('script'), 'script'));
    await attempt('socket', () => new Promise((resolve, reject) => {
      const socket = new WebSocket(leak('socket').replace('http', 'ws'));
      socket.onopen = () => resolve('open');
      socket.onerror = () => reject(new TypeError('blocked'));
    }));
    await attempt('popup', () => { if (open(leak('popup')) === null) throw new TypeError('blocked'); });
    await attempt('topNavigation', () => { top.location.href = leak('top'); });
    return tried;
  })();
`;

/** A bundle that names its files in every way that is understood; all but the picture. */
const MANY_FILES = {
  'index.html': `<!doctype html><html><head><title>Shown</title><base href="https://example.com/">
            <link rel="stylesheet" href="css/main.css" integrity="sha256-x" crossorigin>
            <script src="js/classic.js"></script><script type="module" src="/js/main.mjs"></script></head>
            <body style="margin:0"><img id="still" src="./img/green%20box.png"><div id="styled"></div></body></html>`,
  'css/main.css':
    '@import "more.css"; #styled { position: fixed; inset: 0 0 0 50%; background: url("../img/green box.png") }',
  'css/more.css': 'body { background: rgb(255, 0, 0) }',
  'js/classic.js': 'globalThis.classic = true;',
  'js/main.mjs': `import { half } from './lib/half.mjs';
            globalThis.half = half;
            const { name } = await (await fetch('data/words.json')).json();
            globalThis.fetched = name;
            const image = new Image();
            image.src = 'img/green box.png';
            await image.decode();
            globalThis.drawn = image.naturalWidth;
            globalThis.asked = await new Promise((done) => {
              const request = new XMLHttpRequest();
              request.open('GET', './data/words.json');
              request.onload = () => done(request.responseText);
              request.send();
            });
            globalThis.lazy = (await import('./lib/lazy.mjs')).default;`,
  'js/lib/half.mjs': "import { whole } from '../whole.mjs'; export const half = whole / 2;",
  'js/lib/lazy.mjs': 'export default new URL("./x.png", import.meta.url).pathname;',
  'js/whole.mjs': 'export const whole = 84;',
  'data/words.json': '{"name":"words with </script> inside"}',
};

/** What Chromium says when a policy or a sandbox stops something: each is provoked here. */
const STOPPED = [
  /Content Security Policy/,
  /sandbox|Blocked (opening|autofocusing|a frame)|Unsafe attempt/i,
  /Failed to load resource|net::ERR|WebSocket connection/,
  /Refused to/,
  /AudioContext|interest-cohort/,
];

describeWithChromium('pages and streams', (executablePath) => {
  const browser = suiteBrowser(executablePath);
  let isStreamUp = true;
  const server = suiteStage((app) => {
    app.get('/web/page.html', (_request, reply) =>
      reply.type('text/html').send(`<!doctype html><title>Shown</title><body><script>${HOSTILE}</script>`),
    );
    app.get('/live/film.webm', (_request, reply) =>
      isStreamUp ? reply.type('video/webm').send(WEBM_FILM) : reply.code(503).send(),
    );
    app.get('/live/film.m3u8', (_request, reply) =>
      reply.type('application/vnd.apple.mpegurl').header('access-control-allow-origin', '*').send(HLS_PLAYLIST),
    );
    app.get('/live/film.m4s', (request, reply) => {
      const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
      const [from, to] = [Number(range?.[1] ?? 0), Number(range?.[2] ?? HLS_SEGMENTS.length - 1)];
      return reply
        .code(range === null ? 200 : 206)
        .type('video/mp4')
        .header('access-control-allow-origin', '*')
        .header('content-range', `bytes ${from}-${to}/${HLS_SEGMENTS.length}`)
        .send(HLS_SEGMENTS.subarray(from, to + 1));
    });
  });

  const open = suiteStagePages(browser, server);

  async function screen(...contents: readonly TestContent[]): Promise<StagePage> {
    const page = await open();
    for (const [index, content] of contents.entries()) await page.put(index + 1, content);
    await page.clockAt(at('09:00:00'));
    return page;
  }

  const html = (page: string): TestContent => ({ type: 'html', from: Buffer.from(page), mimeType: 'text/html' });
  const bundle = (files: Readonly<Record<string, string | Uint8Array>>): TestContent => ({
    type: 'html',
    from: Buffer.from(
      zipSync(
        Object.fromEntries(
          Object.entries(files).map(([name, data]) => [name, typeof data === 'string' ? strToU8(data) : data]),
        ),
      ),
    ),
    mimeType: 'application/zip',
  });
  const leaks = (): string[] => server().asked.filter((address) => address.startsWith('/leak/'));

  describe('a stored bundle', () => {
    it('shows its own files, whichever way it names them', async () => {
      const green = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#00ff00' } })
        .png()
        .toBuffer();
      const one = await screen(bundle({ ...MANY_FILES, 'img/green box.png': green }));
      await one.show({ layout: layoutOf([{ contentId: 1, durationMs: 10_000 }]) });
      await one.shows(1);
      const frame = await one.frame();
      await eventually(async () => (await frame.evaluate('globalThis.lazy')) !== undefined);
      expect(
        await frame.evaluate(
          '({ classic, half, fetched, drawn, lazy, still: document.querySelector("#still").naturalWidth })',
        ),
      ).toEqual({
        ...{
          classic: true,
          half: 42,
          fetched: 'words with </script> inside',
          drawn: 8,
          lazy: '/js/lib/x.png',
          still: 8,
        },
      });
      expect(await frame.evaluate('asked')).toContain('inside');
      // What a person sees: red, and the right half green.
      const image = (await one.page.screenshot()).toString('base64');
      expect(
        await pixels(image, [
          [130, 150],
          [270, 150],
        ]),
      ).toEqual(['red', 'green']);
      // What a picture of ours can have of a frame: that it is one.
      expect(
        await pixels(await one.call<string>('shot', 400, 200), [
          [110, 20],
          [290, 180],
        ]),
      ).toEqual(['grey', 'grey']);
      expect(await one.told()).toEqual([]);
      expect(one.troubles).toEqual([]);
    });

    it('reaches neither the player, nor its storage, nor any network', async () => {
      const page = `<!doctype html><title>Shown</title><meta http-equiv="refresh" content="1;url=/leak/refresh">
        <link rel="stylesheet" href="${server().url}/leak/style"><img src="${server().url}/leak/markup">
        <iframe src="${server().url}/leak/frame"></iframe><body><script>${HOSTILE}</script>`;
      for (const content of [bundle({ 'index.html': page }), html(page)]) {
        const one = await screen(content);
        one.mayComplain(...STOPPED);
        await one.show({ layout: layoutOf([{ contentId: 1, durationMs: 10_000 }]) });
        await one.shows(1);
        const frame = await one.frame();
        const tried = await frame.evaluate<Record<string, string>>('hostile');
        expect(Object.keys(tried)).toHaveLength(13);
        expect(Object.entries(tried).filter(([, outcome]) => !outcome.startsWith('refused'))).toEqual([]);
        // It goes away by itself, which is a way out, too.
        await frame
          .evaluate(`{ location.href = ${JSON.stringify(`${server().url}/leak/away`)} }`)
          .catch(() => undefined);
        expect(leaks()).toEqual([]);
        expect(one.page.url()).toBe(`${server().url}/player/stage.html`);
        expect(one.troubles).toEqual([]);
      }
    });

    it.each<[string, Buffer, RegExp]>([
      ['damaged', Buffer.from('PK\u0003\u0004 and nothing more'), /damaged/],
      ['without a page', Buffer.from(zipSync({ 'a.txt': strToU8('a') })), /no index\.html/],
      [
        'whose modules go round in a circle',
        Buffer.from(
          zipSync({
            'index.html': strToU8('<script type="module" src="a.js"></script>'),
            'a.js': strToU8("import './b.js'"),
            'b.js': strToU8("import './a.js'"),
          }),
        ),
        /circle/,
      ],
    ])('that is %s is skipped and told', async (_label, from, reason) => {
      const one = await screen({ type: 'html', from, mimeType: 'application/zip' });
      await one.show({ layout: layoutOf([{ contentId: 1, durationMs: 10_000 }]) });
      await eventually(async () => (await one.told()).length > 0);
      expect((await one.told())[0]?.[1]).toMatch(reason);
      expect(one.troubles).toEqual([]);
    });
  });

  it('a page of the web has the web, and not the player', async () => {
    expect(leaks()).toEqual([]);
    const one = await screen({ type: 'html', from: `${server().url}/web/page.html` });
    one.mayComplain(...STOPPED);
    await one.show({ layout: layoutOf([{ contentId: 1, durationMs: 10_000 }]) });
    await one.shows(1);
    const tried = await (await one.frame()).evaluate<Record<string, string>>('hostile');
    for (const name of ['parent', 'top', 'stage', 'storage', 'cookie', 'database', 'worker', 'popup', 'topNavigation'])
      expect([name, tried[name]]).toEqual([name, expect.stringMatching(/^refused/)]);
    // The control of the test above: what is tried there does arrive where it may.
    await eventually(() => ['fetch', 'beacon', 'image', 'script'].every((name) => leaks().includes(`/leak/${name}`)));
    expect(one.page.url()).toBe(`${server().url}/player/stage.html`);
    expect(one.troubles).toEqual([]);
  });

  it('a stream plays, says that it is away when it is, and comes back', async () => {
    isStreamUp = true;
    const one = await screen(
      { type: 'stream', from: `${server().url}/live/film.webm` },
      { type: 'stream', from: 'rtsp://127.0.0.1/1' },
    );
    one.mayComplain(/503|Failed to load resource/);
    await one.show({
      layout: layoutOf([{ contentId: 1, durationMs: 10_000 }], [{ contentId: 2, durationMs: 10_000 }]),
    });
    await one.shows(1, null);
    const card = one.page.locator('.stream-card');
    await card.waitFor({ state: 'hidden' });
    await eventually(async () => (await one.video()).time > 0.2);
    expect(await one.told()).toEqual([[2, expect.stringContaining('cannot play streams of this kind')]]);
    // It ends, which a live stream does not: what was on glass so far is a play, and the card takes its place.
    isStreamUp = false;
    await card.waitFor({ state: 'visible' });
    await eventually(async () => (await one.told()).length === 2);
    expect((await one.told())[1]).toEqual([1, 'the stream ended']);
    await eventually(async () => (await one.plays()).length === 1);
    isStreamUp = true;
    await card.waitFor({ state: 'hidden' });
    await eventually(async () => (await one.video()).time > 0.2);
    await one.shows(1, null);
    expect(one.troubles).toEqual([]);
  });

  it.each([
    ['by the browser itself', ''],
    [
      'by hls.js where the browser cannot',
      `const real = HTMLMediaElement.prototype.canPlayType;
       HTMLMediaElement.prototype.canPlayType = function (type) {
         return /mpegurl/i.test(type) ? '' : real.call(this, type);
       };`,
    ],
  ])('HLS plays %s', async (_label, before) => {
    const one = await screen({ type: 'stream', from: `${server().url}/live/film.m3u8` });
    await one.page.evaluate(before);
    await one.show({ layout: layoutOf([{ contentId: 1, durationMs: 10_000 }]) });
    await one.shows(1);
    await eventually(async () => (await one.video()).time > 0.2);
    const source = await one.page.evaluate<string>("document.querySelector('video').currentSrc");
    expect(source).toMatch(before === '' ? /^http/ : /^blob:/);
    expect(await one.told()).toEqual([]);
    expect(one.troubles).toEqual([]);
  });

  it('a page that nobody answers for is skipped, and no word of the browser shown', async () => {
    const one = await screen({ type: 'html', from: 'http://127.0.0.1:9/' });
    one.mayComplain(/net::ERR/);
    await one.show({ layout: layoutOf([{ contentId: 1, durationMs: 10_000 }]) });
    await eventually(async () => (await one.told()).length > 0);
    expect(await one.told()).toEqual([[1, 'the page on the web cannot be reached']]);
    expect(await one.showing()).toEqual([null]);
    expect(one.troubles).toEqual([]);
  });
});
