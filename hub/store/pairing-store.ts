/** Pairings and credentials, from the player's side. */
import type { CredentialFacts, NewPairing, Pairing } from '../core/hub-store.ts';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';

export async function findPairing(
  db: OpenDatabase<Database>,
  playerId: string,
  pollSecretHash: string,
): Promise<Pairing | null> {
  const row = await db.sql
    .selectFrom('pairings')
    .select(['id', 'player_id', 'code', 'state', 'device_id', 'expires_at'])
    .where('player_id', '=', playerId)
    .where('poll_secret_hash', '=', pollSecretHash)
    .orderBy('id', 'desc')
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    id: row.id,
    playerId: row.player_id,
    code: row.code,
    state: row.state,
    deviceId: row.device_id,
    expiresAt: row.expires_at,
  };
}

export async function countPendingPairings(db: OpenDatabase<Database>, now: number): Promise<number> {
  const { count } = await db.sql
    .selectFrom('pairings')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('state', '=', 'pending')
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  return Number(count);
}

export async function createPairing(db: OpenDatabase<Database>, pairing: NewPairing): Promise<boolean> {
  const taken = await db.sql
    .selectFrom('pairings')
    .select('id')
    .where('code', '=', pairing.code)
    .where('expires_at', '>', pairing.now)
    .executeTakeFirst();
  if (taken !== undefined) return false;
  await db.sql
    .insertInto('pairings')
    .values({
      player_id: pairing.playerId,
      code: pairing.code,
      poll_secret_hash: pairing.pollSecretHash,
      name: pairing.name,
      model: pairing.model,
      os_version: pairing.osVersion,
      app_version: pairing.appVersion,
      capabilities: JSON.stringify(pairing.capabilities),
      state: 'pending',
      tenant_id: null,
      device_id: null,
      created_at: pairing.now,
      expires_at: pairing.expiresAt,
    })
    .execute();
  return true;
}

export async function collectCredential(
  db: OpenDatabase<Database>,
  pairingId: number,
  credentialHash: string,
  now: number,
): Promise<boolean> {
  return db.sql.transaction().execute(async (tx) => {
    const collected = await tx
      .updateTable('pairings')
      .set({ state: 'consumed' })
      .where('id', '=', pairingId)
      .where('state', '=', 'paired')
      .executeTakeFirst();
    if (Number(collected.numUpdatedRows) !== 1) return false;
    const pairing = await tx.selectFrom('pairings').select('device_id').where('id', '=', pairingId).executeTakeFirst();
    if (pairing === undefined || pairing.device_id === null) return false;
    // Only where none was issued since the operator paired it: a later pairing of the same device is another player's.
    const stored = await tx
      .updateTable('devices')
      .set({ credential_hash: credentialHash, updated_at: now })
      .where('id', '=', pairing.device_id)
      .where('state', '=', 'active')
      .where('credential_hash', 'is', null)
      .executeTakeFirst();
    return Number(stored.numUpdatedRows) === 1;
  });
}

export async function deleteExpiredPairings(db: OpenDatabase<Database>, before: number): Promise<void> {
  await db.sql.deleteFrom('pairings').where('expires_at', '<', before).execute();
}

export async function credentialFacts(db: OpenDatabase<Database>, deviceId: number): Promise<CredentialFacts | null> {
  const row = await db.sql
    .selectFrom('devices')
    .select(['tenant_id', 'credential_hash', 'credential_version', 'state'])
    .where('id', '=', deviceId)
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    tenantId: row.tenant_id,
    credentialHash: row.credential_hash,
    credentialVersion: row.credential_version,
    active: row.state === 'active',
  };
}
