/** A prepared alert as the API shows it, and the text of any alert as it comes in. */
import Type, { type Static } from 'typebox';
import type { AlertsTable } from '../../migrations/tables.ts';
import { Id, Severity, SEVERITIES, Timestamp } from '../../protocol/desired-state.ts';
import { toIso } from '../iso-time.ts';
import { DEFAULTS_SHOWN, type AlertDefaults } from './alert-defaults.ts';

export const AlertTitle = Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' });
export const AlertMessage = Type.String({ maxLength: 4000 });
export const AlertName = Type.String({
  minLength: 1,
  maxLength: 120,
  pattern: '\\S',
  description: 'For operators; not shown on screens',
});
export const AlertSeverity = Type.Enum([...SEVERITIES], { description: 'info < warning < critical' });

/** What an alert says. */
export const ALERT_TEXT = {
  severity: AlertSeverity,
  title: AlertTitle,
  message: AlertMessage,
  contentId: Type.Optional(Type.Union([Id, Type.Null()], { description: 'Content to show beside the text' })),
} as const;

export const AlertJson = Type.Object({
  id: Id,
  name: Type.String(),
  severity: Severity,
  title: Type.String(),
  message: Type.String(),
  contentId: Type.Union([Id, Type.Null()]),
  ...DEFAULTS_SHOWN,
  version: Type.Integer(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type AlertJson = Static<typeof AlertJson>;

export const ALERT_COLUMNS = [
  'id',
  'name',
  'severity',
  'title',
  'message',
  'content_id',
  'defaults',
  'version',
  'created_at',
  'updated_at',
] as const;

export interface AlertRow extends Pick<AlertsTable, Exclude<(typeof ALERT_COLUMNS)[number], 'id' | 'defaults'>> {
  readonly id: number;
}

/** `defaults` are those that the reader may see (visibleDefaults). */
export function alertJson(row: AlertRow, defaults: AlertDefaults): AlertJson {
  return {
    id: row.id,
    name: row.name,
    severity: row.severity,
    title: row.title,
    message: row.message,
    contentId: row.content_id,
    ...defaults,
    version: row.version,
    createdAt: toIso(row.created_at),
    updatedAt: toIso(row.updated_at),
  };
}
