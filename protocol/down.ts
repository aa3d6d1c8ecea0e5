/** Frames from the hub to a device. Flat objects told apart by `type`; devices ignore what they do not know. */
import Type, { type Static } from 'typebox';
import { Alert, Command, Config, DesiredState, Epoch, Id, Rev, Timestamp } from './desired-state.ts';
import { FRAME_ERRORS } from './errors.ts';
import { RECEIPT_STAGES } from './up.ts';

export const Welcome = Type.Object(
  {
    type: Type.Literal('welcome'),
    sessionId: Type.String({ maxLength: 64 }),
    connEpoch: Type.Integer({
      minimum: 1,
      description: 'Number of this connection of this device; the highest is the one that counts',
    }),
    epoch: Epoch,
    rev: Rev,
    serverTime: Timestamp,
    tokenExpiresAt: Timestamp,
    pingSeconds: Type.Integer({
      minimum: 1,
      description: 'The hub pings at least this often; three times this silent means the socket is dead',
    }),
    statusSeconds: Type.Integer({ minimum: 1 }),
    reconnect: Type.Object({ minMs: Type.Integer({ minimum: 0 }), maxMs: Type.Integer({ minimum: 0 }) }),
    state: Type.Optional(DesiredState),
  },
  { $id: 'Welcome' },
);
export type Welcome = Static<typeof Welcome>;

export const StateFrame = Type.Object(
  { type: Type.Literal('state'), epoch: Epoch, rev: Rev, state: DesiredState },
  { $id: 'StateFrame' },
);
export const AlertStart = Type.Object(
  { type: Type.Literal('alert.start'), rev: Rev, alert: Alert },
  { $id: 'AlertStart' },
);
export const AlertStop = Type.Object(
  { type: Type.Literal('alert.stop'), rev: Rev, deploymentId: Id },
  { $id: 'AlertStop' },
);
export const ScheduleChanged = Type.Object(
  { type: Type.Literal('schedule.changed'), rev: Rev, version: Rev },
  { $id: 'ScheduleChanged' },
);
export const ConfigChanged = Type.Object(
  { type: Type.Literal('config.changed'), rev: Rev, config: Config },
  { $id: 'ConfigChanged' },
);
export const CommandFrame = Type.Object(
  { type: Type.Literal('command'), rev: Rev, command: Command },
  { $id: 'CommandFrame' },
);
/** Committed: what it names need not be sent again. */
export const Ack = Type.Object(
  {
    type: Type.Literal('ack'),
    ids: Type.Optional(Type.Array(Type.String(), { description: 'Ids of log entries' })),
    receipts: Type.Optional(Type.Array(Type.Object({ deploymentId: Id, stage: Type.Enum([...RECEIPT_STAGES]) }))),
    commands: Type.Optional(Type.Array(Type.Object({ commandId: Id, state: Type.String() }))),
  },
  { $id: 'Ack' },
);
export const GoAway = Type.Object(
  { type: Type.Literal('goaway'), afterMs: Type.Integer({ minimum: 0 }), reason: Type.String({ maxLength: 100 }) },
  { $id: 'GoAway' },
);
export const ErrorFrame = Type.Object(
  { type: Type.Literal('error'), code: Type.Enum([...FRAME_ERRORS]), message: Type.String() },
  { $id: 'ErrorFrame' },
);
export const Pong = Type.Object(
  { type: Type.Literal('pong'), id: Type.Optional(Type.Integer()), serverTime: Timestamp },
  { $id: 'Pong' },
);
/** Answer to `auth`: the session now lives until the new token runs out. */
export const Authenticated = Type.Object(
  { type: Type.Literal('authenticated'), tokenExpiresAt: Timestamp },
  { $id: 'Authenticated' },
);

export const DOWN_SCHEMAS = {
  welcome: Welcome,
  state: StateFrame,
  'alert.start': AlertStart,
  'alert.stop': AlertStop,
  'schedule.changed': ScheduleChanged,
  'config.changed': ConfigChanged,
  command: CommandFrame,
  ack: Ack,
  goaway: GoAway,
  error: ErrorFrame,
  pong: Pong,
  authenticated: Authenticated,
} as const;
export type DownType = keyof typeof DOWN_SCHEMAS;
export type DownFrame = { [K in DownType]: Static<(typeof DOWN_SCHEMAS)[K]> }[DownType];
export type DownFrameOf<K extends DownType> = Static<(typeof DOWN_SCHEMAS)[K]>;
