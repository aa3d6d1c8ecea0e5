import { sql, type Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/**
 * What schedules need to be owned by a group, deployed, withdrawn and followed on each device. `manifest_revs` says when the
 * manifest of a target last changed: it outlives assignments, so that a withdrawal raises the version and never lowers it.
 */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect.addColumn(db, 'schedules', 'group_id', sql`bigint`);
  await dialect.addColumn(db, 'schedules', 'deployed_version', sql`bigint`);
  await dialect.addColumn(db, 'schedules', 'zone_count', sql`integer not null default 0`);
  await dialect.addColumn(db, 'deployments', 'targets', sql`text`);
  await dialect.addColumn(db, 'deployments', 'targeted_total', sql`bigint not null default 0`);
  await dialect.addColumn(db, 'deployments', 'withdrawn_at', sql`bigint`);
  await dialect.addColumn(db, 'deployments', 'withdrawn_by', sql`bigint`);
  await dialect.addColumn(db, 'device_reports', 'schedule_version', sql`bigint`);
  await dialect.addColumn(db, 'device_reports', 'schedule_state', sql`varchar(16)`);
  await dialect.addColumn(db, 'device_reports', 'schedule_reason', sql`varchar(200)`);
  await dialect.addColumn(db, 'device_reports', 'schedule_at', sql`bigint`);
  await dialect
    .tableOptions(
      db.schema
        .createTable('deployment_content')
        .ifNotExists()
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('deployment_id', 'bigint', (column) => column.notNull())
        .addColumn('content_id', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('deployment_content_pk', ['deployment_id', 'content_id']),
    )
    .execute();
  await db.schema
    .createIndex('deployment_content_content_id_idx')
    .ifNotExists()
    .on('deployment_content')
    .columns(['content_id'])
    .execute();
  await dialect
    .tableOptions(
      db.schema
        .createTable('manifest_revs')
        .ifNotExists()
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('target_kind', 'varchar(16)', (column) => column.notNull())
        .addColumn('target_id', 'bigint', (column) => column.notNull())
        .addColumn('rev', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('manifest_revs_pk', ['tenant_id', 'target_kind', 'target_id']),
    )
    .execute();
  const { prefix, suffix } = dialect.insertIgnore;
  await sql`${prefix} into manifest_revs (tenant_id, target_kind, target_id, rev)
    select tenant_id, target_kind, target_id, max(rev) from schedule_assignments
    group by tenant_id, target_kind, target_id ${suffix}`.execute(db);
}
