/**
 * What a CMS of any make does with nothing but the OpenAPI document: groups and users, an image and a video, a schedule on a screen,
 * what the screen then fetches and reports, and the report in all four formats; and what the outside is told of an alert. In
 * production form with the files in S3 and the events in SNS.
 */
import { createHash } from 'node:crypto';
import { afterAll, describe, expect, inject, it, vi } from 'vitest';
import { picture, smallFilm } from '../api/content/testing/sample-files.ts';
import { isSignedWith, startWebhookReceiver, type WebhookReceiver } from '../hub/notify/testing/webhook-receiver.ts';
import { SNS_TOPIC_ARN, startSns } from '../hub/notify/testing/sns-server.ts';
import { startS3, useS3Credentials } from '../hub/objects/testing/s3-server.ts';
import { eventually } from './support/eventually.ts';
import { OpenApiClient } from './support/openapi-client.ts';
import { ADMIN, systemStarter, type AdapterSet, type StartSystem, type System } from './support/system.ts';
import { TestDevice } from './support/test-device.ts';

const OPERATOR = { username: 'site-manager', password: 'a password of the manager' };

interface Outside {
  readonly env: Readonly<Record<string, string>>;
  /** Kinds of the events that the topic was told, in order; null without a topic. */
  readonly told: (() => string[]) | null;
  stop(): Promise<void>;
}

async function production(): Promise<Outside> {
  useS3Credentials();
  const s3 = await startS3();
  const sns = await startSns({ keyId: 'S3RVER', secretKey: 'S3RVER' });
  return {
    env: {
      S3_BUCKET: s3.bucket,
      S3_ENDPOINT: s3.endpoint,
      SNS_TOPIC_ARN,
      SNS_ENDPOINT: sns.endpoint,
    },
    told: () => sns.messages.map(({ body }) => (JSON.parse(body) as { kind: string }).kind),
    async stop() {
      await sns.stop();
      await s3.stop();
      vi.unstubAllEnvs();
    },
  };
}

const embedded: Outside = { env: {}, told: null, stop: async () => undefined };

/** A player as its maker would write it: follows the manifest's addresses from the hub that it knows, and checks what it gets. */
async function fetchMedia(hubUrl: string, address: string, sha256: string): Promise<Buffer> {
  const response = await fetch(new URL(address, hubUrl));
  expect(response.status).toBe(200);
  const bytes = Buffer.from(await response.arrayBuffer());
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
  return bytes;
}

/** Everything on one stage: who acts, on which screen, with which media. */
interface Stage {
  readonly system: System;
  readonly hubUrl: string;
  readonly outside: Outside;
  readonly webhook: WebhookReceiver;
  readonly webhookSecret: string;
  readonly manager: OpenApiClient;
  readonly siteId: number;
  readonly device: TestDevice;
}

/** What was uploaded: an image and a video, with their bytes. */
interface Media {
  readonly poster: { readonly id: number; readonly bytes: Buffer };
  readonly tour: { readonly id: number; readonly bytes: Buffer };
}

async function setStage(start: StartSystem, outside: Outside, webhook: WebhookReceiver): Promise<Stage> {
  const system = await start({
    env: { ...outside.env, PODOH_PRIVATE_WEBHOOKS: 'allow', PODOH_UNCONFIRMED_SECONDS: '1' },
  });
  const hubUrl = system.hubUrls[0] ?? '';
  const admin = await OpenApiClient.of(system.apiUrl);
  await admin.login(ADMIN.username, ADMIN.password);
  const site = await admin.must('createGroup', { body: { name: 'Site' } });
  const lobby = await admin.must('createGroup', { body: { name: 'Lobby', parentId: site.id } });
  await admin.must('createUser', { body: { ...OPERATOR, role: 'manager', groupIds: [site.id] } });
  const hook = await admin.must('createWebhook', {
    body: { name: 'Guards', url: webhook.url, events: ['alert.started', 'alert.stopped', 'alert.unconfirmed'] },
  });
  const manager = await OpenApiClient.of(system.apiUrl);
  await manager.login(OPERATOR.username, OPERATOR.password);
  const device = await pairedScreen(hubUrl, manager, lobby.id);
  return { system, hubUrl, outside, webhook, webhookSecret: hook.secret, manager, siteId: site.id, device };
}

