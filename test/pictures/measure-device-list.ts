/**
 * `npm run measure:console -- [screens]`: how the console behaves with 5,000 screens, in Chromium, on a Podoh of its own with
 * throwaway data. It prints the longest task of the page while the list of screens is scrolled through, searched, filtered and sorted,
 * what the first load weighs, and how often the ladder of an alert to all of them moves. Build the console first.
 */
import { gzipSync } from 'node:zlib';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type Browser, type Page, type Response } from 'playwright-core';
import { RestClient } from '../../loadtest/rest-client.ts';
import { percentile, rounded } from '../../loadtest/statistics.ts';
import { findProgram } from '../support/install-servers.ts';
import { DEMO_ADMIN, startDemo } from './demo-system.ts';
import { SpreadFleet } from './spread-fleet.ts';

/** Screens confirm the alert within so many milliseconds. */
const SPREAD_MS = 10_000;
const LADDER_MS = 60_000;
/** Pixels of one turn of the wheel, and the time between two. */
const WHEEL_PIXELS = 1_200;
const WHEEL_PAUSE_MS = 25;
const TYPE_PAUSE_MS = 90;
/** What a page does after an act, until it is looked at again. */
const SETTLE_MS = 1_500;

/** Runs in the page before its own code: keeps every task that blocked it for 50 ms or more (W3C Long Tasks). */
const KEEP_LONG_TASKS = `{
  globalThis.longTasks = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) globalThis.longTasks.push(duration);
  }).observe({ type: 'longtask', buffered: true });
}`;

/** Runs in the page: notes when the ladder says something else. */
const KEEP_LADDER = `{
  globalThis.ladderMoves = [];
  const ladder = document.querySelector('ol.ladder');
  let said = ladder.textContent;
  new MutationObserver(() => {
    if (ladder.textContent === said) return;
    said = ladder.textContent;
    globalThis.ladderMoves.push(performance.now());
  }).observe(ladder, { childList: true, characterData: true, subtree: true });
}`;

