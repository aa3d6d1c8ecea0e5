/** The published contract as a person reads it: /docs in a real browser, under its own content security policy. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithChromium } from '../support/server-suites.ts';
import { systemStarter, type System } from '../support/system.ts';
import { suiteBrowser } from './browser-system.ts';

/** Longest wait for something on the page, in milliseconds. */
const WAIT_MS = 30_000;

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
}

describeWithChromium('the documentation', (executablePath) => {
  const browser = suiteBrowser(executablePath);
  const start = systemStarter('embedded');
  let system: System;
  let page: Page;
  let ids: string[];
  const troubles: string[] = [];
  beforeAll(async () => {
    system = await start();
    const document = (await (await fetch(`${system.apiUrl}/openapi.json`)).json()) as Document;
    ids = Object.values(document.paths).flatMap((item) => Object.values(item).map((one) => one.operationId));
    page = await browser().newPage();
    page.setDefaultTimeout(WAIT_MS);
    page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()));
    page.on('pageerror', (error) => troubles.push(String(error)));
    page.on('requestfailed', (request) => troubles.push(request.url()));
    await page.goto(`${system.apiUrl}/docs`);
    await page.locator('.opblock').first().waitFor();
  });
  afterAll(() => page.close());

  it('shows every operation of the document', async () => {
    expect(ids.length).toBeGreaterThan(70);
    const shown = await page.locator('.opblock').evaluateAll((blocks) => blocks.map((block) => block.id));
    const operations = shown.map((id) => id.slice(id.lastIndexOf('-') + 1));
    expect(new Set(operations)).toEqual(new Set(ids));
    expect(operations.length).toBe(ids.length);
  });

  it('shows what an operation takes and answers, with examples', async () => {
    const block = page.locator('#operations-alerts-deployAlert');
    await block.locator('.opblock-summary-control').click();
    const text = await block.locator('.opblock-body').innerText();
    for (const part of ['Idempotency-Key', 'Leave the building', '201', '409', '429']) expect(text).toContain(part);
  });

  it('can try an operation out on the same server', async () => {
    const block = page.locator('#operations-operations-checkLive');
    await block.locator('.opblock-summary-control').click();
    await block.getByRole('button', { name: 'Try it out' }).click();
    await block.getByRole('button', { name: 'Execute' }).click();
    const answer = block.locator('.live-responses-table tbody .response-col_description').first();
    await answer.waitFor();
    expect(await answer.innerText()).toContain('"status": "live"');
  });

  it('was allowed all that it needed, and nothing else of the API is allowed more', async () => {
    expect(troubles).toEqual([]);
    const policyOf = async (path: string) => (await fetch(system.apiUrl + path)).headers.get('content-security-policy');
    expect(await policyOf('/docs')).toContain("default-src 'none'");
    expect(await policyOf('/docs')).toContain("script-src 'self';");
    expect(await policyOf('/health/live')).toContain("default-src 'self'");
  });
});
