/** A webhook as the API shows it: everything but its secret. */
import Type, { type Static } from 'typebox';
import type { WebhooksTable } from '../../migrations/notification-tables.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import { toIso } from '../iso-time.ts';
import { EventKindJson, type EventKind } from './event-json.ts';

export const WebhookJson = Type.Object({
  id: Id,
  name: Type.String(),
  url: Type.String({ description: 'Where events are sent, by POST' }),
  events: Type.Array(EventKindJson, { description: 'Kinds of events that are sent' }),
  enabled: Type.Boolean({ description: 'false: it is told nothing, and what waits for it becomes dead letters' }),
  version: Type.Integer({ description: 'To be sent with a change' }),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type WebhookJson = Static<typeof WebhookJson>;

export const WebhookSecret = Type.String({
  description:
    'Shown this once. It keys the HMAC-SHA-256 over `<Podoh-Timestamp>.<body>`, whose hex stands in `Podoh-Signature: v1=<hex>`; ' +
    'the timestamp is in seconds since 1970 (UTC)',
});
export const WebhookWithSecret = Type.Object({ ...WebhookJson.properties, secret: WebhookSecret });
export type WebhookWithSecret = Static<typeof WebhookWithSecret>;

export const WEBHOOK_COLUMNS = [
  'id',
  'name',
  'url',
  'events',
  'enabled',
  'version',
  'created_at',
  'updated_at',
] as const;

export interface WebhookRow extends Pick<WebhooksTable, Exclude<(typeof WEBHOOK_COLUMNS)[number], 'id'>> {
  readonly id: number;
}

export function webhookJson(row: WebhookRow): WebhookJson {
  return {
    id: row.id,
    name: row.name,
    url: row.url,
    events: JSON.parse(row.events) as EventKind[],
    enabled: row.enabled === 1,
    version: row.version,
    createdAt: toIso(row.created_at),
    updatedAt: toIso(row.updated_at),
  };
}