/** A player shows its code, the manager enters it, the player collects its credential and connects. */
async function pairedScreen(hubUrl: string, manager: OpenApiClient, groupId: number): Promise<TestDevice> {
  const register = async (body: object) => {
    const response = await fetch(new URL('/api/v1/sync/register', hubUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return ((await response.json()) as { data: Record<string, string> }).data;
  };
  const { pairingCode, pollSecret } = await register({ playerId: 'lobby-1' });
  await manager.must('pairDevice', { body: { code: pairingCode, name: 'Lobby screen', groupId } });
  const { deviceId, credential = '' } = await register({ playerId: 'lobby-1', pollSecret });
  const device = new TestDevice(hubUrl, { deviceId: Number(deviceId), credential });
  await device.connect();
  await device.until('welcome', () => device.of('welcome').length === 1);
  return device;
}

/** An image through the API, a video straight to where the files are. */
async function uploadMedia({ manager, system, siteId }: Stage): Promise<Media> {
  const image = await picture('png');
  const form = new FormData();
  form.set('name', 'Welcome');
  form.set('file', new Blob([Uint8Array.from(image)], { type: 'image/png' }), 'welcome.png');
  const poster = await manager.must('createContent', { form });
  expect(poster).toMatchObject({ type: 'image', status: 'ready', width: 320, height: 200, groupId: siteId });

  const film = smallFilm();
  const upload = await manager.must('createUpload', {
    body: { name: 'Tour', fileName: 'tour.mp4', sizeBytes: film.length, mimeType: 'video/mp4' },
  });
  const sent = await fetch(new URL(upload.url, system.apiUrl), {
    method: upload.method,
    headers: upload.headers,
    body: Uint8Array.from(film),
  });
  expect(sent.ok).toBe(true);
  await manager.must('completeUpload', { params: { id: upload.contentId } });
  await eventually(async () => {
    const { status } = await manager.must('getContent', { params: { id: upload.contentId } });
    return status === 'ready';
  });
  return { poster: { id: poster.id, bytes: image }, tour: { id: upload.contentId, bytes: film } };
}

async function deployedSchedule({ manager, siteId }: Stage, { poster, tour }: Media) {
  const items = [{ contentId: poster.id, durationMs: 8_000 }, { contentId: tour.id }];
  const zone = { id: 'main', x: 0, y: 0, width: 1920, height: 1080, items };
  const schedule = await manager.must('createSchedule', {
    body: { name: 'Daily', priority: 5, layout: { width: 1920, height: 1080, zones: [zone] }, timing: {} },
  });
  const deployed = await manager.must('deploySchedule', { params: { id: schedule.id }, body: { groupIds: [siteId] } });
  expect(deployed.targets).toMatchObject({ total: 1, online: 1, offline: 0 });
  return { scheduleId: schedule.id as number, deploymentId: deployed.deploymentId as number };
}

/** The screen hears of it, fetches manifest and media, and says so; the manager sees it. */
async function followToTheScreen(
  { device, hubUrl, manager }: Stage,
  { poster, tour }: Media,
  { scheduleId, deploymentId }: { scheduleId: number; deploymentId: number },
): Promise<void> {
  await device.until('schedule.changed', () => device.of('schedule.changed').length > 0);
  const { data: manifest, headers } = await device.http('GET', '/schedule');
  expect(manifest.schedules).toMatchObject([{ id: scheduleId, name: 'Daily', distance: 2 }]);
  expect(manifest.contentList.map(({ id }: { id: number }) => id)).toEqual([poster.id, tour.id]);
  const [first, second] = manifest.contentList;
  expect(await fetchMedia(hubUrl, first.url, first.sha256)).toEqual(poster.bytes);
  expect(await fetchMedia(hubUrl, second.url, second.sha256)).toEqual(tour.bytes);
  const again = await device.http('GET', '/schedule', undefined, { 'if-none-match': headers.get('etag') ?? '' });
  expect(again.status).toBe(304);
  device.send({ type: 'status', scheduleVersion: manifest.version, scheduleState: 'applied' });
  await eventually(async () => {
    const { progress } = await manager.must('getScheduleDeployment', { params: { id: scheduleId, deploymentId } });
    return progress.applied === 1;
  });
  const preview = await manager.must('previewDevice', { params: { id: device.deviceId } });
  expect(preview).toMatchObject({ shows: 'schedule', schedule: { id: scheduleId } });
}

async function reportPlays({ device, manager }: Stage, { poster, tour }: Media, scheduleId: number): Promise<void> {
  const entries = [poster.id, tour.id, poster.id].map((contentId, at) => ({
    id: `play-${at}`,
    contentId,
    scheduleId,
    startedAt: new Date(Date.now() - 60_000 + at * 10_000).toISOString(),
    playSeconds: 8,
  }));
  expect((await device.http('POST', '/log', { entries })).data).toEqual({ accepted: 3, duplicates: 0 });
  expect((await device.http('POST', '/log', { entries })).data).toEqual({ accepted: 0, duplicates: 3 });
  const report = await manager.must('reportUsage', { query: { groupBy: 'content', format: 'json' } });
  expect(report.totals).toMatchObject({ plays: 3, playSeconds: 24 });
  const asFile = async (format: string): Promise<Buffer> => {
    const response = await manager.send('reportUsage', { query: { groupBy: 'content', format } });
    expect(response.status).toBe(200);
    return Buffer.from(await response.arrayBuffer());
  };
  const csv = (await asFile('csv')).toString('utf8');
  expect(csv).toContain('Welcome');
  expect(csv.trim().split('\r\n')).toHaveLength(3);
  expect((await asFile('xlsx')).subarray(0, 2).toString()).toBe('PK');
  expect((await asFile('pdf')).subarray(0, 5).toString()).toBe('%PDF-');
}

/** An alert with content: the screen can fetch it, and the outside is told of start and stop. */
async function alertTheOutside(
  { device, hubUrl, manager, siteId, webhook, webhookSecret, outside }: Stage,
  { poster }: Media,
) {
  const raised = await manager.must('deployAlert', {
    body: {
      alert: { severity: 'critical', title: 'Fire', message: 'Leave by the stairs', contentId: poster.id },
      groupIds: [siteId],
    },
  });
  await device.until('the alert', () => device.showing.includes(raised.deploymentId));
  const content = device.of('alert.start').at(-1)?.alert.content;
  expect(await fetchMedia(hubUrl, content?.url ?? '', content?.sha256 ?? '')).toEqual(poster.bytes);
  await manager.must('stopAlert', { body: { deploymentId: raised.deploymentId } });
  const both = (kinds: readonly string[]): boolean =>
    kinds.includes('alert.started') && kinds.includes('alert.stopped');
  await eventually(() => both(webhook.received.map(({ body }) => (JSON.parse(body) as { kind: string }).kind)));
  for (const one of webhook.received) expect(await isSignedWith(webhookSecret, one)).toBe(true);
  if (outside.told !== null) await eventually(() => both(outside.told?.() ?? []));
}

for (const adapters of ['embedded', 'production'] satisfies AdapterSet[]) {
  const available = adapters === 'embedded' || (inject('mariadb') !== null && inject('redisUrl') !== null);
  describe.skipIf(!available)(`a CMS that knows the OpenAPI document (${adapters})`, () => {
    const start = systemStarter(adapters);
    const stops: (() => Promise<void>)[] = [];
    afterAll(async () => {
      for (const stop of stops.reverse()) await stop();
    });

    it('brings media to a screen, hears what it played, and reports it in four formats', async () => {
      const outside = adapters === 'production' ? await production() : embedded;
      stops.push(outside.stop);
      const webhook = await startWebhookReceiver();
      stops.push(webhook.stop);
      const stage = await setStage(start, outside, webhook);
      const media = await uploadMedia(stage);
      const deployment = await deployedSchedule(stage, media);
      await followToTheScreen(stage, media, deployment);
      await reportPlays(stage, media, deployment.scheduleId);
      await alertTheOutside(stage, media);
      await stage.device.until('the end of the alert', () => stage.device.showing.length === 0);
      expect(stage.device.closed).toBeNull();
      await stage.device.disconnect();
    });
  });
}
