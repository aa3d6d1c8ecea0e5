/** What the schemas of requests and answers are called: after the resource where one is read, else after the operation. */
import type { TSchema } from 'typebox';
import type { Route } from '../route.ts';

/** Names that do not follow from the operation's. */
const DATA_NAMES: Readonly<Record<string, string>> = {
  login: 'SignedIn',
  refreshTokens: 'TokenPair',
  getKeys: 'JsonWebKeySet',
  checkLive: 'Liveness',
  checkReady: 'Readiness',
  getMe: 'OwnAccount',
  listAudit: 'AuditLine',
  createUser: 'UserWithPassword',
  listSchedules: 'ScheduleListItem',
  listDeployments: 'AlertDeployment',
  getDeployment: 'AlertDeploymentDetail',
  listReceipts: 'AlertReceipt',
  listScheduleDeployments: 'ScheduleDeploymentItem',
  listDeploymentDevices: 'ScheduleDeploymentDevice',
  listScheduleConflicts: 'ScheduleConflicts',
  listScheduleContent: 'Content',
  deployAlert: 'DeployedAlert',
  deploySchedule: 'DeployedSchedule',
  withdrawSchedule: 'WithdrawnSchedule',
  previewDevice: 'DevicePreview',
  importDevices: 'ImportedDevices',
  listDeviceSessions: 'DeviceSession',
  listCommands: 'DeviceCommand',
  createUpload: 'UploadTicket',
  createWebhook: 'WebhookWithSecret',
  rotateWebhookSecret: 'RotatedSecret',
  testWebhook: 'WebhookTestOutcome',
  listDeadLetters: 'DeadLetter',
  getDeadLetter: 'DeadLetterDetail',
  reportUsage: 'UsageReport',
  reportPlays: 'PlaysReport',
  reportExpected: 'ExpectedReport',
  reportAvailability: 'AvailabilityReport',
  reportAlerts: 'AlertsReport',
  reportAlertDevices: 'AlertDevicesReport',
  // Alert is what a device shows.
  getAlert: 'PreparedAlert',
};

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The name of the schema of an operation's data; of a list, of one of its items. */
export function dataName({ operationId, paged }: Pick<Route, 'operationId' | 'paged'>): string {
  const known = DATA_NAMES[operationId];
  if (known !== undefined) return known;
  if (operationId.startsWith('get')) return operationId.slice(3);
  if (paged && operationId.startsWith('list')) return operationId.slice(4).replace(/s$/, '');
  return `${capitalised(operationId)}Result`;
}

/** The name of the schema of an operation's request body. */
export function bodyName({ operationId }: Pick<Route, 'operationId'>): string {
  return `${capitalised(operationId)}Request`;
}

/** What of a route's data gets a name: of a list its items, of a raw answer in the envelope what is in it. */
export function namedData({ data, paged, raw }: Pick<Route, 'data' | 'paged' | 'raw'>): TSchema {
  const node = data as { items?: TSchema; properties?: Readonly<Record<string, TSchema>> };
  if (paged && node.items !== undefined) return node.items;
  if (raw && node.properties?.['success'] !== undefined) return node.properties['data'] ?? data;
  return data;
}
