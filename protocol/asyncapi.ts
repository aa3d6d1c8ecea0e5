/**
 * The AsyncAPI 3.0 document of the device contract, made from the very schemas that validate the frames. Written to
 * protocol/asyncapi.json by scripts/generate-docs.ts. Operations are told from the hub's side: it receives what devices send.
 */
import { CLOSE_CODES, CLOSE_RANGES } from './close-codes.ts';
import { DOWN_SCHEMAS } from './down.ts';
import { ERROR_STATUS } from './errors.ts';
import { REFUSALS } from './frame-refusal.ts';
import { GOLDEN_DOWN, GOLDEN_HTTP, GOLDEN_UP } from './golden-frames.ts';
import { HTTP_CALLS, type HttpCall } from './http-calls.ts';
import * as limits from './limits.ts';
import { SYNC_SCHEMAS } from './sync.ts';
import { UP_SCHEMAS } from './up.ts';
import { BEARER_SUBPROTOCOL_PREFIX, PROTOCOL_VERSION, SUBPROTOCOLS } from './version.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };
type Components = Map<string, Json>;

/** What each frame from a device is for, and the frame that answers it, if one does. */
const UP_OPERATIONS: Readonly<Record<keyof typeof UP_SCHEMAS, { summary: string; reply?: keyof typeof DOWN_SCHEMAS }>> =
  {
    hello: { summary: 'The first frame of a session: what the device has', reply: 'welcome' },
    status: { summary: 'What the device says of itself, every statusSeconds' },
    applied: { summary: 'Confirms that everything up to this rev is stored' },
    receipt: { summary: "The device's own word on alert deployments", reply: 'ack' },
    'command.update': { summary: 'How far a command has got', reply: 'ack' },
    auth: { summary: 'A new access token, before the old one runs out', reply: 'authenticated' },
    log: { summary: 'Proof of play', reply: 'ack' },
    ping: { summary: 'Liveness for clients that cannot see WebSocket pings', reply: 'pong' },
  };

const DOWN_SUMMARIES: Readonly<Record<keyof typeof DOWN_SCHEMAS, string>> = {
  welcome: 'Opens the session; carries the whole state unless the hello was current',
  state: 'The whole desired state',
  'alert.start': 'An alert is to be shown',
  'alert.stop': 'A deployment is over, for good',
  'schedule.changed': 'The manifest has a new version: fetch it',
  'config.changed': "The device's settings, complete",
  command: 'A one-shot order',
  ack: 'Committed: what it names need not be sent again',
  goaway: 'The hub will close this session; come back elsewhere within afterMs',
  error: 'A frame was not understood or not allowed; repeated, the session is closed',
  pong: 'Answers ping',
  authenticated: 'Answers auth',
};

/** The document; the same for every call. */
export function buildAsyncApi(): JsonObject {
  const schemas: Components = new Map();
  const up = framesOf(UP_SCHEMAS, GOLDEN_UP, schemas);
  const down = framesOf(DOWN_SCHEMAS, GOLDEN_DOWN, schemas);
  const http = httpMessages(schemas);
  return {
    asyncapi: '3.0.0',
    id: 'urn:podoh:device-contract',
    info: info(),
    defaultContentType: 'application/json',
    servers: servers(),
    channels: { socket: socketChannel([...up.keys(), ...down.keys()]), ...httpChannels() },
    operations: { ...upOperations(), ...downOperations(), ...httpOperations() },
    components: {
      messages: Object.fromEntries([...up, ...down, ...http]),
      schemas: Object.fromEntries([...schemas].sort(([one], [other]) => (one < other ? -1 : 1))),
      securitySchemes: securitySchemes(),
    },
    'x-close-ranges': CLOSE_RANGES.map((range) => ({ ...range })),
    'x-close-codes': Object.entries(CLOSE_CODES).map(([name, close]) => ({ name, ...close })),
    'x-frame-refusals': { ...REFUSALS },
    'x-limits': Object.fromEntries(Object.entries(limits).sort(([one], [other]) => (one < other ? -1 : 1))),
    'x-error-status': { ...ERROR_STATUS },
  };
}

