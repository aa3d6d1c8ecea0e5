/** Playback without the rest of the player, in a real browser and under the player's own policy: see api/player/playback/testing/stage.ts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Browser, BrowserContext, Frame, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { servePlayer } from '../../api/player/serve.ts';
import type { Layout, Timing } from '../../protocol/schedule.ts';
import type { Manifest } from '../../protocol/sync.ts';
import { eventually } from '../support/eventually.ts';
import { MP4_FILM, WEBM_FILM } from './tiny-films.ts';

const STAGE_FOLDER = fileURLToPath(new URL('../../api/player/playback/testing', import.meta.url));

export interface StageServer {
  readonly url: string;
  /** To answer more addresses: a web page, a stream. */
  readonly app: FastifyInstance;
  /** Every address that was asked for, the player's own files left out. */
  readonly asked: string[];
}

/** Builds the stage and serves it for the suite. `more` adds routes. */
export function suiteStage(more: (app: FastifyInstance) => void = () => undefined): () => StageServer {
  const folder = mkdtempSync(join(tmpdir(), 'podoh-stage-'));
  let server: StageServer | null = null;
  beforeAll(async () => {
    const { build } = await import('vite');
    await build({
      ...{ root: STAGE_FOLDER, base: '/player/', configFile: false, logLevel: 'error', publicDir: false },
      build: {
        ...{ outDir: folder, emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, reportCompressedSize: false },
        modulePreload: { polyfill: false },
        rolldownOptions: { input: join(STAGE_FOLDER, 'stage.html') },
      },
    });
    const app = Fastify();
    const asked: string[] = [];
    app.addHook('onRequest', async (request) => {
      if (!request.url.startsWith('/player/')) asked.push(request.url);
    });
    await app.register(servePlayer, { root: folder, hubUrl: '' });
    more(app);
    server = { url: await app.listen({ host: '127.0.0.1', port: 0 }), app, asked };
  });
  afterAll(async () => {
    await server?.app.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    if (server === null) throw new Error('the stage is there before the first test');
    return server;
  };
}

export interface TestContent {
  readonly type: 'image' | 'video' | 'html' | 'stream';
  /** Stored bytes, or the address of what is not stored. */
  readonly from: Buffer | string;
  readonly mimeType?: string;
  readonly durationMs?: number;
}

export interface TestSchedule {
  readonly layout: Layout;
  readonly timing?: Timing;
  readonly priority?: number;
}

/** Instants of a day of no account, by the wall clock of UTC. */
export const at = (time: string): number => Date.parse(`2026-11-20T${time}Z`);

/** A layout of zones side by side, each 100 x 100. */
export function layoutOf(...zones: readonly Layout['zones'][number]['items'][]): Layout {
  return {
    width: zones.length * 100,
    height: 100,
    zones: zones.map((items, index) => ({ id: `z${index}`, x: index * 100, y: 0, width: 100, height: 100, items })),
  };
}

export class StagePage {
  readonly page: Page;
  readonly #troubles: string[] = [];
  readonly #provoked: RegExp[] = [];
  readonly #contents = new Map<number, TestContent>();

  private constructor(page: Page) {
    this.page = page;
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.#troubles.push(message.text());
    });
    page.on('pageerror', (error) => this.#troubles.push(`exception: ${error.message}`));
  }

  static async open(context: BrowserContext, url: string): Promise<StagePage> {
    const made = new StagePage(await context.newPage());
    await made.page.goto(`${url}/player/stage.html`);
    return made;
  }

  /** What the console complained of and was not provoked. */
  get troubles(): string[] {
    return this.#troubles.filter((trouble) => !this.#provoked.some((pattern) => pattern.test(trouble)));
  }

  mayComplain(...patterns: readonly RegExp[]): void {
    this.#provoked.push(...patterns);
  }

  /** Calls a function of the stage. */
  async call<T = void>(name: string, ...args: readonly unknown[]): Promise<T> {
    return this.page.evaluate<T>(`globalThis.stage.${name}(...${JSON.stringify(args)})`);
  }

  async put(contentId: number, content: TestContent): Promise<void> {
    this.#contents.set(contentId, content);
    if (typeof content.from === 'string') await this.call('link', contentId, content.from);
    else await this.call('put', contentId, content.from.toString('base64'), content.mimeType ?? '');
  }

  /** Plays these schedules, the more important first, with all content that was put. */
  async show(...schedules: readonly TestSchedule[]): Promise<void> {
    const manifest: Manifest = {
      version: 1,
      schedules: schedules.map(({ layout, timing = {}, priority = 0 }, index) => ({
        ...{
          id: index + 1,
          name: `Schedule ${index + 1}`,
          priority,
          layout,
          timing,
          deploymentId: index + 1,
          distance: 0,
        },
      })),
      contentList: [...this.#contents].map(([id, { type, from, mimeType = null, durationMs = null }]) => ({
        ...{ id, type, url: `/media/${id}`, mimeType, durationMs },
        sha256: typeof from === 'string' ? null : 'f'.repeat(64),
        size: typeof from === 'string' ? null : from.length,
      })),
      prefetch: [],
    };
    await this.call('show', manifest);
  }

  /** The clock stands still at this instant. */
  async clockAt(instantMs: number): Promise<void> {
    await this.call('setClock', instantMs, false);
  }

  /** Content of every zone on glass now, in the order of the layout. */
  async showing(): Promise<(number | null)[]> {
    const { zones } = await this.call<{ zones: { contentId: number | null }[] }>('now');
    return zones.map(({ contentId }) => contentId);
  }

  /** Waits until exactly this is on glass. */
  async shows(...contentIds: readonly (number | null)[]): Promise<void> {
    await eventually(async () => JSON.stringify(await this.showing()) === JSON.stringify(contentIds));
  }

  /** What was told of as not showable. */
  async told(): Promise<[number, string][]> {
    return this.page.evaluate<[number, string][]>('globalThis.stage.troubles');
  }

  async plays(): Promise<{ contentId: number; scheduleId: number; startedAt: string; playSeconds: number }[]> {
    return this.page.evaluate('globalThis.stage.plays');
  }

  /** What the first video on glass is at. */
  async video(): Promise<{ time: number; paused: boolean; muted: boolean; loop: boolean; volume: number }> {
    return this.page.evaluate(`(() => {
      const video = document.querySelector('.scene:not([data-waiting]) .layer:not([data-waiting]) video');
      const { currentTime: time, paused, muted, loop, volume } = video;
      return { time, paused, muted, loop, volume };
    })()`);
  }

  /** The frame of the page or bundle on glass. */
  async frame(): Promise<Frame> {
    const marked = (frame: Frame): Promise<boolean> => frame.evaluate<boolean>("document.title === 'Shown'");
    let found: Frame | undefined;
    await eventually(async () => {
      for (const frame of this.page.frames().slice(1)) {
        if (await marked(frame).catch(() => false)) found = frame;
      }
      return found !== undefined;
    });
    if (found === undefined) throw new Error('it was waited for');
    return found;
  }
}

