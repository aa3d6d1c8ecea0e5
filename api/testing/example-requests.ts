/** A well-formed request for every route of the resources, for tests that walk all of them. */
import type { Method, Route } from '../route.ts';
import type { TenantIds } from './furnished-tenant.ts';
import { layoutOf } from './schedule-samples.ts';

export interface ExampleRequest {
  readonly method: Method;
  readonly url: string;
  readonly body?: unknown;
}

const ALERT = { severity: 'info', title: 'T', message: 'M' };
const HOOK = { name: 'Example', url: 'https://hooks.example.com/example', events: ['alert.started'] };

let made = 0;

const BODIES: Readonly<Record<string, (ids: TenantIds) => unknown>> = {
  updateMe: () => ({ displayName: 'Renamed' }),
  createUser: ({ groupId }) => ({
    username: `example-${(made += 1)}`,
    displayName: 'Example',
    role: 'user',
    groupIds: [groupId],
  }),
  updateUser: () => ({ displayName: 'Renamed', version: 1 }),
  resetUserPassword: () => ({}),
  createGroup: ({ groupId }) => ({ name: `Example ${(made += 1)}`, parentId: groupId }),
  updateGroup: () => ({ name: 'Renamed', version: 1 }),
  updateDevice: () => ({ name: 'Renamed', version: 1 }),
  pairDevice: ({ groupId }) => ({ code: 'ZZZZ-ZZZZ', groupId }),
  importDevices: ({ groupId }) => ({ devices: [{ playerId: `example-${(made += 1)}`, name: 'x', groupId }] }),
  bulkDevices: ({ deviceId }) => ({ select: { deviceIds: [deviceId] }, action: { kind: 'command', name: 'reboot' } }),
  issueCommand: () => ({ name: 'reboot' }),
  createContent: ({ groupId }) => ({ type: 'html', name: 'Example', url: 'https://pages.example.com/', groupId }),
  updateContent: () => ({ name: 'Renamed', version: 1 }),
  createUpload: ({ groupId }) => ({ name: 'Example', sizeBytes: 10, mimeType: 'video/mp4', groupId }),
  createSchedule: ({ contentId, groupId }) => ({ name: 'Example', groupId, layout: layoutOf(contentId) }),
  updateSchedule: () => ({ name: 'Renamed', version: 1 }),
  copySchedule: () => ({ name: 'Copied' }),
  deploySchedule: ({ groupId }) => ({ groupIds: [groupId] }),
  withdrawSchedule: ({ groupId }) => ({ groupIds: [groupId] }),
  createAlert: () => ALERT,
  updateAlert: () => ({ title: 'Renamed', version: 1 }),
  deployAlert: ({ groupId }) => ({ alert: ALERT, groupIds: [groupId] }),
  stopAlert: ({ deploymentId }) => ({ deploymentId }),
  createWebhook: () => HOOK,
  updateWebhook: () => ({ enabled: false, version: 1 }),
};

/** What `:id` stands for under these paths; the first that fits. */
const ID_KINDS: readonly (readonly [RegExp, keyof TenantIds])[] = [
  [/\/alerts\/deployments\/:id/, 'deploymentId'],
  [/\/content\/uploads\/:id/, 'uploadId'],
  [/\/dead-letters\/:id/, 'deadLetterId'],
  [/\/users\/:id/, 'userId'],
  [/\/groups\/:id/, 'groupId'],
  [/\/devices\/:id/, 'deviceId'],
  [/\/content\/:id/, 'contentId'],
  [/\/schedules\/:id/, 'scheduleId'],
  [/\/alerts\/:id/, 'alertId'],
  [/\/webhooks\/:id/, 'webhookId'],
];

/** Which id a parameter of the route's path is. Throws for one that is not known here, so that none is forgotten. */
export function idKind(url: string, parameter: string): keyof TenantIds {
  if (parameter === 'commandId') return 'commandId';
  if (parameter === 'deploymentId') return url.includes('/schedules/') ? 'scheduleDeploymentId' : 'deploymentId';
  const found = ID_KINDS.find(([path]) => path.test(url));
  if (parameter !== 'id' || found === undefined) throw new Error(`what is :${parameter} in ${url}?`);
  return found[1];
}

/** True when the route's request is known here; those of signing in need secrets, and signed addresses a signature. */
export function hasExample({ url, operationId, body }: Route): boolean {
  return !url.includes('*') && (body === undefined || Object.hasOwn(BODIES, operationId));
}

/** The request; throws for a route with a body that is not known here. */
export function exampleRequest({ method, url: path, operationId, body }: Route, ids: TenantIds): ExampleRequest {
  const url = path.replaceAll(/:(\w+)/g, (_all, name: string) => String(ids[idKind(path, name)]));
  if (body === undefined) return { method, url };
  const example = BODIES[operationId];
  if (example === undefined) throw new Error(`no example body for ${operationId}`);
  return { method, url, body: example(ids) };
}
