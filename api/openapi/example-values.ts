/** Examples made from schemas, for what has no written one: every field is there, with a value that its name and limits ask for. */
import { isJsonObject, plainJson, type Json, type JsonObject } from './json.ts';

const NOW = '2026-11-20T09:30:00.000Z';

/** Values by the name of the field, where they fit its schema. */
const BY_NAME: Readonly<Record<string, Json>> = {
  id: 42,
  groupId: 3,
  parentId: 1,
  deviceId: 17,
  userId: 5,
  contentId: 8,
  scheduleId: 12,
  deploymentId: 31,
  alertId: 6,
  commandId: 77,
  tenantId: 1,
  targetId: 3,
  version: 7,
  total: 1,
  page: 1,
  limit: 50,
  name: 'Lobby left',
  username: 'night-desk',
  displayName: 'Night desk',
  tenantName: 'North District',
  playerId: 'lobby-left',
  title: 'Fire drill',
  message: 'Leave the building by the stairs',
  description: 'By the stairs',
  timezone: 'Europe/Berlin',
  url: 'https://cms.example.com/media/content/1/8.png?expires=1795170600&signature=Qm9keQ',
  thumbnailUrl: 'https://cms.example.com/media/content/1/8-thumbnail.webp?expires=1795170600&signature=Qm9keQ',
  mimeType: 'image/png',
  fileName: 'welcome.png',
  sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  sizeBytes: 482_113,
  width: 1920,
  height: 1080,
  durationMs: 10_000,
  ip: '192.0.2.17',
  requestId: '0b6f2f0e-9a4f-4a51-9d0e-6a1f3f3a4c11',
  createdAt: NOW,
  day: '2026-11-20',
  rrule: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR',
  start: '08:00',
  end: '18:00',
  model: 'RK3588 board',
  osVersion: '14',
  appVersion: '2.4.1',
  action: 'group.created',
  entity: 'group',
  tokenType: 'Bearer',
  expiresIn: 900,
  accessToken: 'eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiI1In0.c2lnbmF0dXJl',
  refreshToken: '5.q1w2e3r4t5y6u7i8o9p0',
  online: 1,
  offline: 0,
  volume: 40,
  brightness: 80,
  statusSeconds: 60,
  priority: 10,
  x: 0,
  y: 0,
  zIndex: 0,
  failure: null,
  reason: null,
  videoCodec: null,
  audioCodec: null,
  framesPerSecond: null,
  bitsPerSecond: null,
  endDate: '2026-12-24',
  excludedDate: '2026-12-08',
  createdBy: 5,
  expiresAt: '2026-11-20T10:30:00.000Z',
  endedAt: null,
  stoppedAt: null,
  deletedAt: null,
};

/** Words of enumerations that make a telling example. */
const TELLING: readonly Json[] = [
  'ready',
  'published',
  'active',
  'online',
  'displayed',
  'succeeded',
  'applied',
  'image',
];

/** Strings for patterns, tried in this order. */
const BY_PATTERN: readonly string[] = [
  'main',
  NOW,
  '2026-11-20',
  '2026-11-20T09:30:00Z',
  '08:00',
  '#102030',
  '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  '3,4',
];

function fits(node: JsonObject, value: Json): boolean {
  const { enum: allowed, anyOf, pattern, minLength, maxLength, minimum, maximum, type } = node;
  if (Array.isArray(anyOf)) return anyOf.some((part) => fits(part as JsonObject, value));
  if (value === null) return type === 'null';
  if (Array.isArray(allowed)) return allowed.includes(value);
  if (typeof value === 'string') {
    if (type !== 'string') return false;
    if (typeof pattern === 'string' && !new RegExp(pattern, 'u').test(value)) return false;
    return value.length >= Number(minLength ?? 0) && value.length <= Number(maxLength ?? Infinity);
  }
  if (typeof value === 'number') {
    if (type !== 'integer' && type !== 'number') return false;
    return value >= Number(minimum ?? -Infinity) && value <= Number(maximum ?? Infinity);
  }
  return false;
}

function stringOf(node: JsonObject): string {
  if (node['format'] === 'binary') return '(the bytes of the file)';
  const found = [...(node['pattern'] === undefined ? [] : BY_PATTERN), 'text'].find((text) => fits(node, text));
  return found ?? 'x'.repeat(Number(node['minLength'] ?? 1));
}

function objectOf(node: JsonObject): JsonObject {
  const made: Record<string, Json> = {};
  const { properties, patternProperties } = node;
  for (const [name, part] of Object.entries(isJsonObject(properties) ? properties : {})) {
    made[name] = valueOf(part as JsonObject, name);
  }
  if (isJsonObject(patternProperties)) return {};
  return made;
}

function valueOf(node: JsonObject, name: string | null): Json {
  const { const: only, examples, enum: allowed, anyOf, type, items } = node;
  if (Array.isArray(examples) && examples[0] !== undefined) return examples[0] as Json;
  if (only !== undefined) return only;
  const byName = name !== null && Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;
  if (byName !== undefined && fits(node, byName)) return byName;
  if (node['default'] !== undefined) return node['default'];
  if (Array.isArray(allowed)) return TELLING.find((word) => allowed.includes(word)) ?? (allowed[0] as Json);
  if (Array.isArray(anyOf)) return valueOf(anyOf[0] as JsonObject, name);
  switch (type) {
    case 'object':
      return objectOf(node);
    case 'array':
      return isJsonObject(items) ? [valueOf(items, name?.replace(/s$/, '') ?? null)] : [];
    case 'string':
      return stringOf(node);
    case 'integer':
    case 'number':
      return Math.max(Number(node['minimum'] ?? 0), Math.min(1, Number(node['maximum'] ?? 1)));
    case 'boolean':
      return false;
    case 'null':
      return null;
    default:
      return {};
  }
}

/** A value that the schema takes. */
export function exampleOf(schema: unknown): Json {
  return valueOf(plainJson(schema), null);
}