/** A picture of one colour. */
export async function testPicture(background: string): Promise<TestContent> {
  const from = await sharp({ create: { width: 64, height: 64, channels: 3, background } })
    .png()
    .toBuffer();
  return { type: 'image', from, mimeType: 'image/png' };
}

/** Opens empty screens of 400 x 200, each with a storage of its own; they are closed after the test. */
export function suiteStagePages(browser: () => Browser, server: () => StageServer): () => Promise<StagePage> {
  const contexts: BrowserContext[] = [];
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });
  return async () => {
    const context = await browser().newContext({ viewport: { width: 400, height: 200 } });
    contexts.push(context);
    return StagePage.open(context, server().url);
  };
}

/** Opens screens with pictures 1 to 4 (red, green, blue, yellow), a WebM 5 and an MP4 6 on their shelf. */
export function suiteScreens(browser: () => Browser, server: () => StageServer): () => Promise<StagePage> {
  const open = suiteStagePages(browser, server);
  return async () => {
    const page = await open();
    const pictures = await Promise.all(['#ff0000', '#00ff00', '#0000ff', '#ffff00'].map(testPicture));
    const films: TestContent[] = [
      { type: 'video', from: WEBM_FILM, mimeType: 'video/webm', durationMs: 6_000 },
      { type: 'video', from: MP4_FILM, mimeType: 'video/mp4', durationMs: 6_000 },
    ];
    for (const [index, content] of [...pictures, ...films].entries()) await page.put(index + 1, content);
    return page;
  };
}

/** Items of a zone: content, and for how many milliseconds. */
export function itemsOf(
  ...entries: readonly (readonly [contentId: number, durationMs: number])[]
): Layout['zones'][number]['items'] {
  return entries.map(([contentId, durationMs]) => ({ contentId, durationMs }));
}

/** What colour a person would call these pixels of an image in base64. */
export async function pixels(image: string, places: readonly (readonly [number, number])[]): Promise<string[]> {
  const { data, info } = await sharp(Buffer.from(image, 'base64'))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return places.map(([x, y]) => {
    const from = (y * info.width + x) * info.channels;
    const [red = 0, green = 0, blue = 0] = data.subarray(from, from + 3);
    const names = { red, green, blue };
    const strong = Object.entries(names).filter(([, value]) => value > 150);
    if (strong.length === 0) return Math.max(red, green, blue) < 60 ? 'dark' : 'grey';
    return strong.map(([name]) => name).join('+');
  });
}
