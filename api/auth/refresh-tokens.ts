/**
 * Refresh tokens: opaque, kept as SHA-256 alone, seven days, one use. The tokens that follow from one login are a family.
 *
 * States of a token: fresh, used (it has exactly one successor), revoked (its whole family is), expired.
 * Invariants: a token gets one successor, however many present it at once; presented again within GRACE_MS (the answer was
 * lost, two tabs refreshed at once) it gives the same successor; later it is taken for stolen and the family is revoked.
 * The successor is kept sealed with a key derived from the token before it, so the database alone gives no token away.
 */
import type { Transaction } from 'kysely';
import type { Ids } from '../../hub/core/ports.ts';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database, UserRole } from '../../migrations/tables.ts';
import { deriveKey, seal, sha256Hex, unseal } from '../sealing.ts';
import { inTransaction } from '../transaction.ts';

export const REFRESH_KEPT_MS = 7 * 24 * 3_600_000;
/** How long a used token gives its successor again, in milliseconds. */
export const GRACE_MS = 10_000;
const TOKEN_BYTES = 32;

export interface FamilyMember {
  readonly tenantId: number;
  readonly userId: number;
  readonly familyId: string;
}

/** What tokens are made out to. */
export interface TokenHolder {
  readonly id: number;
  readonly tenant_id: number;
  readonly role: UserRole;
  readonly status: 'active' | 'disabled';
  readonly token_version: number;
}

/** What became of a presented refresh token. */
export type Rotation =
  | { readonly kind: 'rotated'; readonly holder: TokenHolder; readonly refreshToken: string }
  /** It was used before: somebody has a copy. The family is revoked. */
  | { readonly kind: 'reused'; readonly member: FamilyMember }
  | { readonly kind: 'refused' };

const sealKey = (refreshToken: string): Buffer => deriveKey(refreshToken, '', 'refresh successor');

async function insertToken(tx: Transaction<Database>, ids: Ids, member: FamilyMember, now: number): Promise<string> {
  const refreshToken = ids.secret(TOKEN_BYTES);
  await tx
    .insertInto('refresh_tokens')
    .values({
      tenant_id: member.tenantId,
      user_id: member.userId,
      family_id: member.familyId,
      token_hash: sha256Hex(refreshToken),
      issued_at: now,
      expires_at: now + REFRESH_KEPT_MS,
      used_at: null,
      successor: null,
      revoked_at: null,
    })
    .execute();
  return refreshToken;
}

/** Starts a family for a login. Returns its first token. */
export async function startFamily(
  tx: Transaction<Database>,
  ids: Ids,
  tenantId: number,
  userId: number,
  now: number,
): Promise<string> {
  return insertToken(tx, ids, { tenantId, userId, familyId: ids.uuid() }, now);
}

/** Revokes every token of a family. */
export async function revokeFamily(tx: Transaction<Database>, familyId: string, now: number): Promise<void> {
  await tx
    .updateTable('refresh_tokens')
    .set({ revoked_at: now })
    .where('family_id', '=', familyId)
    .where('revoked_at', 'is', null)
    .execute();
}

/**
 * Ends every session of a user: refresh tokens are revoked and access tokens die within a second. For a changed password, a
 * disabled user and "log out everywhere"; append a `user.changed` change with it.
 */
export async function revokeUserSessions(tx: Transaction<Database>, userId: number, now: number): Promise<void> {
  await tx
    .updateTable('users')
    .set((eb) => ({ token_version: eb('token_version', '+', 1), updated_at: now }))
    .where('id', '=', userId)
    .execute();
  await tx
    .updateTable('refresh_tokens')
    .set({ revoked_at: now })
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
    .execute();
}

interface TokenRow extends FamilyMember {
  readonly usedAt: number | null;
  readonly expiresAt: number;
  readonly revokedAt: number | null;
  readonly successor: string | null;
}

async function findToken(tx: Transaction<Database>, refreshToken: string): Promise<TokenRow | undefined> {
  return tx
    .selectFrom('refresh_tokens')
    .select([
      'tenant_id as tenantId',
      'user_id as userId',
      'family_id as familyId',
      'used_at as usedAt',
      'expires_at as expiresAt',
      'revoked_at as revokedAt',
      'successor',
    ])
    .where('token_hash', '=', sha256Hex(refreshToken))
    .executeTakeFirst();
}

/** Marks a fresh token used. The one that does it makes the successor; whoever comes at the same time waits here for that. */
async function claimToken(tx: Transaction<Database>, refreshToken: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('refresh_tokens')
    .set({ used_at: now })
    .where('token_hash', '=', sha256Hex(refreshToken))
    .where('used_at', 'is', null)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

/**
 * The user of a token that this transaction has locked. To be read before it ends: whoever ends all sessions waits for the
 * lock, so an access token made out to what is read here is one of those that end, and never one issued just after.
 */
async function readHolder(tx: Transaction<Database>, userId: number): Promise<TokenHolder> {
  return tx
    .selectFrom('users')
    .select(['id', 'tenant_id', 'role', 'status', 'token_version'])
    .where('id', '=', userId)
    .executeTakeFirstOrThrow();
}

/** Exchanges a refresh token for its successor, or says why not. Commits what it decided, a revocation too. */
export async function rotate(
  db: OpenDatabase<Database>,
  ids: Ids,
  refreshToken: string,
  now: number,
): Promise<Rotation> {
  return inTransaction(db, async (tx): Promise<Rotation> => {
    const isFirst = await claimToken(tx, refreshToken, now);
    const row = await findToken(tx, refreshToken);
    if (row === undefined || row.revokedAt !== null || row.expiresAt <= now) return { kind: 'refused' };
    const member = { tenantId: row.tenantId, userId: row.userId, familyId: row.familyId };
    if (isFirst) {
      const successor = await insertToken(tx, ids, member, now);
      await tx
        .updateTable('refresh_tokens')
        .set({ successor: seal(ids, sealKey(refreshToken), successor) })
        .where('token_hash', '=', sha256Hex(refreshToken))
        .execute();
      return { kind: 'rotated', holder: await readHolder(tx, row.userId), refreshToken: successor };
    }
    if (row.usedAt !== null && row.successor !== null && now - row.usedAt <= GRACE_MS) {
      const successor = unseal(sealKey(refreshToken), row.successor);
      return { kind: 'rotated', holder: await readHolder(tx, row.userId), refreshToken: successor };
    }
    await revokeFamily(tx, row.familyId, now);
    return { kind: 'reused', member };
  });
}

/** The family of a refresh token, whatever its state; null for a token that is none. */
export async function familyOf(tx: Transaction<Database>, refreshToken: string): Promise<FamilyMember | null> {
  const row = await findToken(tx, refreshToken);
  return row ? { tenantId: row.tenantId, userId: row.userId, familyId: row.familyId } : null;
}
