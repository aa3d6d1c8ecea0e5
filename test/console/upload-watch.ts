/** What of an upload in parts goes over the wire from a page, and a hand on it: parts can be held back or cut off. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page, Request } from 'playwright-core';
import { eventually } from '../support/eventually.ts';

/** The number of the part that a request sends, to an address of ours or of S3; null for other requests. */
function partOf(request: Request): number | null {
  if (request.method() !== 'PUT') return null;
  const { searchParams } = new URL(request.url());
  const part = searchParams.get('part') ?? searchParams.get('partNumber');
  return part === null ? null : Number(part);
}

export class UploadWatch {
  /** Parts that were taken, in the order of the answers; one that was sent twice is there twice. */
  readonly taken: number[] = [];
  /** Decides over a part before it leaves: `cut` breaks its connection off, `hold` keeps it for ever. */
  decide: (part: number) => Promise<'go' | 'cut' | 'hold'> = async () => 'go';

  /** Watches all requests of the page from now on. */
  static async on(page: Page): Promise<UploadWatch> {
    const watch = new UploadWatch();
    page.on('response', (response) => {
      const part = partOf(response.request());
      if (part !== null && response.ok()) watch.taken.push(part);
    });
    await page.route(
      (url) => url.searchParams.has('part') || url.searchParams.has('partNumber'),
      async (route) => {
        const part = partOf(route.request());
        const decision = part === null ? 'go' : await watch.decide(part);
        if (decision === 'cut') await route.abort('internetdisconnected');
        else if (decision === 'go') await route.continue();
      },
    );
    return watch;
  }

  /** Forgets what was taken and lets everything go again. */
  reset(): void {
    this.taken.length = 0;
    this.decide = async () => 'go';
  }

  /** From now on a part after the first two is treated so, once those have been taken. */
  afterTwo(decision: 'cut' | 'hold'): void {
    this.decide = async (part) => {
      if (part <= 2) return 'go';
      await eventually(() => this.taken.includes(1) && this.taken.includes(2));
      return decision;
    };
  }

  async tookTwo(): Promise<void> {
    await eventually(() => this.taken.includes(1) && this.taken.includes(2));
  }
}

/** Files on disk, which keep their time of change when they are chosen again. */
export class ChosenFiles {
  readonly #folder = mkdtempSync(join(tmpdir(), 'podoh-chosen-'));

  /** Writes one and gives its path. */
  write(name: string, bytes: Buffer | string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, bytes);
    return path;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
