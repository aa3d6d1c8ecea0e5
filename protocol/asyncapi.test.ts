/** The published document is the one that the code makes, it covers the whole contract, and every reference in it resolves. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { buildAsyncApi } from './asyncapi.ts';
import { CLOSE_CODES } from './close-codes.ts';
import { DOWN_SCHEMAS } from './down.ts';
import { HTTP_CALLS } from './http-calls.ts';
import * as limits from './limits.ts';
import { SYNC_SCHEMAS } from './sync.ts';
import { UP_SCHEMAS } from './up.ts';

const document = buildAsyncApi();
const text = JSON.stringify(document);

function at(pointer: string): unknown {
  const parts = pointer.replace(/^#\//, '').split('/');
  return parts.reduce<unknown>((node, part) => (node as Record<string, unknown> | undefined)?.[part], document);
}

test('protocol/asyncapi.json is what the code says; if not, run `npm run docs:generate` and review the difference', () => {
  const file = readFileSync(new URL('./asyncapi.json', import.meta.url), 'utf8');
  expect(file).toBe(`${JSON.stringify(document, null, 2)}\n`);
});

test('every reference resolves, and no $id is left that a reader would resolve elsewhere', () => {
  const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1]!);
  expect(references.length).toBeGreaterThan(100);
  expect(references.filter((reference) => at(reference) === undefined)).toEqual([]);
  expect(text).not.toContain('"$id"');
});

test.each([
  ...Object.keys(UP_SCHEMAS).map((type) => [type, 'receive']),
  ...Object.keys(DOWN_SCHEMAS).map((type) => [type, 'send']),
])('%s is a message with examples, and the hub is to %s it', (type, action) => {
  const messages = Object.values(at('#/components/messages') as Record<string, { name: string; examples?: unknown[] }>);
  const operations = Object.values(
    at('#/operations') as Record<string, { action: string; messages: { $ref: string }[] }>,
  );
  expect(messages.find((message) => message.name === type)?.examples?.length).toBeGreaterThan(0);
  const carrying = operations.filter((operation) => operation.messages.some(({ $ref }) => nameAt($ref) === type));
  expect(carrying.map((operation) => operation.action)).toEqual([action]);
});

/** The name of the message that a channel's message refers to. */
function nameAt(pointer: string): string {
  const { $ref } = at(pointer) as { $ref: string };
  return (at($ref) as { name: string }).name;
}

test('every HTTP body, close code and limit is in it', () => {
  const used = new Set(
    HTTP_CALLS.flatMap((call) => [...(call.request === undefined ? [] : [call.request]), ...call.answers]),
  );
  expect([...used].sort()).toEqual(Object.keys(SYNC_SCHEMAS).sort());
  const codes = Object.entries(CLOSE_CODES).map(([name, { code, reason }]) => ({ name, code, reason }));
  expect(document['x-close-codes']).toEqual(codes);
  expect(document['x-limits']).toEqual({ ...limits });
});
