/** What an operator does to put content on screens in these tests, and what a person in front of one then sees. */
import { randomBytes } from 'node:crypto';
import type { Locator } from 'playwright-core';
import sharp from 'sharp';
import { smallFilm } from '../../api/content/testing/sample-files.ts';
import type { ApiClient } from '../support/api-client.ts';
import { eventually } from '../support/eventually.ts';
import type { PlayerPage } from './player-page.ts';

export interface Uploaded {
  readonly id: number;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Uploads a file and waits until it may be shown. */
async function upload(operator: ApiClient, bytes: Buffer, fileName: string): Promise<Uploaded> {
  const form = new FormData();
  form.set('file', new Blob([Uint8Array.from(bytes)]), fileName);
  const { id } = await operator.upload<{ id: number }>('/content', form);
  let found: { status: string; sha256: string; sizeBytes: number } | null = null;
  await eventually(async () => {
    found = await operator.must('GET', `/content/${id}`);
    return found?.status === 'ready';
  });
  const { sha256 = '', sizeBytes = 0 } = found ?? {};
  return { id, sha256, sizeBytes };
}

/** A picture of noise, like no other; PNG, which cannot make noise smaller: three bytes a pixel. */
export async function uploadPicture(operator: ApiClient, width = 64, height = 48): Promise<Uploaded> {
  const noise = sharp(randomBytes(width * height * 3), { raw: { width, height, channels: 3 } });
  return upload(operator, await noise.png().toBuffer(), 'noise.png');
}

/** A film of one second. */
export function uploadFilm(operator: ApiClient): Promise<Uploaded> {
  return upload(operator, smallFilm(), 'film.mp4');
}

/** One zone: its id, and the contents that follow each other in it. */
export type ZoneContents = readonly [zoneId: string, ...contentIds: number[]];

/** A layout of columns of the same width. */
export function columns(zones: readonly ZoneContents[], itemMs?: number): object {
  const width = Math.floor(1920 / zones.length);
  return {
    width: 1920,
    height: 1080,
    zones: zones.map(([id, ...contentIds], at) => ({
      ...{ id, x: at * width, y: 0, width, height: 1080 },
      items: contentIds.map((contentId) => ({ contentId, ...(itemMs === undefined ? {} : { durationMs: itemMs }) })),
    })),
  };
}

export interface Deployed {
  readonly scheduleId: number;
  readonly deploymentId: number;
}

/** Makes a schedule that is always on and deploys it. */
export async function deploySchedule(
  operator: ApiClient,
  name: string,
  layout: object,
  targets: { readonly groupIds?: readonly number[]; readonly deviceIds?: readonly number[] },
): Promise<Deployed> {
  const { id } = await operator.must<{ id: number }>('POST', '/schedules', { name, priority: 5, layout, timing: {} });
  const { deploymentId } = await operator.must<{ deploymentId: number }>('POST', `/schedules/${id}/deploy`, targets);
  return { scheduleId: id, deploymentId };
}

/** Takes a schedule off its screens. */
export async function withdraw(
  operator: ApiClient,
  { scheduleId }: Deployed,
  targets: { readonly groupIds?: readonly number[]; readonly deviceIds?: readonly number[] },
): Promise<void> {
  await operator.must('POST', `/schedules/${scheduleId}/withdraw`, targets);
}

export type ProgressState = 'pending' | 'received' | 'applied' | 'failed';

/** Waits until so many screens say this of a deployment: what an operator sees of it. */
export async function deploymentReaches(
  operator: ApiClient,
  { scheduleId, deploymentId }: Deployed,
  state: ProgressState,
  count: number,
): Promise<void> {
  await eventually(async () => {
    const { progress } = await operator.must('GET', `/schedules/${scheduleId}/deployments/${deploymentId}`);
    return progress[state] === count;
  });
}

/** What a screen says of its manifest. */
export async function saidOfSchedule(
  operator: ApiClient,
  deviceId: number,
): Promise<{ scheduleVersion?: number; scheduleState?: string; scheduleReason?: string }> {
  const { reported } = await operator.must('GET', `/devices/${deviceId}/state`);
  return reported?.status ?? {};
}

/** The element that shows the content of a zone now, from bytes that are stored in the browser. */
export function shownIn({ page }: PlayerPage, zoneId: string, tag: 'img' | 'video'): Locator {
  return page.locator(`#playback [data-zone-id="${zoneId}"] .layer:not([data-waiting]) ${tag}[src^="blob:"]`).last();
}

/** SHA-256 of what the element of a zone shows, read in the page as it is read for showing. */
export async function hashShownIn(screen: PlayerPage, zoneId: string, tag: 'img' | 'video'): Promise<string> {
  return shownIn(screen, zoneId, tag).evaluate(async (node) => {
    const bytes = await (await fetch((node as unknown as { src: string }).src)).arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  });
}

/** Waits until the zone shows exactly these bytes. */
export async function zoneShows(
  screen: PlayerPage,
  zoneId: string,
  tag: 'img' | 'video',
  { sha256 }: Pick<Uploaded, 'sha256'>,
): Promise<void> {
  await shownIn(screen, zoneId, tag).waitFor();
  await eventually(async () => {
    const count = await shownIn(screen, zoneId, tag).count();
    return count > 0 && (await hashShownIn(screen, zoneId, tag)) === sha256;
  });
}

export interface HeldFile {
  readonly sha256: string;
  readonly bytes: number;
  readonly isWhole: boolean;
}

/** What the page has stored of media. */
export function filesHeld({ page }: PlayerPage): Promise<HeldFile[]> {
  return page.evaluate<HeldFile[]>(`new Promise((resolve, reject) => {
    const opening = indexedDB.open('podoh-player');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const asked = opening.result.transaction('files').objectStore('files').getAll();
      asked.onsuccess = () => {
        opening.result.close();
        resolve(asked.result.map(({ sha256, bytes, isWhole }) => ({ sha256, bytes, isWhole })));
      };
    };
  })`);
}
