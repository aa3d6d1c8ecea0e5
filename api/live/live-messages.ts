/**
 * What is said on the live feed, `GET /api/v1/live`: JSON text messages, flat objects with a `type`. A client that does not know a
 * type or a field passes over it.
 *
 * A feed tells what changed and never all there is: after `ready`, and whenever it is told to `resync`, a client reads what it shows
 * over REST. Whatever was committed after `ready` is told of.
 */
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { DeploymentStatus } from '../alerts/deployment-json.ts';
import { LadderJson, LatencyJson } from '../alerts/deployment-ladder.ts';
import { ProgressJson } from '../schedules/deployment-progress.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';

/** The subprotocol (RFC 6455 §1.9). An access token may stand beside it as `bearer.<token>`. */
export const LIVE_PROTOCOL = 'podoh.live.v1';

/** What a client may narrow its feed to. */
export const LIVE_TOPICS = ['presence', 'ladder', 'deployments', 'changed'] as const;
export type LiveTopic = (typeof LIVE_TOPICS)[number];

/** Devices in one `presence`. Past it: `resync`. */
export const PRESENCE_DEVICES_MAX = 500;
/** Ids of one kind in one `changed`. Past it: the kind without ids. */
export const CHANGED_IDS_MAX = 100;
/** Alert deployments that are followed at once, the newest. */
export const LADDERS_MAX = 50;
/** Schedule deployments that are followed at once, the newest. */
export const PROGRESS_MAX = 20;
/** Deployments that a client may narrow its feed to. */
const DEPLOYMENT_IDS_MAX = 100;

/** The first message after the token was accepted. */
export const ReadyMessage = Type.Object({
  type: Type.Literal('ready'),
  serverTime: Timestamp,
  userId: Id,
  expiresAt: { ...Timestamp, description: 'When the token runs out: send `auth` with a new one before that' },
});

/** Another token was accepted. */
export const AuthenticatedMessage = Type.Object({ type: Type.Literal('authenticated'), expiresAt: Timestamp });

const Presence = Type.Object({
  deviceId: Id,
  status: Type.Enum(['online', 'offline']),
  transport: Type.Union([Type.Enum(['websocket', 'http']), Type.Null()]),
  lastSeen: Type.Union([Timestamp, Type.Null()]),
});

const Count = Type.Integer({ minimum: 0 });
const PresenceCounts = Type.Object(
  {
    total: Type.Integer({ minimum: 0, description: 'Active devices' }),
    online: Count,
    offline: Count,
    http: Type.Integer({ minimum: 0, description: 'Of the online, over HTTP' }),
  },
  { description: 'Counted over the devices that the user may see' },
);
export type PresenceCounts = Static<typeof PresenceCounts>;

/** Devices that came, went or changed their transport, as they are now; the first one has counts only. At most three times a second. */
export const PresenceMessage = Type.Object({
  type: Type.Literal('presence'),
  devices: Type.Array(Presence, { maxItems: PRESENCE_DEVICES_MAX }),
  counts: PresenceCounts,
  resync: Type.Optional(
    Type.Literal(true, { description: 'More changed than is listed here: read the devices over REST' }),
  ),
});
export type PresenceMessage = Static<typeof PresenceMessage>;

const LadderItem = Type.Object({
  deploymentId: Id,
  status: DeploymentStatus,
  ladder: LadderJson,
  latency: LatencyJson,
});
export type LadderItem = Static<typeof LadderItem>;

/**
 * Deployments of alerts that are active or ended less than a minute ago, those whose counts changed; the first one has all of them.
 * While they move two to three times a second.
 */
export const LadderMessage = Type.Object({
  type: Type.Literal('ladder'),
  deployments: Type.Array(LadderItem, { maxItems: LADDERS_MAX }),
});

const ProgressItem = Type.Object({ deploymentId: Id, scheduleId: Id, progress: ProgressJson });
export type ProgressItem = Static<typeof ProgressItem>;

/**
 * Active deployments of schedules younger than a day that some device has not applied yet, those whose counts changed; the last
 * word on one is that nothing is pending any more. At most once a second.
 */
export const DeploymentsMessage = Type.Object({
  type: Type.Literal('deployments'),
  items: Type.Array(ProgressItem, { maxItems: PROGRESS_MAX }),
});

export const LIVE_ENTITIES = [
  'group',
  'device',
  'content',
  'schedule',
  'alert',
  'alertDeployment',
  'user',
  'webhook',
  'deadLetter',
] as const;
export type LiveEntity = (typeof LIVE_ENTITIES)[number];

const ChangedEntity = Type.Object({
  entity: Type.Enum([...LIVE_ENTITIES]),
  id: Type.Optional({ ...Id, description: 'Absent: several, or all of them' }),
});
export type ChangedEntity = Static<typeof ChangedEntity>;

/** Something was made, edited or removed: read it again over REST if it is on the screen. */
export const ChangedMessage = Type.Object({ type: Type.Literal('changed'), entities: Type.Array(ChangedEntity) });

export const LiveServerMessage = Type.Union([
  ReadyMessage,
  AuthenticatedMessage,
  PresenceMessage,
  LadderMessage,
  DeploymentsMessage,
  ChangedMessage,
]);
export type LiveServerMessage = Static<typeof LiveServerMessage>;

/** Says who is there; again, with a new token of the same user, before the old one runs out. */
export const AuthMessage = Type.Object(
  { type: Type.Literal('auth'), accessToken: Type.String({ minLength: 1, maxLength: 2_048 }) },
  { additionalProperties: false },
);

/** Narrows the feed; a field that is left out stands for everything. The last one holds. */
export const SubscribeMessage = Type.Object(
  {
    type: Type.Literal('subscribe'),
    topics: Type.Optional(Type.Array(Type.Enum([...LIVE_TOPICS]), { maxItems: LIVE_TOPICS.length })),
    deploymentIds: Type.Optional(
      Type.Array(Id, { maxItems: DEPLOYMENT_IDS_MAX, description: 'Of `ladder` and `deployments`, these alone' }),
    ),
  },
  { additionalProperties: false },
);

export type LiveClientMessage = Static<typeof AuthMessage> | Static<typeof SubscribeMessage>;

const auth = Compile(AuthMessage);
const subscribe = Compile(SubscribeMessage);

/** Reads what a client sent; null when it is no message of ours. */
export function readClientMessage(text: string): LiveClientMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (auth.Check(value)) return value;
  return subscribe.Check(value) ? value : null;
}
