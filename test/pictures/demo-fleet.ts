/**
 * A demonstration organisation on a running Podoh, made through the REST API and the device protocol alone: a university with its
 * buildings, screens that are online, over HTTP only, offline or never seen, content, schedules, prepared alerts, people.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import type { CommandName } from '../../protocol/desired-state.ts';
import { ApiClient } from '../support/api-client.ts';
import { importDevices, TestDevice } from '../support/test-device.ts';

const TREE: Readonly<Record<string, readonly string[]>> = {
  'North Campus': ['Main Hall', 'Library', 'Science Building', 'Sports Centre'],
  'South Campus': ['Medical School', 'Dining Hall', 'Residence A'],
  'City Centre': ['Administration'],
};
/** Where each building stands, in degrees north and east. */
const PLACES: Readonly<Record<string, readonly [latitude: number, longitude: number]>> = {
  'Main Hall': [54.088, 12.133],
  Library: [54.076, 12.104],
  'Science Building': [54.102, 12.19],
  'Sports Centre': [54.18, 12.08],
  'Medical School': [52.525, 13.376],
  'Dining Hall': [52.457, 13.527],
  'Residence A': [52.39, 13.06],
  Administration: [53.551, 9.993],
};
const SPOTS = ['entrance', 'corridor', 'stairs', 'lift', 'reception', 'cafeteria'];
/** Commands that the demonstration's screens say they can carry out. */
const CAPABILITIES: CommandName[] = ['identify', 'refresh', 'restart_app', 'clear_cache', 'screenshot', 'set_volume'];
const HEARTBEAT_EVERY_MS = 10_000;

export interface DemoFleet {
  readonly admin: ApiClient;
  readonly groupIds: ReadonlyMap<string, number>;
  /** Screens that hold a socket. */
  readonly online: readonly TestDevice[];
  readonly contentIds: readonly number[];
  stop(): Promise<void>;
}

export interface DemoPlace {
  readonly apiUrl: string;
  readonly hubUrl: string;
  readonly username: string;
  readonly password: string;
  /** Screens in each building. */
  readonly screensEach?: number;
}

/** Makes all of it and connects the screens. */
export async function demoFleet(place: DemoPlace): Promise<DemoFleet> {
  const admin = new ApiClient(place.apiUrl);
  await admin.login(place.username, place.password);
  const groupIds = await makeGroups(admin);
  const contentIds = await makeContent(admin);
  await makePlans(admin, groupIds, contentIds);
  const { online, http } = await makeScreens(place, admin, groupIds);
  return {
    admin,
    groupIds,
    online,
    contentIds,
    async stop() {
      clearInterval(http);
      for (const device of online) await device.disconnect();
    },
  };
}

async function makeGroups(admin: ApiClient): Promise<Map<string, number>> {
  const groupIds = new Map<string, number>();
  for (const [campus, buildings] of Object.entries(TREE)) {
    const { id: parentId } = await admin.must('POST', '/groups', { name: campus });
    groupIds.set(campus, parentId);
    for (const name of buildings) groupIds.set(name, (await admin.must('POST', '/groups', { name, parentId })).id);
  }
  return groupIds;
}

/** A picture with a title on a gradient, as PNG. */
export async function poster(title: string, [from, to]: readonly [string, string]): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="1920" height="1080">
    <defs><linearGradient id="g" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="${from}"/><stop offset="1" stop-color="${to}"/></linearGradient></defs>
    <rect width="1920" height="1080" fill="url(#g)"/><circle cx="1560" cy="260" r="420" fill="#fff" opacity=".08"/>
    <text x="120" y="600" font-family="DejaVu Sans, sans-serif" font-size="140" font-weight="bold" fill="#fff">${title}</text></svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}

const POSTERS: readonly (readonly [string, readonly [string, string]])[] = [
  ['Welcome', ['#1e3a8a', '#0ea5e9']],
  ['Open Day', ['#7c2d12', '#f59e0b']],
  ['Library hours', ['#064e3b', '#34d399']],
  ['Lunch today', ['#831843', '#f472b6']],
  ['Career fair', ['#312e81', '#a78bfa']],
];

async function makeContent(admin: ApiClient): Promise<number[]> {
  const ids: number[] = [];
  for (const [name, colours] of POSTERS) {
    const form = new FormData();
    form.set('name', name);
    form.set('file', new File([await poster(name, colours)], `${name}.png`, { type: 'image/png' }));
    ids.push((await admin.upload('/content', form)).id);
  }
  const page = { type: 'html', name: 'Timetable', url: 'https://timetable.example.edu/' };
  ids.push((await admin.must('POST', '/content', page)).id);
  return ids;
}

