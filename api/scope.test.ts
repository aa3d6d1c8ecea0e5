import fc from 'fast-check';
import Type from 'typebox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeEachDatabase } from '../test/support/databases.ts';
import { expandSubtrees } from './auth/accounts.ts';
import { mutate } from './mutation.ts';
import { API_BASE, IdParams, route } from './route.ts';
import { inScopeSql, requireDeviceInScope, requireGroupInScope, requireRole, roleReaches } from './scope.ts';
import { openApi, type ApiFixture } from './testing/api-fixture.ts';

const seeGroup = route({
  method: 'GET',
  url: `${API_BASE}/scope/:id`,
  policy: 'user',
  operationId: 'test1',
  summary: 'Is the group in scope',
  params: IdParams,
  data: Type.Object({ visible: Type.Array(Type.Integer()) }),
  handler: async ({ ctx, actor, params }) => {
    requireGroupInScope(actor, params.id);
    const rows = await ctx.db.sql
      .selectFrom('groups')
      .select('id')
      .where('tenant_id', '=', actor.tenantId)
      .where(inScopeSql(actor, 'groups.id'))
      .orderBy('id')
      .execute();
    return { visible: rows.map((row) => row.id) };
  },
});

const moveGroup = route({
  method: 'PUT',
  url: `${API_BASE}/scope/:id`,
  policy: 'user',
  operationId: 'test2',
  summary: 'Moves a group to the top',
  params: IdParams,
  data: Type.Object({}),
  handler: (call) =>
    mutate(call, async (tx) => {
      const groupId = call.params.id;
      await tx.updateTable('groups').set({ parent_id: null }).where('id', '=', groupId).execute();
      return {
        data: {},
        changes: [{ kind: 'group.saved', groupId, parentId: null, config: {} }],
        audit: { action: 'group.moved', entity: 'group', entityId: groupId, detail: null },
      };
    }),
});

describeEachDatabase('the scope of an actor', (open) => {
  let api: ApiFixture;
  let other: ApiFixture;
  beforeAll(async () => {
    const db = await open();
    const routes = [seeGroup, moveGroup];
    api = await openApi(db, { routes });
    other = await openApi(db.reopen(), { routes, clock: api.clock });
  });
  afterAll(async () => {
    await api.close();
    await other.close();
  });

  test('is the assigned groups with their subtrees; for an admin the whole tenant', async () => {
    const tenantId = await api.newTenant('scope');
    const site = await api.newGroup(tenantId, 'site');
    const floor = await api.newGroup(tenantId, 'floor', site);
    const lobby = await api.newGroup(tenantId, 'lobby', floor);
    const elsewhere = await api.newGroup(tenantId, 'elsewhere');
    const manager = await api.newUser(tenantId, 'manager', [floor]);
    const nobody = await api.newUser(tenantId, 'user');
    const admin = await api.newUser(tenantId, 'admin', [elsewhere]);
    const see = (id: number, as: typeof manager, at = api) => at.send('GET', `${API_BASE}/scope/${id}`, { as });

    expect((await see(lobby, manager)).json().data).toEqual({ visible: [floor, lobby] });
    expect((await see(site, admin)).json().data).toEqual({ visible: [site, floor, lobby, elsewhere] });
    for (const [id, as] of [
      [site, manager],
      [elsewhere, manager],
      [floor, nobody],
    ] as const) {
      const answer = await see(id, as);
      expect([answer.statusCode, answer.json().error.code]).toEqual([404, 'NOT_FOUND']);
    }
    expect((await see(lobby, manager, other)).statusCode).toBe(200);

    // A move bites at once where it was made, and within two seconds everywhere else.
    expect((await api.send('PUT', `${API_BASE}/scope/${lobby}`, { as: admin })).statusCode).toBe(200);
    expect((await see(lobby, manager)).statusCode).toBe(404);
    api.clock.advance(2_000);
    expect((await see(lobby, manager, other)).statusCode).toBe(404);
  });

  test("a group of another tenant that was assigned by mistake is in nobody's scope", async () => {
    const ours = await api.newTenant('ours');
    const foreign = await api.newGroup(await api.newTenant('foreign'), 'foreign');
    const manager = await api.newUser(ours, 'manager', [foreign]);
    expect((await api.send('GET', `${API_BASE}/scope/${foreign}`, { as: manager })).statusCode).toBe(404);
  });
});

describe('scope rules', () => {
  test('roles are ranked', () => {
    expect(roleReaches('admin', 'manager')).toBe(true);
    expect(roleReaches('manager', 'manager')).toBe(true);
    expect(roleReaches('user', 'manager')).toBe(false);
    expect(() => requireRole({ role: 'manager' }, 'admin')).toThrow('Your role may not do this');
  });

  test('what is in no group is seen by admins alone', () => {
    expect(() => requireDeviceInScope({ scope: null }, { group_id: null })).not.toThrow();
    expect(() => requireDeviceInScope({ scope: new Set([1]) }, { group_id: null })).toThrow('No such device');
  });

  test('a subtree holds exactly the groups whose chain meets a root, whatever the rows', () => {
    // Parents may be missing, be the group itself or make a circle: rows are data, not promises.
    const rows = fc
      .array(fc.option(fc.integer({ min: 0, max: 12 }), { nil: null }), { maxLength: 12 })
      .map((parents) => parents.map((parent, index) => ({ id: index + 1, parent_id: parent })));
    fc.assert(
      fc.property(rows, fc.array(fc.integer({ min: 1, max: 14 }), { maxLength: 3 }), (groups, roots) => {
        const parentOf = new Map(groups.map((group) => [group.id, group.parent_id]));
        const meetsRoot = (id: number): boolean => {
          const seen = new Set<number>();
          for (
            let at: number | null | undefined = id;
            at !== null && at !== undefined && !seen.has(at);
            at = parentOf.get(at)
          ) {
            if (roots.includes(at) && parentOf.has(at)) return true;
            seen.add(at);
          }
          return false;
        };
        const expected = groups.map((group) => group.id).filter(meetsRoot);
        expect([...expandSubtrees(groups, roots)].sort((a, b) => a - b)).toEqual(expected);
      }),
    );
  });
});
