/** What the outside is told. The rules of tables.ts hold here. */
import type { Generated } from 'kysely';
import type { EpochMs, Flag, JsonText } from './columns.ts';

export interface WebhooksTable {
  id: Generated<number>;
  tenant_id: number;
  name: string;
  url: string;
  /** Kinds of events, a list. */
  events: JsonText;
  /** What signs the deliveries, sealed. */
  secret: string;
  enabled: Flag;
  version: number;
  created_by: number | null;
  created_at: EpochMs;
  updated_at: EpochMs;
}

/** Something the outside is told. */
export interface NotificationsTable {
  id: Generated<number>;
  tenant_id: number;
  /** Made from what happened, so that the same event is stored once however often it is seen. */
  event_id: string;
  kind: string;
  payload: JsonText;
  created_at: EpochMs;
}

export type NotificationChannel = 'sns' | 'webhook';

/** A notification on its way to one listener; the row goes when it was delivered. */
export interface NotificationDeliveriesTable {
  id: Generated<number>;
  tenant_id: number;
  notification_id: number;
  channel: NotificationChannel;
  webhook_id: number | null;
  attempts: number;
  next_attempt_at: EpochMs;
  /** Somebody is sending it until then. */
  lease_until: EpochMs | null;
  last_error: string | null;
  created_at: EpochMs;
}

/** A delivery that was given up. */
export interface NotificationDeadLettersTable {
  id: Generated<number>;
  tenant_id: number;
  notification_id: number;
  channel: NotificationChannel;
  webhook_id: number | null;
  attempts: number;
  last_error: string | null;
  died_at: EpochMs;
}

/** An alert to be looked at once, when `due_at` has come: is it confirmed everywhere? */
export interface AlertWatchesTable {
  deployment_id: number;
  tenant_id: number;
  due_at: EpochMs;
}
