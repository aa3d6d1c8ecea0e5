/** A well-formed request for every route of groups, devices and alerts, for tests that walk all of them. */
import type { Route } from '../route.ts';

/** Ids to aim the requests at. */
export interface ExampleTargets {
  readonly groupId: number;
  readonly deviceId: number;
  readonly alertId: number;
  readonly deploymentId: number;
  readonly commandId: number;
}

export interface ExampleRequest {
  readonly method: string;
  readonly url: string;
  readonly body?: unknown;
}

const ALERT = { severity: 'info', title: 'T', message: 'M' };

const BODIES: Readonly<Record<string, (ids: ExampleTargets) => unknown>> = {
  'POST /api/v1/groups': ({ groupId }) => ({ name: 'Example', parentId: groupId }),
  'PUT /api/v1/groups/:id': () => ({ name: 'Renamed', version: 1 }),
  'PUT /api/v1/devices/:id': () => ({ name: 'Renamed', version: 1 }),
  'POST /api/v1/devices/pair': ({ groupId }) => ({ code: 'ZZZZ-ZZZZ', groupId }),
  'POST /api/v1/devices/import': ({ groupId }) => ({ devices: [{ playerId: 'example', name: 'x', groupId }] }),
  'POST /api/v1/devices/:id/commands': () => ({ name: 'reboot' }),
  'POST /api/v1/alerts': () => ALERT,
  'PUT /api/v1/alerts/:id': () => ({ title: 'Renamed', version: 1 }),
  'POST /api/v1/alerts/deploy': ({ groupId }) => ({ alert: ALERT, groupIds: [groupId] }),
  'POST /api/v1/alerts/stop': ({ deploymentId }) => ({ deploymentId }),
};

function idFor(url: string, ids: ExampleTargets): number {
  if (url.includes('/groups/')) return ids.groupId;
  if (url.includes('/deployments/')) return ids.deploymentId;
  return url.includes('/alerts/') ? ids.alertId : ids.deviceId;
}

/** The request; throws for a route with a body that is not known here, so that none is forgotten. */
export function exampleRequest(route: Route, ids: ExampleTargets): ExampleRequest {
  const { method } = route;
  const url = route.url.replace(':id', String(idFor(route.url, ids))).replace(':commandId', String(ids.commandId));
  if (route.body === undefined) return { method, url };
  const body = BODIES[`${method} ${route.url}`];
  if (body === undefined) throw new Error(`no example body for ${method} ${route.url}`);
  return { method, url, body: body(ids) };
}