function info(): Json {
  return {
    title: 'Podoh device contract',
    version: `${PROTOCOL_VERSION}`,
    description:
      'How a player speaks with the hub: over a WebSocket, and over HTTP where a socket cannot live. The same desired state comes ' +
      'by either. Text frames are JSON, binary frames MessagePack, as the agreed subprotocol says. Unknown types and fields are ' +
      'ignored. protocol/README.md says in words what no schema can: how messages merge, what a receipt means, when to come back. ' +
      'Close codes, limits and reasons of refusal are in the x- sections of this document.',
    license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
  };
}

function servers(): Json {
  const security = [{ $ref: '#/components/securitySchemes/deviceToken' }];
  return {
    socket: {
      host: 'hub.example.com',
      protocol: 'wss',
      description: `Subprotocols: ${SUBPROTOCOLS.join(', ')}`,
      security: [...security, { $ref: '#/components/securitySchemes/bearerSubprotocol' }],
    },
    http: { host: 'hub.example.com', protocol: 'https', security },
  };
}

function securitySchemes(): Json {
  return {
    deviceToken: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'The access token of /sync/token: RS256, one hour, audience podoh-hub',
    },
    bearerSubprotocol: {
      type: 'httpApiKey',
      in: 'header',
      name: 'Sec-WebSocket-Protocol',
      description: `For browsers, which cannot set headers on a socket: one more entry of the list, ${BEARER_SUBPROTOCOL_PREFIX}<token>`,
    },
  };
}

function socketChannel(messages: readonly string[]): Json {
  return {
    address: '/ws',
    title: 'The session of one device',
    servers: [{ $ref: '#/servers/socket' }],
    messages: refs(messages),
    bindings: { ws: { method: 'GET', bindingVersion: '0.1.0' } },
  };
}

/** The messages of one direction, by their component name (the frame's type in camel case). */
function framesOf(
  frames: Readonly<Record<string, unknown>>,
  golden: Readonly<Record<string, { type: string }>>,
  schemas: Components,
): Map<string, Json> {
  return new Map(
    Object.entries(frames).map(([type, schema]) => {
      const examples = Object.entries(golden).filter(([, frame]) => frame.type === type);
      return [
        camel(type),
        {
          name: type,
          title: type,
          contentType: 'application/json',
          payload: component(schema, schemas),
          examples: examples.map(([name, payload]) => ({ name, payload: plain(payload) })),
        },
      ];
    }),
  );
}

function upOperations(): JsonObject {
  return Object.fromEntries(
    Object.entries(UP_OPERATIONS).map(([type, { summary, reply }]) => {
      const answer =
        reply === undefined ? {} : { reply: { channel: { $ref: '#/channels/socket' }, messages: socketRefs([reply]) } };
      return [`receive${pascal(type)}`, operation('receive', type, summary, answer)];
    }),
  );
}

function downOperations(): JsonObject {
  return Object.fromEntries(
    Object.entries(DOWN_SUMMARIES).map(([type, summary]) => [
      `send${pascal(type)}`,
      operation('send', type, summary, {}),
    ]),
  );
}

function operation(action: 'send' | 'receive', type: string, summary: string, reply: JsonObject): Json {
  return { action, channel: { $ref: '#/channels/socket' }, summary, messages: socketRefs([type]), ...reply };
}

function httpMessages(schemas: Components): Map<string, Json> {
  const messages = new Map<string, Json>();
  for (const call of HTTP_CALLS) {
    if (call.request !== undefined) messages.set(`${call.name}Request`, httpMessage(call.request, schemas, false));
    for (const answer of call.answers) messages.set(answerName(call, answer), httpMessage(answer, schemas, true));
  }
  const file = {
    name: 'commandFile',
    title: 'commandFile',
    contentType: 'application/octet-stream',
    payload: { type: 'string', format: 'binary' },
  };
  messages.set('commandFileRequest', file);
  const failure = component(ERROR_ENVELOPE, schemas);
  const nothing = {
    type: 'object',
    required: ['success', 'data'],
    properties: { success: { const: true }, data: { type: 'object' } },
  };
  messages.set('httpDone', {
    name: 'done',
    title: 'Done, nothing to say',
    contentType: 'application/json',
    payload: nothing,
  });
  messages.set('httpFailure', {
    name: 'failure',
    title: 'Every failure',
    contentType: 'application/json',
    payload: failure,
  });
  return messages;
}

