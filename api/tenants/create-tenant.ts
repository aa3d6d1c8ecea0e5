/** Making tenants: the first by the first start, others from the command line. */
import type { Transaction } from 'kysely';
import type { Clock, Ids } from '../../hub/core/ports.ts';
import { isDuplicateKey, type OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { generatePassword, type PasswordHasher } from '../auth/passwords.ts';
import { newUsername } from '../auth/username.ts';
import { apiError } from '../errors.ts';
import { inTransaction } from '../transaction.ts';

/** What making a tenant needs; an ApiContext has it. */
export interface TenantMaking {
  readonly db: OpenDatabase<Database>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly passwords: PasswordHasher;
}

export interface NewTenant {
  readonly tenantId: number;
  readonly userId: number;
  readonly username: string;
  /** The password made up for the admin, to be shown once; null when it was given. */
  readonly generatedPassword: string | null;
}

const FIRST_TENANT = 'default';
const TENANT_NAME_CHARS_MAX = 120;

interface AdminAccount {
  readonly username: string;
  readonly passwordHash: string;
}

async function insertTenant(
  tx: Transaction<Database>,
  name: string,
  admin: AdminAccount,
  now: number,
): Promise<{ tenantId: number; userId: number }> {
  const tenant = await tx.insertInto('tenants').values({ name, created_at: now }).executeTakeFirstOrThrow();
  const tenantId = Number(tenant.insertId);
  const user = await tx
    .insertInto('users')
    .values({
      tenant_id: tenantId,
      username: admin.username,
      display_name: admin.username,
      password_hash: admin.passwordHash,
      role: 'admin',
      status: 'active',
      // Whoever runs the machine chose it or saw it made up, and goes on with it at once.
      must_change_password: 0,
      token_version: 0,
      last_login_at: null,
      version: 1,
      created_at: now,
      updated_at: now,
    })
    .executeTakeFirstOrThrow();
  const userId = Number(user.insertId);
  const author = { tenantId, userId: null, username: null, ip: null, requestId: null };
  await writeAudit(
    tx,
    author,
    { action: 'tenant.created', entity: 'tenant', entityId: tenantId, detail: { name, admin: admin.username } },
    now,
  );
  return { tenantId, userId };
}

function tenantName(given: string): string {
  const name = given.normalize('NFC').trim();
  if (name.length >= 1 && name.length <= TENANT_NAME_CHARS_MAX && !/\p{Cc}/u.test(name)) return name;
  const message = `must be 1 to ${TENANT_NAME_CHARS_MAX} printable characters`;
  throw apiError('VALIDATION_ERROR', `The tenant's name ${message}`, [{ field: 'name', message }]);
}

async function requireFree(db: OpenDatabase<Database>, name: string, username: string): Promise<void> {
  const tenant = await db.sql.selectFrom('tenants').select('id').where('name', '=', name).executeTakeFirst();
  if (tenant) throw apiError('CONFLICT', `There is a tenant named "${name}" already`);
  const user = await db.sql.selectFrom('users').select('id').where('username', '=', username).executeTakeFirst();
  if (user)
    throw apiError('CONFLICT', `There is a user named "${username}" already; usernames are unique over all tenants`);
}

/**
 * Makes a tenant with its first admin; without a password one is made up. Throws VALIDATION_ERROR for a name or password
 * that will not do, CONFLICT when the tenant's name or the username is taken.
 */
export async function createTenant(
  parts: TenantMaking,
  name: string,
  adminUsername: string,
  password?: string,
): Promise<NewTenant> {
  const { db, clock, ids, passwords } = parts;
  const tenant = tenantName(name);
  const username = newUsername(adminUsername);
  await requireFree(db, tenant, username);
  const generatedPassword = password === undefined ? generatePassword(ids) : null;
  const passwordHash = await passwords.hash(password ?? generatedPassword ?? '', { username });
  const admin = { username, passwordHash };
  try {
    const made = await inTransaction(db, (tx) => insertTenant(tx, tenant, admin, clock.now()));
    return { ...made, username, generatedPassword };
  } catch (error) {
    // Somebody was faster between the look and the insert.
    if (isDuplicateKey(error))
      throw apiError('CONFLICT', `The tenant "${tenant}" or the user "${username}" was made by somebody else just now`);
    throw error;
  }
}

async function hasTenant(db: OpenDatabase<Database>): Promise<boolean> {
  return (await db.sql.selectFrom('tenants').select('id').limit(1).executeTakeFirst()) !== undefined;
}

/**
 * Makes tenant `default` and its admin when there is no tenant yet; null when there is one. Of several processes at once one
 * makes it (unique keys decide) and the others get null once it is there.
 */
export async function bootstrapFirstAdmin(
  parts: TenantMaking,
  { username, password }: { username: string; password?: string | undefined },
): Promise<NewTenant | null> {
  if (await hasTenant(parts.db)) return null;
  try {
    return await createTenant(parts, FIRST_TENANT, username, password);
  } catch (error) {
    if (await hasTenant(parts.db)) return null;
    throw error;
  }
}
