/** Bodies of the HTTP half of the device contract, base `/api/v1/sync`; answers come in the envelope of errors.ts. */
import Type, { type Static } from 'typebox';
import { Alert, ContentType, DesiredState, Epoch, Id, Rev, Timestamp } from './desired-state.ts';
import { Layout, Timing } from './schedule.ts';
import { COMMAND_UPDATES_MAX, LOG_ENTRIES_MAX, RECEIPTS_MAX, WAIT_SECONDS_MAX } from './limits.ts';
import { Capabilities, CommandUpdate, LogEntry, Receipt, Status } from './up.ts';

const Label = Type.String({ maxLength: 120 });

export const RegisterRequest = Type.Object(
  {
    playerId: Type.String({
      minLength: 1,
      maxLength: 64,
      pattern: '^[A-Za-z0-9._:-]+$',
      description: "The player's own stable name",
    }),
    pollSecret: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    name: Type.Optional(Label),
    model: Type.Optional(Label),
    osVersion: Type.Optional(Label),
    appVersion: Type.Optional(Label),
    capabilities: Type.Optional(Capabilities),
  },
  { $id: 'RegisterRequest' },
);
export type RegisterRequest = Static<typeof RegisterRequest>;

export const RegisterPending = Type.Object(
  {
    status: Type.Literal('pending'),
    pairingCode: Type.String({
      pattern: '^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$',
      description: 'Crockford base32, to be shown large',
    }),
    pollSecret: Type.String(),
    expiresAt: Timestamp,
    pollAfterSeconds: Type.Integer({ minimum: 1 }),
  },
  { $id: 'RegisterPending' },
);
export type RegisterPending = Static<typeof RegisterPending>;
export const RegisterPaired = Type.Object(
  { status: Type.Literal('paired'), deviceId: Id, credential: Type.String({ description: 'Given once: store it' }) },
  { $id: 'RegisterPaired' },
);
export type RegisterPaired = Static<typeof RegisterPaired>;
export type RegisterResponse = RegisterPending | RegisterPaired;

export const TokenRequest = Type.Object(
  { deviceId: Id, credential: Type.String({ minLength: 1, maxLength: 256 }) },
  { $id: 'TokenRequest' },
);
export type TokenRequest = Static<typeof TokenRequest>;
export const TokenResponse = Type.Object(
  {
    accessToken: Type.String(),
    tokenType: Type.Literal('Bearer'),
    expiresIn: Type.Integer({ minimum: 1, description: 'seconds' }),
  },
  { $id: 'TokenResponse' },
);
export type TokenResponse = Static<typeof TokenResponse>;

export const HeartbeatRequest = Type.Object(
  {
    epoch: Type.Optional(Epoch),
    rev: Type.Optional(Rev),
    waitSeconds: Type.Optional(Type.Number({ minimum: 0, maximum: WAIT_SECONDS_MAX })),
    status: Type.Optional(Status),
    receipts: Type.Optional(Type.Array(Receipt, { maxItems: RECEIPTS_MAX })),
    commandUpdates: Type.Optional(Type.Array(CommandUpdate, { maxItems: COMMAND_UPDATES_MAX })),
    logs: Type.Optional(Type.Array(LogEntry, { maxItems: LOG_ENTRIES_MAX })),
  },
  { $id: 'HeartbeatRequest' },
);
export type HeartbeatRequest = Static<typeof HeartbeatRequest>;
export const HeartbeatResponse = Type.Object(
  {
    epoch: Epoch,
    rev: Rev,
    serverTime: Timestamp,
    hasUpdate: Type.Boolean({ description: 'True exactly when `state` is there' }),
    scheduleVersion: Type.Union([Rev, Type.Null()]),
    alert: Type.Boolean({ description: 'Is any alert active' }),
    alertContent: Type.Union([Alert, Type.Null()], { description: 'The top alert' }),
    state: Type.Optional(DesiredState),
    nextHeartbeatSeconds: Type.Number({ minimum: 0 }),
  },
  { $id: 'HeartbeatResponse' },
);
export type HeartbeatResponse = Static<typeof HeartbeatResponse>;

export const ReceiptsRequest = Type.Object(
  { items: Type.Array(Receipt, { minItems: 1, maxItems: RECEIPTS_MAX }) },
  { $id: 'ReceiptsRequest' },
);
export const LogRequest = Type.Object(
  { entries: Type.Array(LogEntry, { minItems: 1, maxItems: LOG_ENTRIES_MAX }) },
  { $id: 'LogRequest' },
);
export const BatchResponse = Type.Object(
  { accepted: Type.Integer({ minimum: 0 }), duplicates: Type.Integer({ minimum: 0 }) },
  { $id: 'BatchResponse' },
);
export type BatchResponse = Static<typeof BatchResponse>;

export const ManifestContent = Type.Object(
  {
    id: Id,
    type: ContentType,
    url: Type.String({
      description:
        'An address, or a path on the origin of hub and API; one of ours is signed and runs out: fetch the manifest again for a new one',
    }),
    sha256: Type.Union([Type.String(), Type.Null()]),
    size: Type.Union([Type.Integer(), Type.Null()], { description: 'bytes' }),
    mimeType: Type.Union([Type.String(), Type.Null()]),
    durationMs: Type.Union([Type.Integer(), Type.Null()]),
  },
  { $id: 'ManifestContent' },
);
export const Manifest = Type.Object(
  {
    version: Type.Union([Rev, Type.Null()]),
    schedules: Type.Array(
      Type.Object({
        id: Id,
        name: Type.String(),
        priority: Type.Integer({ description: 'Higher wins among schedules of the same distance' }),
        layout: Layout,
        timing: Timing,
        deploymentId: Type.Optional({ ...Id, description: 'The deployment that brought it' }),
        distance: Type.Optional(
          Type.Integer({
            minimum: 0,
            description:
              "How far its target is: 0 the device itself, 1 its group, 2 that group's parent. The nearest wins, then `priority`",
          }),
        ),
      }),
      { description: 'In the order in which they win' },
    ),
    contentList: Type.Array(ManifestContent),
    prefetch: Type.Array(ManifestContent, { description: 'Content of alerts, to have before it is needed' }),
  },
  { $id: 'Manifest' },
);
export type Manifest = Static<typeof Manifest>;

export const SYNC_SCHEMAS = {
  RegisterRequest,
  RegisterPending,
  RegisterPaired,
  TokenRequest,
  TokenResponse,
  HeartbeatRequest,
  HeartbeatResponse,
  ReceiptsRequest,
  LogRequest,
  BatchResponse,
  Manifest,
} as const;
