/**
 * The console in a real browser, as an operator uses it: by what is written on it and by roles, not by its inner structure.
 *
 * Everything that goes wrong on the page is kept: errors on its console, exceptions, requests that fail. A test names what it
 * provokes (`mayComplain`) and ends with `troubles` being empty.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { BrowserContext, Locator, Page } from 'playwright-core';

/** Longest wait for something on the page, in milliseconds. */
const WAIT_MS = 20_000;

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** WCAG 2.2, levels A and AA, and what axe calls good practice. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/**
 * Resolves when the page has stood still for a moment: what comes or goes is half there until then, with colours of its own. A menu that
 * closes begins to move only a frame or two later, so that looking for movements alone is not enough.
 */
const SETTLED = `(async () => {
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const moves = (one) => one.playState === 'running' && one.effect?.getComputedTiming().endTime !== Infinity;
  let before = '';
  for (let tries = 0; tries < 40; tries += 1) {
    await pause(75);
    const now = [document.querySelectorAll('*').length, document.getAnimations().filter(moves).length].join();
    if (now === before && now.endsWith(',0')) return;
    before = now;
  }
})()`;

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

export interface OpenConsole {
  readonly username?: string;
  readonly password: string;
  /** Where to go after signing in, below /console, e.g. `/devices?q=lobby`. */
  readonly path?: string;
}

export class ConsolePage {
  readonly page: Page;
  readonly apiUrl: string;
  readonly #troubles: string[] = [];
  readonly #provoked: RegExp[] = [];

  private constructor(page: Page, apiUrl: string) {
    this.page = page;
    this.apiUrl = apiUrl;
    page.setDefaultTimeout(WAIT_MS);
    page.on('console', (message) => {
      if (message.type() === 'error') this.#troubles.push(`console: ${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => this.#troubles.push(`exception: ${error.message}`));
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? 'unknown';
      if (why !== 'net::ERR_ABORTED') this.#troubles.push(`request: ${why} ${request.url()}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) this.#troubles.push(`response: ${response.status()} ${response.url()}`);
    });
  }

  /** Opens the console in a new page and waits for its first sight: the form to sign in, or a page for who is signed in. */
  static async open(context: BrowserContext, apiUrl: string, path = '/'): Promise<ConsolePage> {
    const console = new ConsolePage(await context.newPage(), apiUrl);
    await console.page.goto(`${apiUrl}/console${path}`);
    await console.page.getByRole('heading', { level: 1 }).waitFor();
    return console;
  }

  /** Opens the console and signs in. */
  static async signedIn(context: BrowserContext, apiUrl: string, who: OpenConsole): Promise<ConsolePage> {
    const console = await ConsolePage.open(context, apiUrl, who.path);
    await console.signIn(who.username ?? 'admin', who.password);
    return console;
  }

  async signIn(username: string, password: string): Promise<void> {
    await this.page.getByLabel('Username').fill(username);
    await this.page.getByLabel('Password', { exact: true }).fill(password);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
    await this.page.getByRole('navigation', { name: 'Main navigation' }).waitFor({ state: 'attached' });
  }

  /** Goes to a page as the address bar does; the session is kept. */
  async goTo(path: string): Promise<void> {
    await this.page.goto(`${this.apiUrl}/console${path}`);
    await this.heading().waitFor();
  }

  /** Goes to a page by the navigation. */
  async follow(name: string): Promise<void> {
    await this.page
      .getByRole('navigation', { name: 'Main navigation' })
      .getByRole('link', { name, exact: true })
      .click();
    await this.heading().waitFor();
  }

  heading(): Locator {
    return this.page.getByRole('heading', { level: 1 });
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name, ...(typeof name === 'string' ? { exact: true } : {}) });
  }

  dialog(): Locator {
    return this.page.getByRole('dialog');
  }

  /** Waits until the live feed says that what is shown is as it is now. */
  async isLive(): Promise<void> {
    await this.page.getByRole('status').filter({ hasText: 'Live' }).waitFor({ state: 'attached' });
  }

  /** Waits for a text anywhere on the page. */
  async says(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).first().waitFor();
  }

  /** What axe finds against WCAG 2.2 AA on the page as it stands, in words; none is []. */
  async accessibilityViolations(): Promise<string[]> {
    await this.page.evaluate(SETTLED);
    if (!(await this.page.evaluate<boolean>('"axe" in globalThis'))) await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate<AxeResult>(
      `axe.run(document, { runOnly: ${JSON.stringify(RULES)}, resultTypes: ['violations'] })`,
    );
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id} (${help}): ${html.slice(0, 300)} ${failureSummary}`),
    );
  }

  /** What went wrong and was not provoked. */
  get troubles(): string[] {
    return this.#troubles.filter((trouble) => !this.#provoked.some((pattern) => pattern.test(trouble)));
  }

  /** The test provokes this, from the beginning to the end. */
  mayComplain(...patterns: readonly RegExp[]): void {
    this.#provoked.push(...patterns);
  }
}
