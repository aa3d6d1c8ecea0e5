/** Frames from a device to the hub. Flat objects told apart by `type`; unknown types and fields are ignored and counted. */
import Type, { type Static } from 'typebox';
import { CommandName, Epoch, Id, Rev, Timestamp } from './desired-state.ts';
import { DISPLAYED_MAX, LOG_ENTRIES_MAX, RECEIPTS_MAX, TOKEN_BYTES_MAX } from './limits.ts';

/** The stages that a device itself reports; `accepted` and `sent` are the hub's own. */
export const RECEIPT_STAGES = ['received', 'displayed', 'cleared', 'failed'] as const;
export type ReceiptStage = (typeof RECEIPT_STAGES)[number];

export const Receipt = Type.Object(
  {
    deploymentId: Id,
    stage: Type.Enum([...RECEIPT_STAGES]),
    at: Timestamp,
    reason: Type.Optional(Type.String({ maxLength: 200, description: 'Why it failed' })),
  },
  { $id: 'Receipt' },
);
export type Receipt = Static<typeof Receipt>;

export const Capabilities = Type.Array(CommandName, {
  maxItems: 32,
  description: 'Commands that this device can carry out',
});

export const COMMAND_UPDATE_STATES = ['acknowledged', 'succeeded', 'failed', 'rejected'] as const;
export const CommandUpdate = Type.Object(
  {
    commandId: Id,
    state: Type.Enum([...COMMAND_UPDATE_STATES]),
    result: Type.Optional(
      Type.Record(
        Type.String({ maxLength: 64 }),
        Type.Union([Type.String({ maxLength: 1024 }), Type.Number(), Type.Boolean()]),
      ),
    ),
    reason: Type.Optional(Type.String({ maxLength: 200 })),
  },
  { $id: 'CommandUpdate' },
);
export type CommandUpdate = Static<typeof CommandUpdate>;

/** One play of one content item; `id` is the device's own and makes a repeat harmless. */
export const LogEntry = Type.Object(
  {
    id: Type.String({ minLength: 1, maxLength: 64 }),
    contentId: Id,
    scheduleId: Type.Optional(Id),
    startedAt: Timestamp,
    playSeconds: Type.Number({ minimum: 0, maximum: 604_800 }),
    alertDeploymentId: Type.Optional({ ...Id, description: 'The alert whose content this was, or that covered it' }),
  },
  { $id: 'LogEntry' },
);
export type LogEntry = Static<typeof LogEntry>;

export const SCHEDULE_STATES = ['received', 'applied', 'failed'] as const;

/** What a device says of itself now and then; every field is optional. */
export const Status = Type.Object(
  {
    at: Type.Optional(Timestamp),
    playing: Type.Optional(Type.Union([Id, Type.Null()], { description: 'Content on screen' })),
    displayed: Type.Optional(Type.Array(Id, { maxItems: DISPLAYED_MAX, description: 'Alert deployments on glass' })),
    uptimeSeconds: Type.Optional(Type.Number({ minimum: 0 })),
    freeStorageBytes: Type.Optional(Type.Number({ minimum: 0 })),
    freeMemoryBytes: Type.Optional(Type.Number({ minimum: 0 })),
    cpuPercent: Type.Optional(Type.Number({ minimum: 0, maximum: 100 })),
    temperatureCelsius: Type.Optional(Type.Number({ minimum: -100, maximum: 200 })),
    volume: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
    brightness: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
    screenOn: Type.Optional(Type.Boolean()),
    screenWidth: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000 })),
    screenHeight: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000 })),
    network: Type.Optional(Type.String({ maxLength: 64 })),
    appVersion: Type.Optional(Type.String({ maxLength: 64 })),
    osVersion: Type.Optional(Type.String({ maxLength: 64 })),
    clockOffsetMs: Type.Optional(Type.Number({ description: "Hub's time minus device's own clock" })),
    scheduleVersion: Type.Optional({ ...Rev, description: 'The manifest that `scheduleState` speaks of' }),
    scheduleState: Type.Optional(
      Type.Enum([...SCHEDULE_STATES], {
        description:
          '`received`: the manifest is here, its content is being fetched; `applied` (default): it is what plays; `failed`: it cannot be played',
      }),
    ),
    scheduleReason: Type.Optional(Type.String({ maxLength: 200, description: 'Why it failed' })),
  },
  { $id: 'Status' },
);
export type Status = Static<typeof Status>;

export const Hello = Type.Object(
  {
    type: Type.Literal('hello'),
    epoch: Type.Optional(Epoch),
    rev: Type.Optional(Rev),
    appVersion: Type.Optional(Type.String({ maxLength: 64 })),
    capabilities: Type.Optional(Capabilities),
    displayed: Type.Optional(
      Type.Array(Id, { maxItems: DISPLAYED_MAX, description: 'Alert deployments on glass at this moment' }),
    ),
  },
  { $id: 'Hello' },
);
export type Hello = Static<typeof Hello>;

export const StatusFrame = Type.Object({ type: Type.Literal('status'), ...Status.properties }, { $id: 'StatusFrame' });
export const Applied = Type.Object({ type: Type.Literal('applied'), rev: Rev }, { $id: 'Applied' });
export const ReceiptFrame = Type.Object(
  { type: Type.Literal('receipt'), items: Type.Array(Receipt, { minItems: 1, maxItems: RECEIPTS_MAX }) },
  { $id: 'ReceiptFrame' },
);
export const CommandUpdateFrame = Type.Object(
  { type: Type.Literal('command.update'), ...CommandUpdate.properties },
  { $id: 'CommandUpdateFrame' },
);
export const AuthFrame = Type.Object(
  { type: Type.Literal('auth'), accessToken: Type.String({ minLength: 1, maxLength: TOKEN_BYTES_MAX }) },
  { $id: 'AuthFrame' },
);
export const LogFrame = Type.Object(
  { type: Type.Literal('log'), entries: Type.Array(LogEntry, { minItems: 1, maxItems: LOG_ENTRIES_MAX }) },
  { $id: 'LogFrame' },
);
/** Liveness for clients that cannot see WebSocket pings (browsers). The hub answers `pong` with its time. */
export const Ping = Type.Object(
  { type: Type.Literal('ping'), id: Type.Optional(Type.Integer({ minimum: 0 })) },
  { $id: 'Ping' },
);

export const UP_SCHEMAS = {
  hello: Hello,
  status: StatusFrame,
  applied: Applied,
  receipt: ReceiptFrame,
  'command.update': CommandUpdateFrame,
  auth: AuthFrame,
  log: LogFrame,
  ping: Ping,
} as const;
export type UpType = keyof typeof UP_SCHEMAS;
export type UpFrame = { [K in UpType]: Static<(typeof UP_SCHEMAS)[K]> }[UpType];
export type UpFrameOf<K extends UpType> = Static<(typeof UP_SCHEMAS)[K]>;
