/** Every way in which content can be used, as rows. */
import type { Usage } from '../content-usage.ts';
import type { ContentFixture } from './content-fixture.ts';

const TIMES = { created_at: 1, updated_at: 1 };

/** Uses the content in a schedule of the other group, an active and a withdrawn deployment of it, a prepared alert and one on screens. */
export async function useContent(
  world: ContentFixture,
  id: number,
): Promise<{ readonly usage: Omit<Usage, 'hidden'>; readonly deploymentId: number }> {
  const scheduleId = await insertSchedule(world, id);
  const deploymentId = await insertDeployment(world, id, scheduleId, 'active');
  await insertDeployment(world, id, scheduleId, 'withdrawn');
  const usage = {
    schedules: [{ id: scheduleId, name: 'Morning' }],
    deployments: [{ id: deploymentId, scheduleId }],
    alerts: [{ id: await insertAlert(world, id), title: 'Fire!' }],
    activeAlerts: [await insertRaised(world, id)],
  };
  return { usage, deploymentId };
}

async function insertSchedule({ api, tenantId, otherGroupId }: ContentFixture, id: number): Promise<number> {
  const { sql } = api.ctx.db;
  const schedule = await sql
    .insertInto('schedules')
    .values({
      tenant_id: tenantId,
      name: 'Morning',
      priority: 0,
      layout: '{}',
      timing: '{}',
      group_id: otherGroupId,
      status: 'published',
      version: 1,
      deployed_version: 1,
      created_by: null,
      ...TIMES,
    })
    .executeTakeFirstOrThrow();
  const scheduleId = Number(schedule.insertId);
  await sql
    .insertInto('schedule_content')
    .values({ tenant_id: tenantId, schedule_id: scheduleId, content_id: id })
    .execute();
  return scheduleId;
}

async function insertDeployment(
  { api, tenantId }: ContentFixture,
  id: number,
  scheduleId: number,
  status: 'active' | 'withdrawn',
): Promise<number> {
  const { sql } = api.ctx.db;
  const row = await sql
    .insertInto('deployments')
    .values({
      tenant_id: tenantId,
      schedule_id: scheduleId,
      schedule_version: 1,
      snapshot: '{}',
      status,
      targets: null,
      created_by: null,
      created_at: 1,
      withdrawn_at: null,
      withdrawn_by: null,
      rev: 1,
    })
    .executeTakeFirstOrThrow();
  await sql
    .insertInto('deployment_content')
    .values({ tenant_id: tenantId, deployment_id: Number(row.insertId), content_id: id })
    .execute();
  return Number(row.insertId);
}

async function insertAlert({ api, tenantId }: ContentFixture, id: number): Promise<number> {
  const alert = await api.ctx.db.sql
    .insertInto('alerts')
    .values({
      tenant_id: tenantId,
      name: 'Fire',
      severity: 'critical',
      title: 'Fire!',
      message: '',
      content_id: id,
      version: 1,
      created_by: null,
      ...TIMES,
    })
    .executeTakeFirstOrThrow();
  return Number(alert.insertId);
}

async function insertRaised({ api, tenantId }: ContentFixture, id: number): Promise<number> {
  const raised = await api.ctx.db.sql
    .insertInto('alert_deployments')
    .values({
      tenant_id: tenantId,
      alert_id: null,
      severity: 'info',
      title: 't',
      message: '',
      content_id: id,
      drill: 0,
      status: 'active',
      started_at: 1,
      expires_at: api.clock.now() + 10_000,
      stopped_at: null,
      stopped_by: null,
      created_by: null,
      targeted_total: 0,
      targeted_online: 0,
      rev: 1,
      stop_rev: null,
    })
    .executeTakeFirstOrThrow();
  return Number(raised.insertId);
}
