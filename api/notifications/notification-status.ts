/** How notifications are doing, as far as one tenant is concerned. */
import { sql } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Call } from '../route.ts';
import { CONSUMER } from './change-consumer.ts';

/** Changes counted at most. */
const LAG_MAX = 10_000;

const Count = (description: string) => Type.Integer({ minimum: 0, description });

export const NotificationStatus = Type.Object({
  cursorLag: Count(`Changes of the tenant not looked at yet, counted up to ${LAG_MAX}; 0 when all is well`),
  pending: Count('Deliveries not made yet'),
  dead: Count('Deliveries given up and kept'),
  sns: Type.Enum(['configured', 'absent'], { description: 'Whether the installation publishes to an SNS topic' }),
});

/** Counts. What concerns other tenants is not in it. */
export async function getNotificationStatus({
  ctx,
  actor,
}: Call<unknown, unknown, unknown>): Promise<Static<typeof NotificationStatus>> {
  const { tenantId } = actor;
  const { rows } = await sql<{ lag: number; pending: number; dead: number }>`
    select
      (select count(*) from (
        select rev from changes
        where tenant_id = ${tenantId}
          and rev > coalesce((select c.rev from consumers c where c.name = ${CONSUMER}), (select value from counters where name = 'rev'))
        limit ${LAG_MAX}
      ) behind) as lag,
      (select count(*) from notification_deliveries where tenant_id = ${tenantId}) as pending,
      (select count(*) from notification_dead_letters where tenant_id = ${tenantId}) as dead`.execute(ctx.db.sql);
  const counts = rows[0];
  if (counts === undefined) throw new Error('a count gave no row');
  return {
    cursorLag: Number(counts.lag),
    pending: Number(counts.pending),
    dead: Number(counts.dead),
    sns: ctx.notifier === null ? 'absent' : 'configured',
  };
}
