/**
 * The player page in a real browser, as a person in front of the screen and a technician at its console see it.
 *
 * Everything that goes wrong on the page is kept: errors on its console, exceptions, requests of its own that fail. A test
 * names what it provokes (`mayComplain`) and ends with `troubles` being empty. What the page itself gives up is no failure.
 */
import type { BrowserContext, Locator, Page } from 'playwright-core';
import type { ApiClient } from '../support/api-client.ts';
import { eventually } from '../support/eventually.ts';

export type PagePhase = 'pairing' | 'online' | 'fallback' | 'offline';

/** What a browser says of a hub that it cannot reach: for `mayComplain`. */
export const NO_WAY_TO_HUB = [
  /net::ERR_(EMPTY_RESPONSE|CONNECTION_\w+|SOCKET_NOT_CONNECTED|INTERNET_DISCONNECTED)/,
  /WebSocket connection to .* failed/,
];

/** Longest wait for something on the page, in milliseconds. */
const WAIT_MS = 20_000;

/** As the contract has it shown: Crockford's base32. */
const CODE = /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/;

/** Runs in the page before its own code: notes every alert that is ever put into the document, from then on for ever. */
const NOTE_ALERTS = `{
  const seen = new Set();
  globalThis.podohTestSeen = seen;
  const note = (node) => {
    if (!(node instanceof Element)) return;
    for (const alert of [node, ...node.querySelectorAll('[data-deployment-id]')])
      if (alert.dataset.deploymentId !== undefined) seen.add(Number(alert.dataset.deploymentId));
  };
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) note(node);
  }).observe(document, { childList: true, subtree: true });
}`;

/** Full jitter that draws low: the way back to the hub is tried soon, and still less often after every failure. */
const SHORT_WAITS = 'Math.random = () => 0.1;';

export interface OpenOptions {
  /** Where the page is to look for the hub; default: where its server says. */
  readonly hubUrl?: string;
  /** Script that runs before the page's own. */
  readonly before?: string;
}

export class PlayerPage {
  readonly page: Page;
  /** Addresses of the page's own documents, one per load. */
  readonly loads: string[] = [];
  readonly #troubles: string[] = [];
  readonly #provoked: RegExp[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(WAIT_MS);
    page.on('console', (message) => {
      if (message.type() === 'error') this.#troubles.push(`console: ${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => this.#troubles.push(`exception: ${error.message}`));
    page.on('crash', () => this.#troubles.push('crash'));
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? 'unknown';
      if (why !== 'net::ERR_ABORTED') this.#troubles.push(`request: ${why} ${request.url()}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) this.#troubles.push(`response: ${response.status()} ${response.url()}`);
    });
    page.on('domcontentloaded', () => this.loads.push(page.url()));
  }

  /** Opens the player of this API in a new page of the context, which is the screen's storage. */
  static async open(context: BrowserContext, apiUrl: string, options: OpenOptions = {}): Promise<PlayerPage> {
    const player = new PlayerPage(await context.newPage());
    await player.page.addInitScript(NOTE_ALERTS + SHORT_WAITS + (options.before ?? ''));
    const query = options.hubUrl === undefined ? '' : `?hub=${encodeURIComponent(options.hubUrl)}`;
    await player.page.goto(`${apiUrl}/player/${query}`);
    return player;
  }

  /** What went wrong and was not provoked. */
  get troubles(): string[] {
    return this.#troubles.filter((trouble) => !this.#provoked.some((pattern) => pattern.test(trouble)));
  }

  /** The test provokes this, from the beginning to the end. */
  mayComplain(...patterns: readonly RegExp[]): void {
    this.#provoked.push(...patterns);
  }

  /** The pairing code on the screen, once there is one; its text is what a person reads. */
  async code(): Promise<string> {
    const shown = this.page.getByTestId('pairing-code').filter({ visible: true, hasText: CODE });
    return (await shown.textContent()) ?? '';
  }

  /** Has an operator enter the code, and waits until the page is online, in its own time; returns the device's id. */
  async pair(operator: ApiClient, device: { name?: string; groupId?: number } = {}): Promise<number> {
    const { id } = await operator.must<{ id: number }>('POST', '/devices/pair', { code: await this.code(), ...device });
    await this.reaches('online');
    return id;
  }

  /** The same for a test of something else: the page is made to ask before its next poll is due. */
  async pairSoon(operator: ApiClient): Promise<number> {
    const { id } = await operator.must<{ id: number }>('POST', '/devices/pair', { code: await this.code() });
    await this.page.evaluate("dispatchEvent(new Event('online'))");
    await this.reaches('online');
    return id;
  }

  async reaches(phase: PagePhase): Promise<void> {
    await this.page.locator(`body[data-phase=${phase}]`).waitFor();
  }

  async phase(): Promise<string> {
    return (await this.page.locator('body').getAttribute('data-phase')) ?? '';
  }

  alert(deploymentId: number): Locator {
    return this.page.locator(`[data-deployment-id="${deploymentId}"]`);
  }

  async shows(deploymentId: number): Promise<void> {
    await this.alert(deploymentId).waitFor({ state: 'visible' });
  }

  async hides(deploymentId: number): Promise<void> {
    await this.alert(deploymentId).waitFor({ state: 'detached' });
  }

  /** Deployments on the screen now, as they stand from the top. */
  async showing(): Promise<number[]> {
    const alerts = await this.page.locator('[data-deployment-id]:visible').all();
    return Promise.all(alerts.map(async (alert) => Number(await alert.getAttribute('data-deployment-id'))));
  }

  /** Deployments that were ever in the document since it was loaded, however shortly. */
  async everShown(): Promise<number[]> {
    return this.page.evaluate<number[]>('[...globalThis.podohTestSeen]');
  }

  /** What the page keeps under a part of its storage (`credential`, `screen`, ...), parsed. */
  async kept<T>(part: string): Promise<T | null> {
    const script = `Object.entries(localStorage).find(([key]) => key.endsWith(':${part}'))?.[1] ?? null`;
    const text = await this.page.evaluate<string | null>(script);
    return text === null ? null : (JSON.parse(text) as T);
  }

  /** Waits until the hub has confirmed every receipt the page had to give. */
  async hasNothingToReport(): Promise<void> {
    await eventually(async () => {
      const queue = await this.kept<{ entries: { state: string }[] }>('receipts');
      return queue !== null && queue.entries.every((entry) => entry.state === 'acknowledged');
    });
  }
}