async function signIn(page: Page): Promise<void> {
  await page.getByLabel('Username').fill(DEMO_ADMIN.username);
  await page.getByLabel('Password', { exact: true }).fill(DEMO_ADMIN.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Main navigation' }).waitFor();
}

async function openPage(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(KEEP_LONG_TASKS);
  return page;
}

/** Bytes of the console's own files, gzipped, until somebody can sign in, and until the overview stands. */
async function measureFirstLoad(browser: Browser, apiUrl: string): Promise<object[]> {
  const page = await openPage(browser);
  const files: Promise<readonly [string, number]>[] = [];
  const weigh = async (response: Response): Promise<readonly [string, number]> => [
    new URL(response.url()).pathname,
    gzipSync(await response.body(), { level: 9 }).length,
  ];
  page.on('response', (response) => {
    if (new URL(response.url()).pathname.startsWith('/console') && response.ok()) files.push(weigh(response));
  });
  const total = async (what: string): Promise<object> => {
    await sleep(SETTLE_MS);
    const byFile = new Map(await Promise.all(files));
    const bytes = [...byFile.values()].reduce((sum, one) => sum + one, 0);
    const scripts = [...byFile].filter(([path]) => !path.endsWith('.woff2')).reduce((sum, [, one]) => sum + one, 0);
    return { what, files: byFile.size, 'kB gzip': rounded(bytes / 1000), 'without fonts': rounded(scripts / 1000) };
  };
  await page.goto(`${apiUrl}/console/`);
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  const first = await total('until signing in');
  await signIn(page);
  const second = await total('with the overview');
  await page.context().close();
  return [first, second];
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds: on the clock, and of the thread's own time. */
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** The longest task of the page's main thread in its own time, in milliseconds: what others take of the machine is not in it. */
function longestCpuMs(trace: Buffer): number {
  const { traceEvents } = JSON.parse(trace.toString('utf8')) as { traceEvents: TraceEvent[] };
  const isMain = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const tasks = traceEvents.filter(
    ({ name, pid, tid }) => name === 'ThreadControllerImpl::RunTask' && isMain.has(`${pid} ${tid}`),
  );
  return rounded(tasks.reduce((longest, { tdur = 0 }) => Math.max(longest, tdur), 0) / 1000);
}

interface ListFigures {
  readonly what: string;
  readonly 'longest in CPU time ms': number;
  readonly 'tasks over 50 ms': number;
  readonly 'longest task ms': number | string;
}

async function measureList(browser: Browser, apiUrl: string, screens: number): Promise<ListFigures[]> {
  const page = await openPage(browser);
  await page.goto(`${apiUrl}/console/devices`);
  await signIn(page);
  await page.getByRole('table', { name: 'Screens' }).waitFor();
  await sleep(SETTLE_MS);
  const figures: ListFigures[] = [];
  const during = async (what: string, act: () => Promise<void>): Promise<void> => {
    await page.evaluate('globalThis.longTasks.length = 0');
    await browser.startTracing(page, { categories: ['toplevel'] });
    await act();
    await sleep(SETTLE_MS);
    const cpuMs = longestCpuMs(await browser.stopTracing());
    const tasks = await page.evaluate<number[]>('globalThis.longTasks');
    const longest = tasks.length === 0 ? 'under 50' : rounded(Math.max(...tasks));
    figures.push({
      what,
      'tasks over 50 ms': tasks.length,
      'longest task ms': longest,
      'longest in CPU time ms': cpuMs,
    });
  };
  const search = page.getByLabel('Search by name or player id');
  await during(`scrolling through ${screens}`, async () => {
    await page.mouse.move(700, 600);
    for (let at = 0; at < 2 * screens; at += 1) {
      await page.mouse.wheel(0, WHEEL_PIXELS);
      await sleep(WHEEL_PAUSE_MS);
      if (await page.evaluate<boolean>('scrollY + innerHeight >= document.documentElement.scrollHeight - 2')) break;
    }
  });
  await during('jumping from end to end', async () => {
    for (const key of ['Home', 'End', 'Home', 'End', 'Home']) {
      await page.keyboard.press(key);
      await sleep(400);
    }
  });
  await during('typing a search', () => search.pressSequentially('simulated 12', { delay: TYPE_PAUSE_MS }));
  await during('taking it back', async () => {
    for (let at = 0; at < 12; at += 1) await search.press('Backspace', { delay: TYPE_PAUSE_MS });
  });
  await during('sorting', async () => {
    await page.getByRole('button', { name: 'Sort by Screen' }).click();
    await sleep(SETTLE_MS);
    await page.getByRole('button', { name: 'Sort by Last seen' }).click();
  });
  await during('filtering by presence', async () => {
    await page.getByRole('combobox', { name: 'Presence' }).or(page.getByLabel('Presence')).first().click();
    await page.getByRole('option', { name: 'Online', exact: true }).click();
  });
  await during('selecting all', () => page.getByRole('checkbox', { name: /Select all/ }).check());
  await page.context().close();
  return figures;
}

async function measureLadder(browser: Browser, apiUrl: string, rest: RestClient, groupId: number): Promise<object> {
  const page = await openPage(browser);
  const told: number[] = [];
  let deploymentId = 0;
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => {
      const text = String(payload);
      if (text.includes('"type":"ladder"') && text.includes(`"deploymentId":${deploymentId},`))
        told.push(performance.now());
    }),
  );
  await page.goto(`${apiUrl}/console/alerts`);
  await signIn(page);
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor({ state: 'attached' });
  const started = await rest.post<{ deploymentId: number; targets: { online: number } }>('/alerts/deploy', {
    alert: { severity: 'critical', title: 'Measurement', message: 'This is a measurement.' },
    ...{ groupIds: [groupId], drill: true, expiresInSeconds: 600 },
  });
  ({ deploymentId } = started);
  const askedAtMs = performance.now();
  await page.goto(`${apiUrl}/console/alerts/${deploymentId}`);
  await page.locator('ol.ladder').waitFor();
  await page.evaluate(KEEP_LADDER);
  await page.evaluate('globalThis.longTasks.length = 0');
  let displayed = 0;
  while (displayed < started.targets.online && performance.now() - askedAtMs < LADDER_MS) {
    await sleep(500);
    ({ displayed } = (await rest.get<{ ladder: { displayed: number } }>(`/alerts/deployments/${deploymentId}`)).ladder);
  }
  await sleep(SETTLE_MS);
  const moves = await page.evaluate<number[]>('globalThis.ladderMoves');
  const tasks = await page.evaluate<number[]>('globalThis.longTasks');
  await rest.post('/alerts/stop', { deploymentId });
  await page.context().close();
  const gaps = moves.slice(1).map((at, index) => at - (moves[index] ?? at));
  const seconds = ((moves.at(-1) ?? 0) - (moves[0] ?? 0)) / 1000;
  return {
    online: started.targets.online,
    displayed,
    'feed messages': told.length,
    'ladder moved': moves.length,
    'times a second': rounded((moves.length - 1) / seconds),
    'gap p50 ms': Math.round(percentile(gaps, 50)),
    'gap max ms': Math.round(Math.max(...gaps)),
    'longest task ms': tasks.length === 0 ? 'under 50' : rounded(Math.max(...tasks)),
  };
}

const screens = Number(process.argv[2] ?? 5_000);
const executablePath = findProgram('chromium');
if (executablePath === null) throw new Error('there is no Chromium here');
const demo = await startDemo({ screensEach: 1 });
const rest = new RestClient(demo.apiUrl);
await rest.login(DEMO_ADMIN.username, DEMO_ADMIN.password);
const { id: groupId } = await rest.post<{ id: number }>('/groups', { name: 'Measured' });
const credentials = await rest.importDevices('measured', screens, groupId, ['identify']);
const fleet = new SpreadFleet({ hubUrl: demo.hubUrl, credentials, spreadMs: SPREAD_MS });
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
try {
  await fleet.connect();
  console.log(`${screens} simulated screens are connected`);
  console.table(await measureFirstLoad(browser, demo.apiUrl));
  console.table(await measureList(browser, demo.apiUrl, screens));
  console.table([await measureLadder(browser, demo.apiUrl, rest, groupId)]);
} finally {
  await browser.close();
  fleet.close();
  await demo.stop();
}
process.exit(0);
