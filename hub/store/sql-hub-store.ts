/** The hub's store over SQL: one text for SQLite and MariaDB. */
import type { HubStore } from '../core/hub-store.ts';
import { isFinished } from '../core/command-life.ts';
import { isDatabaseUnavailable, type OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import * as devices from './device-store.ts';
import { manifest } from './manifest-store.ts';
import * as model from './model-store.ts';
import * as pairings from './pairing-store.ts';
import * as words from './words-store.ts';

export function createHubStore(db: OpenDatabase<Database>): HubStore {
  return {
    isUnavailable: isDatabaseUnavailable,
    loadModel: (now) => model.loadModel(db, now),
    readLog: (cursor, limit) => model.readLog(db, cursor, limit),
    pruneLog: (before, keep) => model.pruneLog(db, before, keep),
    connect: (tokens, nodeId, now) => devices.connect(db, tokens, nodeId, now),
    loadDevices: (ids, now) => devices.loadDevices(db, ids, now),
    disconnect: (gone, now) => devices.disconnect(db, gone, now),
    reclaim: (held, nodeId, now) => devices.reclaim(db, held, nodeId, now),
    seenOverHttp: (ids, now) => devices.seenOverHttp(db, ids, now),
    renewLease: (nodeId, startedAt, until) => devices.renewLease(db, nodeId, startedAt, until),
    dropLease: (nodeId) => devices.dropLease(db, nodeId),
    reapAbsent: (now, httpSince) => devices.reapAbsent(db, now, httpSince),
    saveReceipts: (rows) => words.saveReceipts(db, rows),
    saveReports: (rows) => words.saveReports(db, rows),
    saveCommandUpdates: (rows) => words.saveCommandUpdates(db, rows),
    saveUsage: (rows) => words.saveUsage(db, rows),
    findPairing: (playerId, secretHash) => pairings.findPairing(db, playerId, secretHash),
    countPendingPairings: (now) => pairings.countPendingPairings(db, now),
    createPairing: (pairing) => pairings.createPairing(db, pairing),
    collectCredential: (id, credentialHash, now) => pairings.collectCredential(db, id, credentialHash, now),
    deleteExpiredPairings: (before) => pairings.deleteExpiredPairings(db, before),
    credentialFacts: (deviceId) => pairings.credentialFacts(db, deviceId),
    manifest: (tenantId, groupIds, deviceId) => manifest(db, tenantId, groupIds, deviceId),
    findCommand: (tenantId, deviceId, commandId) => findCommand(db, tenantId, deviceId, commandId),
    attachCommandFile: async (commandId, fileKey, fileType) => {
      await db.sql
        .updateTable('commands')
        .set({ file_key: fileKey, file_type: fileType })
        .where('id', '=', commandId)
        .execute();
    },
  };
}

async function findCommand(
  db: OpenDatabase<Database>,
  tenantId: number,
  deviceId: number,
  commandId: number,
): Promise<{ name: string; finished: boolean } | null> {
  const row = await db.sql
    .selectFrom('commands')
    .select(['name', 'state'])
    .where('id', '=', commandId)
    .where('device_id', '=', deviceId)
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst();
  return row === undefined ? null : { name: row.name, finished: isFinished(row.state) };
}
