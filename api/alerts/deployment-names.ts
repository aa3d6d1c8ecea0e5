/** Deployments with the names of those who raised and stopped them. */
import type { Kysely } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Database } from '../../migrations/tables.ts';
import { DeploymentJson } from './deployment-json.ts';

const Name = Type.Union([Type.String(), Type.Null()], {
  description: 'Display name; null when nobody did, or the user was deleted',
});

export const NamedDeploymentJson = Type.Object({
  ...DeploymentJson.properties,
  startedByName: Name,
  stoppedByName: Name,
});
export type NamedDeploymentJson = Static<typeof NamedDeploymentJson>;

export async function withNames(
  db: Kysely<Database>,
  tenantId: number,
  deployments: readonly DeploymentJson[],
): Promise<NamedDeploymentJson[]> {
  const ids = new Set(deployments.flatMap(({ startedBy, stoppedBy }) => [startedBy, stoppedBy]));
  const known = [...ids].filter((id) => id !== null);
  const rows =
    known.length === 0
      ? []
      : await db
          .selectFrom('users')
          .select(['id', 'display_name'])
          .where('tenant_id', '=', tenantId)
          .where('id', 'in', known)
          .execute();
  const names = new Map<number | null, string>(rows.map((row) => [row.id, row.display_name]));
  return deployments.map((deployment) => ({
    ...deployment,
    startedByName: names.get(deployment.startedBy) ?? null,
    stoppedByName: names.get(deployment.stoppedBy) ?? null,
  }));
}
