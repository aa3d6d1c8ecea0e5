/** What the outside is told, word for word: the JSON that SNS carries and webhooks get. */
import Type, { type Static } from 'typebox';
import { Id, Severity, Timestamp } from '../../protocol/desired-state.ts';
import { LadderJson } from '../alerts/deployment-ladder.ts';

/** Kinds of events that a webhook may ask for. */
export const EVENT_KINDS = ['alert.started', 'alert.stopped', 'alert.unconfirmed'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export const EventKindJson = Type.Enum([...EVENT_KINDS], {
  description:
    '`alert.started`: raised; `alert.stopped`: stopped by somebody; `alert.unconfirmed`: still on, and some screens have not ' +
    'shown it PODOH_UNCONFIRMED_SECONDS after its start',
});

/** Devices named in one event. Past it: the ladder's counters say how many there are, the deployment's receipts which. */
export const EVENT_DEVICES_MAX = 100;

const EventDeployment = Type.Object(
  {
    deploymentId: Id,
    alertId: Type.Union([Id, Type.Null()], { description: 'The prepared alert; null when written on the spot' }),
    severity: Severity,
    title: Type.String({ description: 'As on the screens' }),
    message: Type.String({ description: 'As on the screens' }),
    drill: Type.Boolean({ description: 'An exercise' }),
    startedAt: Timestamp,
    expiresAt: Timestamp,
    stoppedAt: Type.Optional(Timestamp),
    targets: Type.Object(
      {
        groupIds: Type.Array(Id, { description: 'Groups as targeted, each with its subtree' }),
        deviceIds: Type.Array(Id, { description: 'Devices targeted one by one' }),
        total: Type.Integer({ minimum: 0, description: 'Active devices targeted when it was raised' }),
        online: Type.Integer({ minimum: 0, description: 'Of these, online then' }),
      },
      { description: 'At whom it was aimed' },
    ),
  },
  { description: 'The deployment that the event is about' },
);
export type EventDeployment = Static<typeof EventDeployment>;

const EventDevice = Type.Object({
  deviceId: Id,
  name: Type.Union([Type.String(), Type.Null()], { description: 'null when the device was deleted since' }),
  state: Type.Enum(['unconfirmed', 'failed'], { description: '`failed`: the device said that it cannot show it' }),
  reason: Type.Union([Type.String(), Type.Null()], { description: 'Why it failed, in the words of the device' }),
});
export type EventDevice = Static<typeof EventDevice>;

/**
 * One event. It may arrive more than once (then with the same `eventId`) and, after a failure, later than one that happened after
 * it: `at` says when it happened.
 */
export const AlertEvent = Type.Object(
  {
    eventId: Type.String({
      maxLength: 64,
      description: 'Names the event; the same however often it is delivered, never used for another',
    }),
    kind: EventKindJson,
    at: { ...Timestamp, description: 'When it happened: ISO 8601 UTC with milliseconds' },
    tenantId: Id,
    deployment: EventDeployment,
    ladder: Type.Optional({ ...LadderJson, description: 'Of `alert.unconfirmed`: the counters at that time' }),
    devices: Type.Optional(
      Type.Array(EventDevice, {
        maxItems: EVENT_DEVICES_MAX,
        description: `Of \`alert.unconfirmed\`: devices that have not shown it, those that failed first, at most ${EVENT_DEVICES_MAX}`,
      }),
    ),
  },
  { description: 'An event as SNS carries it and webhooks get it' },
);
export type AlertEvent = Static<typeof AlertEvent>;

/** The event as the bytes that every channel carries. Characters that XML 1.0 (and so SNS) refuses or discourages go as escapes. */
export function eventText(event: object): string {
  return JSON.stringify(event).replaceAll(
    /[\u007f-\u009f\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
