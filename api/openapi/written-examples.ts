/** Examples of requests that a schema alone cannot make well: fields that exclude each other, things that only make sense together. */
import type { Json } from './json.ts';

const LAYOUT: Json = {
  width: 1920,
  height: 1080,
  background: '#000000',
  zones: [
    {
      id: 'main',
      x: 0,
      y: 0,
      width: 1920,
      height: 980,
      items: [
        { contentId: 8, durationMs: 10_000, transition: { type: 'fade', durationMs: 500 }, fit: 'contain' },
        { contentId: 9, muted: true },
      ],
    },
    { id: 'ticker', x: 0, y: 980, width: 1920, height: 100, zIndex: 1, items: [{ contentId: 10 }] },
  ],
};
const TIMING: Json = {
  timezone: 'Europe/Berlin',
  startDate: '2026-11-23',
  endDate: '2026-12-24',
  rrule: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR',
  excludedDates: ['2026-12-08'],
  windows: [{ start: '07:30', end: '19:00' }],
};
const ALERT: Json = { severity: 'critical', title: 'Fire', message: 'Leave the building by the stairs' };

/** Request bodies by operationId. */
export const WRITTEN_BODIES: Readonly<Record<string, Json>> = {
  login: { username: 'admin', password: 'correct horse battery staple' },
  refreshTokens: { refreshToken: '5.q1w2e3r4t5y6u7i8o9p0' },
  logout: { refreshToken: '5.q1w2e3r4t5y6u7i8o9p0' },
  updateMe: { displayName: 'Night desk' },
  changePassword: { currentPassword: 'the temporary password', newPassword: 'correct horse battery staple' },
  createUser: { username: 'night-desk', displayName: 'Night desk', role: 'manager', groupIds: [3] },
  updateUser: { displayName: 'Night desk', groupIds: [3, 4], version: 7 },
  resetUserPassword: {},
  createGroup: { name: 'Lobby', parentId: 1 },
  updateGroup: { name: 'Main lobby', config: { volume: 40, timezone: 'Europe/Berlin' }, version: 7 },
  updateDevice: { name: 'Lobby right', groupId: 3, config: { orientation: 'portrait' }, version: 7 },
  pairDevice: { code: '7K3M-Q2XD', name: 'Lobby left', groupId: 3 },
  importDevices: { devices: [{ playerId: 'lobby-left', name: 'Lobby left', groupId: 3 }] },
  issueCommand: { name: 'set_volume', args: { volume: 40 }, expiresInSeconds: 300 },
  createContent: { type: 'html', name: 'Weather', url: 'https://weather.example.com/board' },
  updateContent: { name: 'Welcome', durationMs: 15_000, version: 7 },
  createUpload: { name: 'Welcome film', fileName: 'welcome.mp4', sizeBytes: 48_211_300, mimeType: 'video/mp4' },
  createAlert: ALERT,
  updateAlert: { title: 'Fire in the east wing', version: 7 },
  deployAlert: { alert: ALERT, groupIds: [3], expiresInSeconds: 600 },
  stopAlert: { deploymentId: 31 },
  createSchedule: { name: 'Weekdays', priority: 10, layout: LAYOUT, timing: TIMING },
  updateSchedule: { name: 'Weekdays until Christmas', timing: TIMING, version: 7 },
  copySchedule: { name: 'Weekdays, without the ticker' },
  deploySchedule: { groupIds: [3], deviceIds: [17] },
  withdrawSchedule: { groupIds: [3] },
  createWebhook: {
    name: 'Security desk',
    url: 'https://desk.example.com/podoh',
    events: ['alert.started', 'alert.stopped', 'alert.unconfirmed'],
  },
  updateWebhook: { enabled: false, version: 7 },
};

/** Answers' data by operationId; of a list, one item. */
export const WRITTEN_DATA: Readonly<Record<string, Json>> = {
  getKeys: { keys: [{ kty: 'RSA', use: 'sig', alg: 'RS256', kid: '1', n: 'u1SU1LfVLPHCozMxH2Mo', e: 'AQAB' }] },
};
