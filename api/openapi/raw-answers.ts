/** What the answers outside the envelope are: files, reports, metrics. */
import { AuthMessage, SubscribeMessage } from '../live/live-messages.ts';
import type { Route } from '../route.ts';
import { plainJson, type Json, type JsonObject } from './json.ts';

const BYTES: JsonObject = { type: 'string', format: 'binary' };
const REPORT_FILES: Readonly<Record<string, string>> = {
  'text/csv': 'format=csv',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'format=xlsx',
  'application/pdf': 'format=pdf',
};

/** The answers of one raw route, by status; `json` is the media type object of its JSON. */
export function rawResponses(spec: Route, json: JsonObject): Record<string, JsonObject> {
  if (spec.query !== undefined && Object.hasOwn(spec.query.properties, 'format')) return report(json);
  switch (spec.operationId) {
    case 'getKeys':
      return { 200: { description: 'The keys', content: { 'application/json': json } } };
    case 'getMetrics':
      return { 200: { description: 'The metrics', content: { 'text/plain': { schema: { type: 'string' } } } } };
    case 'getCommandFile':
      return {
        200: { description: 'The file, of the type that its bytes have', content: { 'image/*': { schema: BYTES } } },
      };
    case 'openLiveFeed':
      return live(json);
    case 'getMedia':
      return media();
    default:
      throw new Error(`${spec.operationId}: what does it answer? Say so in raw-answers.ts`);
  }
}

function report(json: JsonObject): Record<string, JsonObject> {
  const files = Object.entries(REPORT_FILES).map(([type]): [string, Json] => [type, { schema: BYTES }]);
  const how = Object.values(REPORT_FILES).join(', ');
  return {
    200: {
      description: `A page in the usual envelope, or everything as a file to download (${how})`,
      headers: { 'Content-Disposition': { description: 'Of a file: its name', schema: { type: 'string' } } },
      content: { 'application/json': json, ...Object.fromEntries(files) },
    },
  };
}

function live(json: JsonObject): Record<string, JsonObject> {
  return {
    101: {
      description: 'The connection is a WebSocket from here on; this is what each of its messages is',
      content: { 'application/json': json },
      'x-client-messages': [plainJson(AuthMessage), plainJson(SubscribeMessage)],
    },
    default: { $ref: '#/components/responses/500' },
  };
}

function media(): Record<string, JsonObject> {
  const content = { '*/*': { schema: BYTES } };
  const headers = {
    ETag: { description: 'Of the bytes, which never change under one address', schema: { type: 'string' } },
    'Accept-Ranges': { description: 'Always `bytes`', schema: { type: 'string' } },
  };
  return {
    200: { description: 'The whole file', headers, content },
    206: {
      description: 'The part that Range asked for',
      headers: { ...headers, 'Content-Range': { description: 'Which part', schema: { type: 'string' } } },
      content,
    },
    304: { description: 'If-None-Match has it: what you keep is still right' },
    307: {
      description: 'The store itself sends the bytes',
      headers: {
        Location: { description: 'A signed address of the store, good for minutes', schema: { type: 'string' } },
      },
    },
  };
}
