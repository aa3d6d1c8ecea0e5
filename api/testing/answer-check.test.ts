/** Controls for the check of answers: each thing that it is there to find. */
import fastify, { type FastifyReply } from 'fastify';
import { expect, test } from 'vitest';
import { documentedRoutes } from '../openapi/documented-routes.ts';
import type { Route } from '../route.ts';
import { answerChecker } from './answer-check.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
const GROUP = documentedRoutes().find(({ operationId }) => operationId === 'listGroups') as Route;
const REPORT = documentedRoutes().find(({ operationId }) => operationId === 'reportUsage') as Route;
const page = { page: 1, limit: 50, total: 0 };

async function faultOf(
  route: Route,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<string> {
  const app = fastify();
  app.get('/', (_request, reply: FastifyReply) =>
    reply
      .code(status)
      .headers({ 'content-type': JSON_TYPE, 'x-request-id': '1', ...headers })
      .send(typeof body === 'string' ? body : JSON.stringify(body)),
  );
  const fault = answerChecker(route)(await app.inject('/'));
  await app.close();
  return fault ?? 'none';
}

const failed = (code: string, more = {}) => ({ success: false, error: { code, message: 'No', ...more } });

test.each<[string, Route, number, unknown, Record<string, string>, string]>([
  ['a good list', GROUP, 200, { success: true, data: [], meta: page }, {}, 'none'],
  ['a good failure', GROUP, 404, failed('NOT_FOUND'), {}, 'none'],
  ['a good file', REPORT, 200, 'a,b', { 'content-type': 'text/csv' }, 'none'],
  ['a fault of ours', GROUP, 500, failed('INTERNAL'), {}, "a server's error"],
  ['an overload', GROUP, 503, failed('UNAVAILABLE'), {}, "a server's error"],
  ['a status that nobody knows', GROUP, 418, failed('NOT_FOUND'), {}, 'does not name 418'],
  ['a field too few', GROUP, 200, { success: true, data: [{ id: 1 }], meta: page }, {}, "not the schema's"],
  ['no success', GROUP, 200, { success: false, data: [] }, {}, 'no success'],
  ['a page', GROUP, 200, '<html>', { 'content-type': 'text/html' }, 'content type'],
  ['a failure as a page', GROUP, 404, '<html>', { 'content-type': 'text/html' }, 'content type'],
  ["a framework's own envelope", GROUP, 404, { statusCode: 404, error: 'Not Found' }, {}, 'not the envelope'],
  ['more than a failure may say', GROUP, 404, failed('NOT_FOUND', { stack: 'at x' }), {}, 'not the envelope'],
  ['a code of another status', GROUP, 404, failed('FORBIDDEN'), {}, 'FORBIDDEN came with 404'],
  ['an empty file', REPORT, 200, '', { 'content-type': 'text/csv' }, 'an empty file'],
])('%s', async (_name, route, status, body, headers, fault) => {
  expect(await faultOf(route, status, body, headers)).toContain(fault);
});

test('an answer that no log line can be found for', async () => {
  const app = fastify();
  app.get('/', (_request, reply) => reply.type(JSON_TYPE).send({ success: true, data: [] }));
  expect(answerChecker(GROUP)(await app.inject('/'))).toBe('no X-Request-Id');
  await app.close();
});
