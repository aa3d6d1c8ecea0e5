/** The outside, told by a whole Podoh: over a real SNS endpoint that checks signatures, and to a real webhook. */
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { startApi } from '../../api/start-api.ts';
import { composeApi } from '../../hub/compose.ts';
import { SNS_TOPIC_ARN, startSns, useSnsCredentials, type SnsServer } from '../../hub/notify/testing/sns-server.ts';
import {
  isSignedWith,
  startWebhookReceiver,
  type Received,
  type WebhookReceiver,
} from '../../hub/notify/testing/webhook-receiver.ts';
import { ApiClient } from '../support/api-client.ts';
import { eventually } from '../support/eventually.ts';
import { ADMIN, describeEachAdapterSet, type System } from '../support/system.ts';
import { WEB_ROOT } from '../support/web-root.ts';

describeEachAdapterSet('telling the outside', (start) => {
  let sns: SnsServer;
  let receiver: WebhookReceiver;
  let system: System;
  let groupId: number;
  let webhook: { id: number; secret: string };
  beforeAll(async () => {
    useSnsCredentials();
    sns = await startSns();
    receiver = await startWebhookReceiver();
    system = await start({
      env: {
        SNS_TOPIC_ARN,
        SNS_ENDPOINT: sns.endpoint,
        PODOH_PRIVATE_WEBHOOKS: 'allow',
        PODOH_UNCONFIRMED_SECONDS: '2',
      },
    });
    groupId = (await system.admin.must('POST', '/groups', { name: 'Site' })).id;
    await system.admin.must('POST', '/devices/import', { devices: [{ playerId: 'p', name: 'Screen', groupId }] });
    webhook = await system.admin.must('POST', '/webhooks', {
      name: 'Control room',
      url: `${receiver.url}/hook`,
      events: ['alert.started', 'alert.stopped', 'alert.unconfirmed'],
    });
  });
  afterEach(() => {
    sns.fail(null);
    receiver.answer(null);
  });
  afterAll(async () => {
    await sns.stop();
    await receiver.stop();
    vi.unstubAllEnvs();
  });

  const raise = async (admin = system.admin): Promise<number> => {
    const alert = { severity: 'critical', title: 'Räumung', message: 'Bitte gehen' };
    return (await admin.must('POST', '/alerts/deploy', { alert, groupIds: [groupId] })).deploymentId;
  };
  const stop = (deploymentId: number) => system.admin.must('POST', '/alerts/stop', { deploymentId });
  /** `kind` of each event about these deployments, in the order of arrival. */
  const kindsOf = (bodies: readonly string[], ids: readonly number[]): string[] =>
    bodies
      .map((body) => JSON.parse(body) as { kind: string; deployment?: { deploymentId: number } })
      .filter(({ deployment }) => deployment !== undefined && ids.includes(deployment.deploymentId))
      .map(({ kind }) => kind);
  const hooked = (...ids: number[]) =>
    kindsOf(
      receiver.received.map(({ body }) => body),
      ids,
    );
  const published = (...ids: number[]) =>
    kindsOf(
      sns.messages.map(({ body }) => body),
      ids,
    );

  test('start, unconfirmed and stop reach the topic and the webhook, signed, the same bytes to both', async () => {
    const id = await raise();
    await eventually(() => hooked(id).includes('alert.unconfirmed') && published(id).includes('alert.unconfirmed'));
    await stop(id);
    await eventually(() => hooked(id).length >= 3 && published(id).length >= 3);
    const kinds = ['alert.started', 'alert.unconfirmed', 'alert.stopped'];
    expect([hooked(id), published(id)]).toEqual([kinds, kinds]);
    for (const request of receiver.received) {
      expect(await isSignedWith(webhook.secret, request)).toBe(true);
      expect(request.headers['podoh-event']).toBe(JSON.parse(request.body).kind);
    }
    expect(receiver.received.map(({ body }) => body).toSorted()).toEqual(
      sns.messages.map(({ body }) => body).toSorted(),
    );
    const unconfirmed = JSON.parse(receiver.received[1]?.body ?? '');
    expect(unconfirmed).toMatchObject({
      deployment: { title: 'Räumung', targets: { groupIds: [groupId], total: 1 } },
      ladder: { targeted: 1, unconfirmed: 1 },
      devices: [{ name: 'Screen', state: 'unconfirmed' }],
    });
  });

  test('while the topic hangs and the webhook is broken, alerts go on; both get everything afterwards', async () => {
    sns.fail(() => true);
    receiver.answer((response) => response.writeHead(500).end());
    const before = sns.requests();
    const ids = [await raise()];
    await eventually(() => sns.requests() > before);
    // The topic holds a request now and answers nothing.
    ids.push(await raise(), await raise());
    for (const id of ids) await stop(id);
    expect(published(...ids)).toEqual([]);
    expect((await system.admin.must('GET', '/notifications/status')).pending).toBeGreaterThan(0);
    sns.fail(null);
    const taken: Received[] = [];
    receiver.answer((response, request) => {
      taken.push(request);
      response.writeHead(200).end();
    });
    const all = ids.flatMap(() => ['alert.started', 'alert.stopped']).toSorted();
    const unique = (kinds: string[]) => kinds.filter((kind) => kind !== 'alert.unconfirmed').toSorted();
    await eventually(async () => (await system.admin.must('GET', '/notifications/status')).pending === 0);
    const takenKinds = kindsOf(
      taken.map(({ body }) => body),
      ids,
    );
    expect([unique(published(...ids)), unique(takenKinds)]).toEqual([all, all]);
    expect(await system.admin.must('GET', '/notifications/status')).toMatchObject({ dead: 0, sns: 'configured' });
  });

  test('a second API process shares the work, and goes without anything being lost', async () => {
    const second = await startApi(composeApi({ ...system.parts, registry: new Registry() }), {
      host: '127.0.0.1',
      port: 0,
      adminUsername: ADMIN.username,
      adminPassword: ADMIN.password,
      webRoot: WEB_ROOT,
      publicHubUrl: '',
      drainMs: 0,
    });
    const other = new ApiClient(second.url);
    await other.login(ADMIN.username, ADMIN.password);
    const ids: number[] = [];
    for (let at = 0; at < 5; at++) ids.push(await raise(), await raise(other));
    await second.stop();
    ids.push(await raise());
    const starts = (kinds: string[]) => kinds.filter((kind) => kind === 'alert.started').length;
    await eventually(() => starts(hooked(...ids)) >= ids.length && starts(published(...ids)) >= ids.length);
    expect([starts(hooked(...ids)), starts(published(...ids))]).toEqual([ids.length, ids.length]);
    for (const id of ids) await stop(id);
  });

  test('a test event tells what became of it, and the metrics are there', async () => {
    const good = await system.admin.must('POST', `/webhooks/${webhook.id}/test`);
    expect(good).toMatchObject({ delivered: true, error: null });
    expect(await isSignedWith(webhook.secret, receiver.received.at(-1) as Received)).toBe(true);
    receiver.answer((response) => response.writeHead(503).end());
    const bad = await system.admin.must('POST', `/webhooks/${webhook.id}/test`);
    expect(bad).toMatchObject({ delivered: false, error: 'the webhook answered 503' });
    const metrics = await (await fetch(`${system.apiUrl}/metrics`)).text();
    for (const name of ['pending', 'dead', 'cursor_lag']) expect(metrics).toContain(`podoh_notifications_${name} `);
    expect(metrics).toMatch(/podoh_notifications_delivered_total\{channel="webhook"\} [1-9]/);
  });
});
