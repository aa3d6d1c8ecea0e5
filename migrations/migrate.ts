/**
 * Brings the schema to this binary's version. Steps are numbered, forward-only and safe to run again: MariaDB cannot undo
 * DDL, so a step that a crash cut short is simply run once more. Kysely's migrator records them and keeps two processes
 * apart (a named lock on MariaDB, one IMMEDIATE transaction around everything on SQLite).
 */
import { sql, type Kysely } from 'kysely';
import { Migrator, type Migration } from 'kysely/migration';
import type { Dialect, OpenDatabase } from './dialect.ts';
import { up as tenants } from './steps/0001-tenants.ts';
import { up as settings } from './steps/0002-settings.ts';
import { up as changeLog } from './steps/0003-change-log.ts';
import { up as nodes } from './steps/0004-nodes.ts';
import { up as groups } from './steps/0005-groups.ts';
import { up as users } from './steps/0006-users.ts';
import { up as refreshTokens } from './steps/0007-refresh-tokens.ts';
import { up as devices } from './steps/0008-devices.ts';
import { up as pairings } from './steps/0009-pairings.ts';
import { up as deviceReports } from './steps/0010-device-reports.ts';
import { up as commands } from './steps/0011-commands.ts';
import { up as content } from './steps/0012-content.ts';
import { up as schedules } from './steps/0013-schedules.ts';
import { up as scheduleDeployments } from './steps/0014-schedule-deployments.ts';
import { up as usageLogs } from './steps/0015-usage-logs.ts';
import { up as alerts } from './steps/0016-alerts.ts';
import { up as alertDeployments } from './steps/0017-alert-deployments.ts';
import { up as alertReceipts } from './steps/0018-alert-receipts.ts';
import { up as auditLogs } from './steps/0019-audit-logs.ts';
import { up as idempotencyKeys } from './steps/0020-idempotency-keys.ts';
import { up as contentLibrary } from './steps/0021-content-library.ts';
import { up as scheduleLibrary } from './steps/0022-schedule-library.ts';
import { up as usageFlags } from './steps/0023-usage-flags.ts';
import { up as presenceHistory } from './steps/0024-presence-history.ts';
import { up as notifications } from './steps/0025-notifications.ts';
import { up as devicePlaces } from './steps/0026-device-places.ts';
import { up as alertDefaults } from './steps/0027-alert-defaults.ts';
import { up as uploadsInParts } from './steps/0028-uploads-in-parts.ts';
import type { Database } from './tables.ts';

export type Step = (db: Kysely<unknown>, dialect: Dialect, now: number) => Promise<void>;

/** Every step, in order. Add at the end; never change one that was released. */
export const STEPS: Readonly<Record<string, Step>> = {
  '0001-tenants': tenants,
  '0002-settings': settings,
  '0003-change-log': changeLog,
  '0004-nodes': nodes,
  '0005-groups': groups,
  '0006-users': users,
  '0007-refresh-tokens': refreshTokens,
  '0008-devices': devices,
  '0009-pairings': pairings,
  '0010-device-reports': deviceReports,
  '0011-commands': commands,
  '0012-content': content,
  '0013-schedules': schedules,
  '0014-schedule-deployments': scheduleDeployments,
  '0015-usage-logs': usageLogs,
  '0016-alerts': alerts,
  '0017-alert-deployments': alertDeployments,
  '0018-alert-receipts': alertReceipts,
  '0019-audit-logs': auditLogs,
  '0020-idempotency-keys': idempotencyKeys,
  '0021-content-library': contentLibrary,
  '0022-schedule-library': scheduleLibrary,
  '0023-usage-flags': usageFlags,
  '0024-presence-history': presenceHistory,
  '0025-notifications': notifications,
  '0026-device-places': devicePlaces,
  '0027-alert-defaults': alertDefaults,
  '0028-uploads-in-parts': uploadsInParts,
};

const RECORDS = 'kysely_migration';

/**
 * Runs the steps that this database has not had; harmless when there are none, and when several processes do it at once.
 * Throws one clear line, and changes nothing, when the database has had a step that this binary does not know.
 */
export async function migrateToLatest(
  db: OpenDatabase<Database>,
  log: (message: string) => void,
  steps: Readonly<Record<string, Step>> = STEPS,
  now: () => number = Date.now,
): Promise<void> {
  await db.unhurried(async (kysely) => {
    await refuseNewerSchema(kysely, steps);
    const migrations = Object.fromEntries(
      Object.entries(steps).map(([name, step]): [string, Migration] => [
        name,
        { up: (tx) => step(tx as Kysely<unknown>, db.dialect, now()) },
      ]),
    );
    const migrator = new Migrator({ db: kysely, provider: { getMigrations: async () => migrations } });
    const { error, results = [] } = await migrator.migrateToLatest();
    for (const result of results) {
      if (result.status === 'Success') log(`migration ${result.migrationName} applied`);
    }
    if (error === undefined) return;
    // A newer binary may have migrated after we looked.
    await refuseNewerSchema(kysely, steps);
    const failed = results.find((result) => result.status === 'Error');
    throw new Error(failed === undefined ? 'migration failed' : `migration ${failed.migrationName} failed`, {
      cause: error,
    });
  });
}

/** Names of the steps this database has had, in order. */
export async function appliedSteps(kysely: Kysely<Database>): Promise<string[]> {
  const tables = await kysely.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === RECORDS)) return [];
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(RECORDS)} order by name`.execute(kysely);
  return rows.map((row) => row.name);
}

async function refuseNewerSchema(kysely: Kysely<Database>, steps: Readonly<Record<string, Step>>): Promise<void> {
  const unknown = (await appliedSteps(kysely)).filter((name) => !Object.hasOwn(steps, name));
  if (unknown.length === 0) return;
  throw new Error(
    `the database schema is newer than this program: it has had ${unknown.join(', ')}. Start a newer version.`,
  );
}