function httpMessage(schema: keyof typeof SYNC_SCHEMAS, schemas: Components, enveloped: boolean): Json {
  const body = component(SYNC_SCHEMAS[schema], schemas);
  const example = plain(GOLDEN_HTTP[schema]);
  const payload = enveloped
    ? { type: 'object', required: ['success', 'data'], properties: { success: { const: true }, data: body } }
    : body;
  const examples = [{ name: schema, payload: enveloped ? { success: true, data: example } : example }];
  return { name: schema, title: schema, contentType: 'application/json', payload, examples };
}

const ERROR_ENVELOPE = {
  $id: 'Failure',
  type: 'object',
  required: ['success', 'error'],
  properties: {
    success: { const: false },
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { enum: Object.keys(ERROR_STATUS) },
        message: { type: 'string' },
        details: {
          type: 'array',
          items: {
            type: 'object',
            required: ['field', 'message'],
            properties: { field: { type: 'string' }, message: { type: 'string' } },
          },
        },
      },
    },
  },
} as const;

function httpChannels(): JsonObject {
  return Object.fromEntries(
    HTTP_CALLS.map((call) => {
      const parameters = call.path.includes('{commandId}')
        ? { parameters: { commandId: { description: "The command's id" } } }
        : {};
      const messages = [...requestNames(call), ...answerNames(call)];
      const channel = {
        address: call.path,
        servers: [{ $ref: '#/servers/http' }],
        messages: refs(messages),
        ...parameters,
      };
      return [call.name, channel];
    }),
  );
}

function httpOperations(): JsonObject {
  return Object.fromEntries(
    HTTP_CALLS.map((call) => {
      const channel = { $ref: `#/channels/${call.name}` };
      const within = (name: string) => ({ $ref: `#/channels/${call.name}/messages/${name}` });
      return [
        `receive${pascal(call.name)}Call`,
        {
          action: 'receive',
          channel,
          summary: call.summary,
          ...(call.open === true ? { description: 'Without a token.' } : {}),
          messages: requestNames(call).map(within),
          bindings: { http: { method: call.method, bindingVersion: '0.3.0' } },
          reply: { channel, messages: answerNames(call).map(within) },
        },
      ];
    }),
  );
}

function requestNames(call: HttpCall): string[] {
  return call.request !== undefined || call.method === 'PUT' ? [`${call.name}Request`] : [];
}

function answerName(call: HttpCall, answer: string): string {
  return call.answers.length === 1 ? `${call.name}Answer` : `${call.name}Answer${answer}`;
}

function answerNames(call: HttpCall): string[] {
  const answers = call.answers.length === 0 ? ['httpDone'] : call.answers.map((answer) => answerName(call, answer));
  return [...answers, 'httpFailure'];
}

function refs(messages: readonly string[]): Json {
  return Object.fromEntries(messages.map((name) => [name, { $ref: `#/components/messages/${name}` }]));
}

function socketRefs(types: readonly string[]): Json {
  return types.map((type) => ({ $ref: `#/channels/socket/messages/${camel(type)}` }));
}

function camel(type: string): string {
  return type.replaceAll(/\.([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}

function pascal(type: string): string {
  const name = camel(type);
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function plain(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

/** The schema as plain JSON in which everything that has an `$id` stands in the components, once, and is referred to. */
function component(schema: unknown, schemas: Components): Json {
  return extracted(plain(schema), schemas);
}

function extracted(node: Json, schemas: Components): Json {
  if (Array.isArray(node)) return node.map((item) => extracted(item, schemas));
  if (typeof node !== 'object' || node === null) return node;
  const { $id, ...rest } = node;
  const body = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, extracted(value, schemas)]));
  if (typeof $id !== 'string') return body;
  schemas.set($id, body);
  return { $ref: `#/components/schemas/${$id}` };
}
