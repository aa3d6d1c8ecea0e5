/** A tenant that has one of everything, with its mark in every text that the API could show. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { AlertEvent } from '../notifications/event-json.ts';
import { exampleOf } from '../openapi/example-values.ts';
import type { ApiFixture, TestUser } from './api-fixture.ts';
import { insertDevice } from './device-rows.ts';
import { layoutOf } from './schedule-samples.ts';

/** Ids of what the tenant has; aims the requests of example-requests.ts. */
export interface TenantIds {
  readonly userId: number;
  readonly groupId: number;
  readonly deviceId: number;
  readonly contentId: number;
  /** Content that waits for its bytes. */
  readonly uploadId: number;
  readonly scheduleId: number;
  readonly scheduleDeploymentId: number;
  readonly alertId: number;
  readonly deploymentId: number;
  readonly commandId: number;
  readonly webhookId: number;
  readonly deadLetterId: number;
}

export interface FurnishedTenant {
  readonly tenantId: number;
  /** In every name, title, address and text of the tenant. */
  readonly mark: string;
  readonly admin: TestUser;
  readonly ids: TenantIds;
}

/** Furnishes one more group of a tenant: each call makes one more of everything. */
export async function furnish(api: ApiFixture, tenantId: number, admin: TestUser, mark: string): Promise<TenantIds> {
  const made = async (url: string, body: object) => {
    const answer = await api.send('POST', `/api/v1${url}`, { as: admin, body });
    expect([url, answer.statusCode, answer.json().error]).toEqual([url, expect.toBeOneOf([200, 201]), undefined]);
    return answer.json().data;
  };
  const unique = `${mark}-${randomUUID().slice(0, 8)}`;
  const group = await made('/groups', { name: `Group ${unique}` });
  const groupId: number = group.id;
  const deviceId = await insertDevice(api.ctx.db, tenantId, {
    group_id: groupId,
    player_id: `player-${unique}`,
    name: `Screen ${unique}`,
    model: mark,
    os_version: mark,
    app_version: mark,
    capabilities: '["reboot","screenshot","set_volume"]',
  });
  const user = { username: `user-${unique}`, displayName: mark, role: 'user', groupIds: [groupId] };
  const url = `https://pages.example.com/${unique}`;
  const content = await made('/content', { type: 'html', name: `Page ${unique}`, url, groupId });
  const upload = { name: `Film ${unique}`, fileName: `${mark}.mp4`, sizeBytes: 1_000, mimeType: 'video/mp4', groupId };
  const schedule = await made('/schedules', { name: `Plan ${unique}`, groupId, layout: layoutOf(content.id) });
  const alert = { severity: 'info', title: `Alert ${unique}`, message: mark, contentId: content.id };
  const { deploymentId } = await made('/alerts/deploy', { alert, groupIds: [groupId], expiresInSeconds: 86_400 });
  const command = await made(`/devices/${deviceId}/commands`, { name: 'reboot' });
  const webhook = { name: `Hook ${unique}`, url: `https://hooks.example.com/${unique}`, events: ['alert.started'] };
  const ids = {
    userId: (await made('/users', user)).id,
    groupId,
    deviceId,
    contentId: content.id,
    uploadId: (await made('/content/uploads', upload)).contentId,
    scheduleId: schedule.id,
    scheduleDeploymentId: (await made(`/schedules/${schedule.id}/deploy`, { groupIds: [groupId] })).deploymentId,
    alertId: (await made('/alerts', { name: `Prepared ${unique}`, ...alert })).id,
    deploymentId,
    commandId: command.commandId,
    webhookId: (await made('/webhooks', webhook)).id,
  };
  return { ...ids, deadLetterId: await insertRows(api, tenantId, ids, mark) };
}

/** Rows that the hub and the notifications write. Resolves to the id of the dead letter. */
async function insertRows(
  api: ApiFixture,
  tenantId: number,
  ids: Omit<TenantIds, 'deadLetterId'>,
  mark: string,
): Promise<number> {
  const { sql } = api.ctx.db;
  const now = api.ctx.clock.now();
  const tenant = { tenant_id: tenantId };
  const shot = `shots/${randomUUID()}`;
  await api.ctx.objects.put(shot, Buffer.from(`png ${mark}`), 'image/png');
  await sql
    .updateTable('commands')
    .set({ file_key: shot, file_type: 'image/png', reason: mark })
    .where('id', '=', ids.commandId)
    .execute();
  const play = { device_id: ids.deviceId, content_id: ids.contentId, schedule_id: ids.scheduleId };
  await sql
    .insertInto('usage_logs')
    .values({
      ...{ ...tenant, ...play, entry_id: randomUUID(), started_at: now - 3_600_000, play_ms: 5_000 },
      ...{ received_at: now, alert_deployment_id: ids.deploymentId, clock_suspect: 0 },
    })
    .execute();
  await sql
    .insertInto('device_presence')
    .values({ ...tenant, device_id: ids.deviceId, status: 'online', transport: 'http', at: now - 7_200_000 })
    .execute();
  const notification = await sql
    .insertInto('notifications')
    .values({ ...tenant, event_id: randomUUID(), kind: 'alert.started', payload: event(mark), created_at: now })
    .executeTakeFirstOrThrow();
  const letter = await sql
    .insertInto('notification_dead_letters')
    .values({
      ...{ ...tenant, notification_id: Number(notification.insertId), channel: 'webhook', webhook_id: ids.webhookId },
      ...{ attempts: 9, last_error: mark, died_at: now },
    })
    .executeTakeFirstOrThrow();
  return Number(letter.insertId);
}

function event(mark: string): string {
  const example = exampleOf(AlertEvent) as AlertEvent;
  return JSON.stringify({ ...example, deployment: { ...example.deployment, title: mark } });
}

/** A new tenant with its admin and one of everything. */
export async function furnishedTenant(api: ApiFixture, mark: string): Promise<FurnishedTenant> {
  const tenantId = await api.newTenant(`Tenant ${mark}`);
  const admin = await api.newUser(tenantId, 'admin');
  return { tenantId, mark, admin, ids: await furnish(api, tenantId, admin, mark) };
}
