/**
 * `npm run pictures`: a demonstration fleet, an alert on it, and a picture of every main page, light and dark, wide and on a phone, in
 * `pictures/`. With `--readme` the ones that the README shows go to `docs/pictures/` as well. Fails when a page has an error on its console.
 */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { findProgram } from '../support/install-servers.ts';
import { REPOSITORY } from '../support/processes.ts';
import { DEMO_ADMIN, startDemo, type DemoSystem } from './demo-system.ts';
import { CONSOLE_VIEWS, type ConsoleView, type Staged } from './console-views.ts';

const OUT = join(REPOSITORY, 'pictures');
const README_OUT = join(REPOSITORY, 'docs/pictures');
/** What the README shows. */
const README_PICTURES = [
  'alert-board-wide-light',
  'alert-wide-dark',
  'raise-phone-light',
  'player-wide',
  'player-alert-wide',
];

const FORMATS = [
  { name: 'wide', viewport: { width: 1440, height: 900 }, deviceScaleFactor: 1 },
  { name: 'phone', viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
] as const;
const SCHEMES = ['light', 'dark'] as const;
/** What moves has come to rest after this, in milliseconds. */
const SETTLE_MS = 900;

const troubles: string[] = [];

function watch(page: Page, name: string): void {
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(`${name}: ${message.text()}`);
  });
  page.on('pageerror', (error) => troubles.push(`${name}: ${error.message}`));
}

async function save(page: Page, name: string): Promise<void> {
  await sleep(SETTLE_MS);
  await page.screenshot({ path: join(OUT, `${name}.png`), animations: 'disabled' });
  console.log(`pictures/${name}.png`);
}

async function signIn(context: BrowserContext, apiUrl: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${apiUrl}/console/`);
  await page.getByLabel('Username').fill(DEMO_ADMIN.username);
  await page.getByLabel('Password', { exact: true }).fill(DEMO_ADMIN.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Main navigation' }).waitFor({ state: 'attached' });
  return page;
}

async function takeView(page: Page, view: ConsoleView, staged: Staged, apiUrl: string, suffix: string): Promise<void> {
  await page.goto(`${apiUrl}/console${view.path(staged)}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' });
  await view.prepare?.(page);
  await save(page, `${view.name}-${suffix}`);
}

async function takeConsole(browser: Browser, demo: DemoSystem, staged: Staged): Promise<void> {
  for (const format of FORMATS)
    for (const colorScheme of SCHEMES) {
      const { name, ...screen } = format;
      const context = await browser.newContext({ ...screen, colorScheme, reducedMotion: 'reduce' });
      const page = await signIn(context, demo.apiUrl);
      for (const view of CONSOLE_VIEWS) {
        watch(page, view.name);
        await takeView(page, view, staged, demo.apiUrl, `${name}-${colorScheme}`);
        page.removeAllListeners('console');
        page.removeAllListeners('pageerror');
      }
      await context.close();
    }
}

/** A player of its own: its code, its programme, an alert over it. */
async function takePlayer(browser: Browser, demo: DemoSystem): Promise<void> {
  const { admin, groupIds } = demo.fleet;
  for (const { name, ...screen } of FORMATS) {
    const context = await browser.newContext({ ...screen, deviceScaleFactor: 1 });
    const page = await context.newPage();
    watch(page, 'player');
    await page.goto(`${demo.apiUrl}/player/`);
    const shown = page.getByTestId('pairing-code').filter({ visible: true, hasText: /\w{4}-\w{4}/ });
    const code = (await shown.textContent()) ?? '';
    await save(page, `player-pairing-${name}`);
    const groupId = groupIds.get('Library');
    await admin.must('POST', '/devices/pair', { code, name: `Library window (${name})`, groupId });
    await page.evaluate("dispatchEvent(new Event('online'))");
    await page.locator('body[data-phase=online]').waitFor();
    await page.locator('[data-zone-id] img:visible, [data-zone-id] video:visible').first().waitFor();
    await save(page, `player-${name}`);
    await page.keyboard.press('d');
    await save(page, `player-diagnostics-${name}`);
    await page.keyboard.press('d');
    const alert = { severity: 'critical', title: 'Fire alarm', message: 'Leave the building by the nearest exit.' };
    const { deploymentId } = await admin.must('POST', '/alerts/deploy', { alert, groupIds: [groupId] });
    await page.locator(`[data-deployment-id="${deploymentId}"]`).waitFor();
    await save(page, `player-alert-${name}`);
    await admin.must('POST', '/alerts/stop', { deploymentId });
    await context.close();
  }
}

/** What the pictures show beyond the demonstration fleet: alerts now and before. */
async function stage(demo: DemoSystem): Promise<Staged> {
  const { admin, groupIds, online, contentIds } = demo.fleet;
  const prepared = await admin.must<{ id: number; name: string }[]>('GET', '/alerts');
  const fire = prepared.find(({ name }) => name === 'Fire')?.id;
  const raise = async (body: object) => admin.must<{ deploymentId: number }>('POST', '/alerts/deploy', body);
  const drill = await raise({ alertId: fire, groupIds: [groupIds.get('South Campus')], drill: true });
  await sleep(1_000);
  await admin.must('POST', '/alerts/stop', { deploymentId: drill.deploymentId });
  const alert = { severity: 'info', title: 'Lift out of order', message: 'Please take the stairs.' };
  await raise({ alert, groupIds: [groupIds.get('Administration')], expiresInSeconds: 14_400 });
  const everywhere = [groupIds.get('North Campus'), groupIds.get('South Campus')];
  const { deploymentId } = await raise({ alertId: fire, groupIds: everywhere, expiresInSeconds: 3_600 });
  await sleep(2_000);
  const [schedule] = await admin.must<{ id: number }[]>('GET', '/schedules?sort=id');
  return {
    deploymentId,
    deviceId: online[0]?.deviceId ?? 0,
    contentId: contentIds[0] ?? 0,
    scheduleId: schedule?.id ?? 0,
  };
}

const executablePath = findProgram('chromium');
if (executablePath === null)
  throw new Error('pictures are taken with Chromium, which is missing (Debian package chromium)');
rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
const demo = await startDemo();
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
try {
  await takePlayer(browser, demo);
  await takeConsole(browser, demo, await stage(demo));
  if (process.argv.includes('--readme')) {
    mkdirSync(README_OUT, { recursive: true });
    for (const name of README_PICTURES) copyFileSync(join(OUT, `${name}.png`), join(README_OUT, `${name}.png`));
  }
} finally {
  await browser.close();
  await demo.stop();
}
for (const trouble of troubles) console.error(trouble);
process.exitCode = troubles.length === 0 ? 0 : 1;
