/**
 * The desired state: the small document that is a device's whole duty. A WebSocket push and a heartbeat's answer are two
 * ways to deliver it. Every schema here is at once the validator, the TypeScript type and a part of the AsyncAPI document.
 */
import Type, { type Static } from 'typebox';

/** A row id: a positive integer that is exact in IEEE 754 doubles. */
export const Id = Type.Integer({
  minimum: 1,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'An id: a positive integer',
});
/** A revision of the database's history: grows strictly in commit order within an epoch. */
export const Rev = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'Revision, grows strictly in commit order within an epoch',
});
/** The identity of the database's history; another number after a restore. */
export const Epoch = Type.Integer({
  minimum: 1,
  maximum: Number.MAX_SAFE_INTEGER,
  description: "Identity of the database's history; new after a restore",
});
/** ISO 8601 UTC with milliseconds, e.g. `2026-11-20T09:30:00.000Z`. */
export const Timestamp = Type.String({
  pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d\\.\\d{3}Z$',
  description: 'ISO 8601 UTC with milliseconds',
});

export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export const Severity = Type.Enum([...SEVERITIES], { description: 'How loud: info < warning < critical' });
export type Severity = (typeof SEVERITIES)[number];

export const CONTENT_TYPES = ['video', 'image', 'html', 'stream'] as const;
export const ContentType = Type.Enum([...CONTENT_TYPES]);

export const AlertContent = Type.Object(
  {
    id: Id,
    type: ContentType,
    url: Type.String({ maxLength: 2048 }),
    sha256: Type.Union([Type.String({ pattern: '^[0-9a-f]{64}$' }), Type.Null()], {
      description: 'SHA-256 of the bytes, hex; null for streams, which have no fixed bytes',
    }),
  },
  { $id: 'AlertContent' },
);
export type AlertContent = Static<typeof AlertContent>;

/** An active alert, as a device shows it. Per `deploymentId` the highest `rev` wins and a stop is terminal. */
export const Alert = Type.Object(
  {
    deploymentId: Id,
    alertId: Type.Union([Id, Type.Null()], {
      description: 'The prepared alert it came from; null when written on the spot',
    }),
    rev: Rev,
    severity: Severity,
    title: Type.String({ minLength: 1, maxLength: 200 }),
    message: Type.String({ maxLength: 4000 }),
    content: Type.Optional(AlertContent),
    startedAt: Timestamp,
    expiresAt: Timestamp,
    drill: Type.Boolean({ description: 'An exercise: shown with a mark that says so' }),
  },
  { $id: 'Alert' },
);
export type Alert = Static<typeof Alert>;

export const ORIENTATIONS = ['landscape', 'portrait', 'landscape-flipped', 'portrait-flipped'] as const;

/** Settings of a device, merged from its groups and itself: per key the nearest wins. */
export const Config = Type.Object(
  {
    volume: Type.Optional(Type.Integer({ minimum: 0, maximum: 100, description: 'percent' })),
    brightness: Type.Optional(Type.Integer({ minimum: 0, maximum: 100, description: 'percent' })),
    orientation: Type.Optional(Type.Enum([...ORIENTATIONS])),
    timezone: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'IANA time zone name' })),
    power: Type.Optional(Type.Enum(['on', 'off'])),
    statusSeconds: Type.Optional(
      Type.Integer({ minimum: 5, maximum: 3600, description: 'How often to send `status`' }),
    ),
  },
  { $id: 'Config', additionalProperties: false },
);
export type Config = Static<typeof Config>;

export const COMMAND_NAMES = [
  'reboot',
  'restart_app',
  'screenshot',
  'refresh',
  'clear_cache',
  'set_volume',
  'set_brightness',
  'power_on',
  'power_off',
  'identify',
  'upload_logs',
] as const;
export const CommandName = Type.Enum([...COMMAND_NAMES]);
export type CommandName = (typeof COMMAND_NAMES)[number];

/** A one-shot order. Acknowledge before acting and remember the id: a command seen again is not done again. */
export const Command = Type.Object(
  {
    commandId: Id,
    name: CommandName,
    args: Type.Record(
      Type.String({ maxLength: 64 }),
      Type.Union([Type.String({ maxLength: 1024 }), Type.Number(), Type.Boolean()]),
    ),
    issuedAt: Timestamp,
    expiresAt: Timestamp,
  },
  { $id: 'Command' },
);
export type Command = Static<typeof Command>;

export const DesiredState = Type.Object(
  {
    epoch: Epoch,
    rev: Rev,
    alerts: Type.Array(Alert, { description: 'Every alert to show now, the most severe first, then the newest' }),
    schedule: Type.Union([Type.Object({ version: Rev }), Type.Null()], {
      description: 'Version of the manifest to fetch from /sync/schedule; null when nothing was ever scheduled',
    }),
    config: Config,
    commands: Type.Array(Command, { description: 'Commands not finished yet, oldest first' }),
  },
  { $id: 'DesiredState' },
);
export type DesiredState = Static<typeof DesiredState>;
