/**
 * Every route, asked by every role what nobody would ask: never a 5xx, always the contract's envelope and the document's statuses and
 * schemas, never anything of another tenant's [INV-10]. A failure prints the seed and path that replay it; put the seed into SEEDS.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../test/support/databases.ts';
import { documentedRoutes } from './openapi/documented-routes.ts';
import { resourceRoutes } from './resource-routes.ts';
import type { Route } from './route.ts';
import { roleReaches } from './scope.ts';
import { answerChecker } from './testing/answer-check.ts';
import { openApi, type ApiFixture, type TestUser } from './testing/api-fixture.ts';
import { furnish, furnishedTenant, type FurnishedTenant, type TenantIds } from './testing/furnished-tenant.ts';
import { requestsFor, type FuzzRequest } from './testing/fuzz-requests.ts';

/** What the run begins with on each database; more here are more runs. */
const SEEDS = [20_261_120];
/** Requests of one role to one route. */
const RUNS = 24;
/** The same for what hashes a password each time. */
const RUNS_HASHING = 8;
const HASHING = new Set(['login', 'changePassword', 'createUser', 'resetUserPassword']);
/** One of everything, so many times over: what is deleted on the way must not end the test. */
const SETS = 4;

/** Reading first, then edits, then what adds; what takes away comes last. */
const ORDER = [
  /^(get|list|report|check|preview|open)/,
  /^update/,
  /^(?!remove|revoke|rotate|stop|withdraw|reset|logout)/,
  /^/,
];

function rank({ operationId }: Route): number {
  return ORDER.findIndex((names) => names.test(operationId));
}

const ROUTES = documentedRoutes().toSorted((one, other) => rank(one) - rank(other));

const ROLES = ['none', 'user', 'manager', 'admin', 'stranger'] as const;
type Role = (typeof ROLES)[number];

describeEachDatabase('the whole API under fuzz', (open) => {
  let api: ApiFixture;
  let mine: FurnishedTenant;
  let theirs: FurnishedTenant;
  let actors: Record<Role, TestUser | null>;
  const pool: TenantIds[] = [];
  const answered = new Map<string, Set<number>>();
  beforeAll(async () => {
    api = await openApi(await open(), { routes: resourceRoutes() });
    mine = await furnishedTenant(api, 'mark-of-mine');
    theirs = await furnishedTenant(api, 'mark-of-theirs');
    pool.push(mine.ids, theirs.ids);
    for (let set = 1; set < SETS; set += 1) {
      for (const { tenantId, admin, mark } of [mine, theirs]) pool.push(await furnish(api, tenantId, admin, mark));
    }
    const scope = [mine.ids.groupId, pool[2]?.groupId ?? 0];
    actors = {
      none: null,
      user: await api.newUser(mine.tenantId, 'user', scope),
      manager: await api.newUser(mine.tenantId, 'manager', scope),
      admin: mine.admin,
      stranger: theirs.admin,
    };
  });
  afterAll(() => api.close());

  function send({ method, url, headers, body }: FuzzRequest, as: TestUser | null) {
    const all = { ...headers, ...(as !== null && { authorization: `Bearer ${as.token}` }) };
    return api.app.inject({ method: method as 'GET', url, headers: all, ...(body !== null && { payload: body }) });
  }

  /** What is wrong, with the seed and path that replay it: an answer is not what it has to be, or shows one of these marks; or null. */
  async function fuzz(
    route: Route,
    actor: TestUser | null,
    foreign: readonly string[],
    seed: number,
  ): Promise<string | null> {
    const faultOf = answerChecker(route);
    const mayCall = route.policy === 'public' || (actor !== null && roleReaches(actor.role, route.policy));
    const seen = answered.get(route.operationId) ?? new Set();
    answered.set(route.operationId, seen);
    const holds = fc.asyncProperty(requestsFor(route, pool), async (request) => {
      const answer = await send(request, actor);
      seen.add(answer.statusCode);
      const shown = `${JSON.stringify(answer.headers)}${answer.body}`;
      const leaks = foreign.filter((mark) => shown.includes(mark));
      const fault = !mayCall && answer.statusCode < 400 ? 'a role below the policy was served' : faultOf(answer);
      if (fault !== null || leaks.length > 0) throw new Error(JSON.stringify({ fault, leaks }));
    });
    const run = await fc.check(holds, { seed, numRuns: HASHING.has(route.operationId) ? RUNS_HASHING : RUNS });
    return run.failed ? `${String(run.errorInstance)}\n${fc.defaultReportMessage(run)}` : null;
  }

  const foreignTo = (role: Role): string[] =>
    role === 'none' ? [mine.mark, theirs.mark] : [role === 'stranger' ? mine.mark : theirs.mark];

  // First, as long as everything of theirs has its mark.
  test("a control: an admin of the other tenant, taken for one of ours, is found to see the other's", async () => {
    const lists = ROUTES.filter(({ operationId }) => ['listGroups', 'listDevices', 'listAudit'].includes(operationId));
    expect(lists.length).toBe(3);
    for (const route of lists) {
      expect(await fuzz(route, actors.stranger, foreignTo('admin'), 1)).toContain(theirs.mark);
    }
  });

  test.each(ROUTES.map((route) => [`${route.method} ${route.url}`, route] as const))('%s', async (_name, route) => {
    for (const seed of SEEDS) {
      for (const role of ROLES) {
        expect([role, await fuzz(route, actors[role], foreignTo(role), seed)]).toEqual([role, null]);
      }
    }
  });

  test('a control: most routes were answered well too, and most refused something', () => {
    const without = (kind: number): string[] =>
      [...answered]
        .filter(([, statuses]) => ![...statuses].some((status) => Math.floor(status / 100) === kind))
        .map(([id]) => id);
    expect(without(2).length).toBeLessThan(0.2 * ROUTES.length);
    expect(without(4).length).toBeLessThan(0.1 * ROUTES.length);
  });
});