async function makePlans(admin: ApiClient, groupIds: Map<string, number>, contentIds: number[]): Promise<void> {
  const zone = (items: readonly number[]) => ({
    layout: {
      width: 1920,
      height: 1080,
      zones: [
        {
          ...{ id: 'main', x: 0, y: 0, width: 1920, height: 1080 },
          items: items.map((contentId) => ({ contentId, durationMs: 8_000 })),
        },
      ],
    },
  });
  const timing = { timezone: 'Europe/Berlin', startDate: '2026-11-01', windows: [{ start: '07:00', end: '22:00' }] };
  const daily = await admin.must('POST', '/schedules', {
    ...{ name: 'Campus daily', priority: 5, timing },
    ...zone(contentIds.slice(0, 4)),
  });
  await admin.must('POST', `/schedules/${daily.id}/deploy`, {
    groupIds: [groupIds.get('North Campus'), groupIds.get('South Campus')],
  });
  await admin.must('POST', '/schedules', {
    ...{ name: 'Open Day', priority: 20, ...zone(contentIds.slice(1, 2)) },
    timing: { ...timing, startDate: '2026-11-28', endDate: '2026-11-28' },
  });
  for (const alert of [
    { name: 'Fire', severity: 'critical', title: 'Fire alarm', message: 'Leave the building by the nearest exit.' },
    { name: 'Lockdown', severity: 'critical', title: 'Lockdown', message: 'Stay inside. Lock doors. Be silent.' },
    { name: 'Storm', severity: 'warning', title: 'Storm warning', message: 'Stay away from windows.' },
    { name: 'Lift out of order', severity: 'info', title: 'Lift out of order', message: 'Please take the stairs.' },
  ])
    await admin.must('POST', '/alerts', alert);
  await admin.must('POST', '/users', {
    ...{ username: 'mia', displayName: 'Mia Lopez', role: 'manager' },
    groupIds: [groupIds.get('South Campus')],
  });
  await admin.must('POST', '/users', { username: 'reception', displayName: 'Reception desk', role: 'user' });
}

interface Screens {
  readonly online: TestDevice[];
  readonly http: ReturnType<typeof setInterval>;
}

async function makeScreens(place: DemoPlace, admin: ApiClient, groupIds: Map<string, number>): Promise<Screens> {
  const online: TestDevice[] = [];
  const polling: TestDevice[] = [];
  let made = 0;
  for (const [building, groupId] of groupIds) {
    if (building in TREE) continue;
    const credentials = await importDevices(admin, place.screensEach ?? 6, groupId);
    for (const [at, one] of credentials.entries()) {
      made += 1;
      const device = new TestDevice(place.hubUrl, one);
      const name = `${building} ${SPOTS[at % SPOTS.length]} ${Math.floor(at / SPOTS.length) + 1}`;
      const { version } = await admin.must('GET', `/devices/${one.deviceId}`);
      const [latitude = 0, longitude = 0] = PLACES[building] ?? [];
      await admin.must('PUT', `/devices/${one.deviceId}`, {
        ...{ name, version },
        place: { latitude: latitude + (at % 3) / 1_000, longitude: longitude + at / 1_000 },
      });
      // Every ninth was never switched on, every eleventh asks over HTTP.
      if (made % 9 === 0) continue;
      if (made % 11 === 0) polling.push(device);
      else online.push(device);
    }
  }
  for (const device of online) await connect(device);
  const beat = (): void => {
    for (const device of polling) void heartbeat(device);
  };
  beat();
  await sleep(500);
  return { online, http: setInterval(beat, HEARTBEAT_EVERY_MS) };
}

async function connect(device: TestDevice): Promise<void> {
  await device.connect({ hello: false });
  device.send({ type: 'hello', appVersion: 'demo/1.0', capabilities: CAPABILITIES });
  await device.until('the welcome', () => device.of('welcome').length > 0);
  device.send({ type: 'status', appVersion: 'demo/1.0', osVersion: 'Android 14', uptimeSeconds: 86_400 });
}

async function heartbeat(device: TestDevice): Promise<void> {
  await device.token();
  await device.http('POST', '/heartbeat', {});
}
