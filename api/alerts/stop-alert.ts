/** Stopping an alert: terminal, and harmless to do twice. [INV-2] */
import Type, { type Static } from 'typebox';
import { Id } from '../../protocol/desired-state.ts';
import { apiError } from '../errors.ts';
import { mutate, type Mutation } from '../mutation.ts';
import type { Call } from '../route.ts';
import { DEPLOYMENT_COLUMNS, deploymentJson, type DeploymentJson } from './deployment-json.ts';
import { noSuchDeployment, readReach } from './deployment-reach.ts';

export const StopRequest = Type.Object({ deploymentId: Id }, { additionalProperties: false });

/**
 * Stops a deployment on every screen. One that is stopped already answers with the same facts and writes no second change;
 * one that ran out is stopped all the same, for screens whose clock is wrong. NOT_FOUND for one that reaches nothing of the
 * actor's; FORBIDDEN when it also reaches screens outside the actor's scope.
 */
export async function stopAlert(call: Call<unknown, unknown, Static<typeof StopRequest>>): Promise<DeploymentJson> {
  const { ctx, actor, body } = call;
  return mutate(call, async (tx, now): Promise<Mutation<DeploymentJson>> => {
    const row = await tx
      .selectFrom('alert_deployments')
      .select(DEPLOYMENT_COLUMNS)
      .where('id', '=', body.deploymentId)
      .where('tenant_id', '=', actor.tenantId)
      .modifyEnd(ctx.db.dialect.forUpdate)
      .executeTakeFirst();
    if (row === undefined) throw noSuchDeployment();
    // Whoever sees the whole tenant needs no look at the targets.
    if (actor.scope !== null && !(await readReach(tx, actor, row.id)).isWhole) {
      throw apiError('FORBIDDEN', 'The alert also reaches screens that are not yours: ask an administrator to stop it');
    }
    const audit = {
      action: 'alert.stopped',
      entity: 'alert_deployment',
      entityId: row.id,
      detail: { title: row.title, again: row.status === 'stopped' },
    };
    if (row.status === 'stopped') return { data: deploymentJson(row, now), changes: [], audit };
    const stopped = { status: 'stopped' as const, stopped_at: now, stopped_by: actor.userId };
    await tx.updateTable('alert_deployments').set(stopped).where('id', '=', row.id).execute();
    return {
      data: deploymentJson({ ...row, ...stopped }, now),
      changes: [{ kind: 'alert.stopped', deploymentId: row.id }],
      audit,
      stamp: async (locked, [rev = 0]) => {
        await locked.updateTable('alert_deployments').set({ stop_rev: rev }).where('id', '=', row.id).execute();
      },
    };
  });
}
