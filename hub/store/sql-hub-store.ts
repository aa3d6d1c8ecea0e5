/** The hub's store over SQL: one text for SQLite and MariaDB. */
import type { MediaSigner } from '../core/content-url.ts';
import type { HubStore } from '../core/hub-store.ts';
import { isFinished } from '../core/command-life.ts';
import { isDatabaseUnavailable, type OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import * as devices from './device-store.ts';
import { manifest } from './manifest-store.ts';
import * as model from './model-store.ts';
import * as pairings from './pairing-store.ts';
import { saveReports } from './report-store.ts';
import { saveUsage } from './usage-store.ts';
import * as words from './words-store.ts';

/** `media` makes the addresses of stored content. */
export function createHubStore(db: OpenDatabase<Database>, media: MediaSigner): HubStore {
  return {
    isUnavailable: isDatabaseUnavailable,
    loadModel: (now) => model.loadModel(db, media, now),
    readLog: (cursor, limit) => model.readLog(db, cursor, limit),
    pruneLog: (before, keep, aliveSince) => model.pruneLog(db, before, keep, aliveSince),
    connect: (tokens, nodeId, now) => devices.connect(db, tokens, nodeId, now),
    loadDevices: (ids, now) => devices.loadDevices(db, ids, now),
    disconnect: (gone, now) => devices.disconnect(db, gone, now),
    reclaim: (held, nodeId, now) => devices.reclaim(db, held, nodeId, now),
    seenOverHttp: (ids, now) => devices.seenOverHttp(db, ids, now),
    renewLease: (nodeId, startedAt, until) => devices.renewLease(db, nodeId, startedAt, until),
    dropLease: (nodeId) => devices.dropLease(db, nodeId),
    reapAbsent: (now, httpSince) => devices.reapAbsent(db, now, httpSince),
    saveReceipts: (rows) => words.saveReceipts(db, rows),
    saveReports: (rows) => saveReports(db, rows),
    saveCommandUpdates: (rows) => words.saveCommandUpdates(db, rows),
    saveUsage: (rows) => saveUsage(db, rows),
    findPairing: (playerId, secretHash) => pairings.findPairing(db, playerId, secretHash),
    countPendingPairings: (now) => pairings.countPendingPairings(db, now),
    createPairing: (pairing) => pairings.createPairing(db, pairing),
    collectCredential: (id, credentialHash, now) => pairings.collectCredential(db, id, credentialHash, now),
    deleteExpiredPairings: (before) => pairings.deleteExpiredPairings(db, before),
    credentialFacts: (deviceId) => pairings.credentialFacts(db, deviceId),
    manifest: (tenantId, groupIds, deviceId, now) => manifest(db, media, tenantId, groupIds, deviceId, now),
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
