/** Groups, screens and alerts of tests that look at the hub from outside. */
import type { HubServer } from '../../hub/server/hub-server.ts';
import type { Parts } from '../../hub/compose.ts';
import type { ApiClient } from './api-client.ts';
import { eventually } from './eventually.ts';
import { importDevices, TestDevice, type ConnectOptions } from './test-device.ts';

export interface Place {
  readonly admin: ApiClient;
  readonly hubUrls: readonly string[];
}

export interface Group {
  readonly id: number;
  readonly version: number;
}

let groups = 0;

export async function newGroup(admin: ApiClient, parentId: number | null = null, config: object = {}): Promise<Group> {
  groups += 1;
  return admin.must<Group>('POST', '/groups', {
    name: `Group ${groups}`,
    config,
    ...(parentId === null ? {} : { parentId }),
  });
}

/** Changes a group over the API; returns it with its new version. */
export async function changeGroup(admin: ApiClient, group: Group, fields: object): Promise<Group> {
  return admin.must<Group>('PUT', `/groups/${group.id}`, { ...fields, version: group.version });
}

/** Changes a device over the API, whatever its version is. */
export async function changeDevice(admin: ApiClient, deviceId: number, fields: object): Promise<void> {
  const { version } = await admin.must('GET', `/devices/${deviceId}`);
  await admin.must('PUT', `/devices/${deviceId}`, { ...fields, version });
}

/** A screen that is known and not connected. `hubAt` counts round the hubs there are. */
export async function newDevice({ admin, hubUrls }: Place, groupId: number | null, hubAt = 0): Promise<TestDevice> {
  const [credentials] = await importDevices(admin, 1, groupId);
  if (credentials === undefined) throw new Error('no device was imported');
  return new TestDevice(hubUrls[hubAt % hubUrls.length] ?? '', credentials);
}

/** Connects and waits for the welcome. */
export async function join(device: TestDevice, options: ConnectOptions = {}): Promise<void> {
  const before = device.of('welcome').length;
  await device.connect(options);
  await device.until('the welcome', () => device.of('welcome').length > before);
}

/** A screen that is connected and welcomed. */
export async function newScreen(
  place: Place,
  groupId: number | null,
  hubAt = 0,
  options: ConnectOptions = {},
): Promise<TestDevice> {
  const device = await newDevice(place, groupId, hubAt);
  await join(device, options);
  return device;
}

/** Waits until every hub has read all that is committed: before that each may still say what was true a moment ago. */
export async function allRead({
  parts,
  hubs,
}: {
  readonly parts: Parts;
  readonly hubs: readonly HubServer[];
}): Promise<void> {
  const { value } = await parts.db.sql
    .selectFrom('counters')
    .select('value')
    .where('name', '=', 'rev')
    .executeTakeFirstOrThrow();
  await eventually(() => hubs.every((hub) => hub.gauges().rev >= value));
}

export interface Aim {
  readonly groupIds?: readonly number[];
  readonly deviceIds?: readonly number[];
  readonly expiresInSeconds?: number;
}

/** Raises an alert; returns its deploymentId. */
export async function raise(admin: ApiClient, aim: Aim, title = 'Fire'): Promise<number> {
  const alert = { severity: 'critical', title, message: 'Leave by the stairs' };
  const { deploymentId } = await admin.must<{ deploymentId: number }>('POST', '/alerts/deploy', { alert, ...aim });
  return deploymentId;
}

export async function stopAlert(admin: ApiClient, deploymentId: number): Promise<void> {
  await admin.must('POST', '/alerts/stop', { deploymentId });
}

/** Waits until the screen shows exactly these deployments. */
export async function shows(device: TestDevice, deploymentIds: readonly number[]): Promise<void> {
  const wanted = new Set(deploymentIds);
  await device.until(
    `exactly the alerts ${[...wanted].join(', ')}`,
    () => device.showing.length === wanted.size && device.showing.every((id) => wanted.has(id)),
  );
}
