/** An API with content and alerts, a tenant with two groups and a user of every role, and one of another tenant. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LightMyRequestResponse } from 'fastify';
import type { OpenDatabase } from '../../../migrations/dialect.ts';
import type { Database } from '../../../migrations/tables.ts';
import { alertRoutes } from '../../alerts/routes.ts';
import { openApi, type ApiFixture, type TestUser } from '../../testing/api-fixture.ts';
import { contentRoutes } from '../routes.ts';
import { formOf, picture } from './sample-files.ts';

export const CONTENT_URL = '/api/v1/content';

export interface ContentFixture {
  readonly api: ApiFixture;
  readonly tenantId: number;
  /** The manager's and viewer's. */
  readonly groupId: number;
  /** Nobody's but the admin's. */
  readonly otherGroupId: number;
  readonly admin: TestUser;
  readonly manager: TestUser;
  readonly viewer: TestUser;
  /** Admin of another tenant. */
  readonly stranger: TestUser;
  upload(as: TestUser, parts: Parameters<typeof formOf>[0], key?: string): Promise<LightMyRequestResponse>;
  /** A picture that was never uploaded before. */
  fresh(): Promise<Buffer>;
  rows(): Promise<number>;
  isStored(key: string): Promise<boolean>;
  /** Files in quarantine. */
  quarantined(): string[];
  claims(): Promise<unknown[]>;
  close(): Promise<void>;
}

/** Status, code and fields of a refusal. */
export function errorOf(answer: LightMyRequestResponse): unknown[] {
  const { code, details = [] } = answer.json().error;
  return [answer.statusCode, code, ...details.map(({ field }: { field: string }) => field)];
}

export async function openContent(db: OpenDatabase<Database>): Promise<ContentFixture> {
  const uploadFolder = mkdtempSync(join(tmpdir(), 'podoh-content-'));
  const settings = { uploadFolder, contentBytesMax: 400_000, toolFolders: [] };
  const api = await openApi(db, { routes: [...contentRoutes(), ...alertRoutes()], settings });
  const tenantId = await api.newTenant('content');
  const groupId = await api.newGroup(tenantId, 'Lobby');
  let made = 100;
  return {
    api,
    tenantId,
    groupId,
    otherGroupId: await api.newGroup(tenantId, 'Roof'),
    admin: await api.newUser(tenantId, 'admin'),
    manager: await api.newUser(tenantId, 'manager', [groupId]),
    viewer: await api.newUser(tenantId, 'user', [groupId]),
    stranger: await api.newUser(await api.newTenant('elsewhere'), 'admin'),
    upload(as, parts, key) {
      const { body, headers } = formOf(parts);
      return api.send('POST', CONTENT_URL, { as, body, headers, ...(key !== undefined && { key }) });
    },
    fresh: () => picture('png', 40, 30, (made += 1)),
    rows: async () => (await db.sql.selectFrom('content').select('id').execute()).length,
    isStored: async (key) => (await api.ctx.objects.stat(key)) !== null,
    quarantined: () => readdirSync(uploadFolder),
    claims: () => db.sql.selectFrom('object_claims').select('id').execute(),
    async close() {
      await api.close();
      rmSync(uploadFolder, { recursive: true, force: true });
    },
  };
}
