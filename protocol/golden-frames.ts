/**
 * Golden frames: one or more of every type in both directions, and every HTTP body, as files that players in any language
 * test against. `goldenFiles` says what must stand in protocol/golden; scripts/generate-docs.ts writes it there.
 *
 * `<direction>.<name>.json` is the exact text of the frame as the hub or a player sends it (and a line end); `.hex` is the exact
 * MessagePack of the same frame in hexadecimal. A reader must accept both; a writer may order keys and choose widths otherwise.
 */
import { badFrames } from './golden-bad-frames.ts';
import { encodeFrame } from './codec.ts';
import type { Alert, Command, DesiredState } from './desired-state.ts';
import type { DownFrame } from './down.ts';
import type { SYNC_SCHEMAS } from './sync.ts';
import type { UpFrame } from './up.ts';

const EPOCH = 1_763_629_800_000;
const HASH = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

const FIRE: Alert = {
  deploymentId: 512,
  alertId: 7,
  rev: 40_961,
  severity: 'critical',
  title: 'Fire alarm – Feueralarm – 火災警報',
  message: 'Leave the building now.\nUse the stairs. 🔥',
  content: { id: 33, type: 'image', url: 'https://media.example.com/c/33/exits.png', sha256: HASH },
  startedAt: '2026-11-20T09:30:00.000Z',
  expiresAt: '2026-11-20T10:30:00.000Z',
  drill: false,
};
const DRILL: Alert = {
  deploymentId: 513,
  alertId: null,
  rev: 40_970,
  severity: 'info',
  title: 'Exercise',
  message: '',
  content: { id: 34, type: 'stream', url: 'https://media.example.com/live/1.m3u8', sha256: null },
  startedAt: '2026-11-20T09:31:00.000Z',
  expiresAt: '2026-11-20T09:41:00.000Z',
  drill: true,
};
const SCREENSHOT: Command = {
  commandId: 88,
  name: 'screenshot',
  args: { quality: 80, scale: 0.5, format: 'png', cursor: false },
  issuedAt: '2026-11-20T09:29:00.000Z',
  expiresAt: '2026-11-20T09:39:00.000Z',
};
const STATE: DesiredState = {
  epoch: EPOCH,
  rev: 40_970,
  alerts: [FIRE, DRILL],
  schedule: { version: 40_900 },
  config: {
    volume: 30,
    brightness: 80,
    orientation: 'portrait',
    timezone: 'Europe/Berlin',
    power: 'on',
    statusSeconds: 60,
  },
  commands: [SCREENSHOT],
};
const BARE_STATE: DesiredState = { epoch: EPOCH, rev: 1, alerts: [], schedule: null, config: {}, commands: [] };
const WELCOME = {
  type: 'welcome',
  sessionId: '01JD4Q8ZK3',
  connEpoch: 17,
  epoch: EPOCH,
  rev: 40_970,
  serverTime: '2026-11-20T09:31:05.250Z',
  tokenExpiresAt: '2026-11-20T10:25:00.000Z',
  pingSeconds: 20,
  statusSeconds: 60,
  reconnect: { minMs: 1_000, maxMs: 60_000 },
} as const;
const STATUS = {
  at: '2026-11-20T09:31:05.000Z',
  playing: 33,
  displayed: [512],
  uptimeSeconds: 86_400.5,
  freeStorageBytes: 12_884_901_888,
  freeMemoryBytes: 1_073_741_824,
  cpuPercent: 12.5,
  temperatureCelsius: -4.25,
  volume: 30,
  brightness: 80,
  screenOn: true,
  screenWidth: 1080,
  screenHeight: 1920,
  network: 'ethernet',
  appVersion: '3.1.0',
  osVersion: 'Android 13',
  clockOffsetMs: -1_500,
  scheduleVersion: 40_900,
  scheduleState: 'applied',
} as const;
/** A manifest that cannot be played; the screen goes on with the one before. */
const STATUS_FAILED = {
  at: '2026-11-20T09:31:05.000Z',
  scheduleVersion: 40_900,
  scheduleState: 'failed',
  scheduleReason: 'content 33: no space left',
} as const;
const RECEIVED = { deploymentId: 512, stage: 'received', at: '2026-11-20T09:30:00.120Z' } as const;
const FAILED = {
  deploymentId: 513,
  stage: 'failed',
  at: '2026-11-20T09:31:00.300Z',
  reason: 'stream not reachable',
} as const;
const DONE = { commandId: 88, state: 'succeeded', result: { bytes: 48_213, format: 'png', cropped: false } } as const;
const REFUSED = { commandId: 89, state: 'rejected', reason: 'not supported on this board' } as const;
const PLAYED = {
  id: 'p-000017',
  contentId: 33,
  scheduleId: 4,
  startedAt: '2026-11-20T09:00:00.000Z',
  playSeconds: 14.96,
} as const;
/** What the alert 512 put on the screen in place of schedule 4. */
const PLAYED_ALERT = {
  id: 'p-000018',
  contentId: 33,
  startedAt: '2026-11-20T09:30:00.300Z',
  playSeconds: 65,
  alertDeploymentId: 512,
} as const;

/** Frames from devices, by a name that starts with their type. */
export const GOLDEN_UP: Readonly<Record<string, UpFrame>> = {
  'hello-first': { type: 'hello' },
  hello: {
    type: 'hello',
    epoch: EPOCH,
    rev: 40_970,
    appVersion: '3.1.0',
    capabilities: ['reboot', 'screenshot'],
    displayed: [512],
  },
  status: { type: 'status', ...STATUS, displayed: [512] },
  'status-failed': { type: 'status', ...STATUS_FAILED },
  'status-idle': { type: 'status', playing: null, displayed: [] },
  applied: { type: 'applied', rev: 40_961 },
  receipt: { type: 'receipt', items: [RECEIVED, FAILED] },
  'command.update': { type: 'command.update', ...DONE },
  'command.update-rejected': { type: 'command.update', ...REFUSED },
  auth: { type: 'auth', accessToken: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOjQyfQ.c2lnbmF0dXJl' },
  log: { type: 'log', entries: [PLAYED, PLAYED_ALERT] },
  ping: { type: 'ping', id: 3 },
};

/** Frames from the hub, by a name that starts with their type. */
export const GOLDEN_DOWN: Readonly<Record<string, DownFrame>> = {
  welcome: { ...WELCOME, state: STATE },
  'welcome-current': WELCOME,
  state: { type: 'state', epoch: EPOCH, rev: STATE.rev, state: STATE },
  'state-nothing': { type: 'state', epoch: EPOCH, rev: 1, state: BARE_STATE },
  'alert.start': { type: 'alert.start', rev: FIRE.rev, alert: FIRE },
  'alert.start-drill': { type: 'alert.start', rev: DRILL.rev, alert: DRILL },
  'alert.stop': { type: 'alert.stop', rev: 41_002, deploymentId: 512 },
  'schedule.changed': { type: 'schedule.changed', rev: 41_003, version: 41_003 },
  'config.changed': { type: 'config.changed', rev: 41_004, config: STATE.config },
  command: { type: 'command', rev: 41_005, command: SCREENSHOT },
  ack: {
    type: 'ack',
    ids: ['p-000017'],
    receipts: [{ deploymentId: 512, stage: 'received' }],
    commands: [{ commandId: 88, state: 'succeeded' }],
  },
  goaway: { type: 'goaway', afterMs: 8_000, reason: 'drain' },
  error: { type: 'error', code: 'BAD_FRAME', message: 'schema' },
  pong: { type: 'pong', id: 3, serverTime: '2026-11-20T09:31:06.000Z' },
  authenticated: { type: 'authenticated', tokenExpiresAt: '2026-11-20T11:25:00.000Z' },
};

const EXITS = {
  id: 33,
  type: 'image',
  url: 'https://media.example.com/c/33/exits.png',
  sha256: HASH,
  size: 48_213,
  mimeType: 'image/png',
  durationMs: null,
} as const;

/** Bodies of the HTTP half, by the schema's name. Answers are `data` of the envelope. */
export const GOLDEN_HTTP: Readonly<Record<keyof typeof SYNC_SCHEMAS, unknown>> = {
  RegisterRequest: {
    playerId: 'lobby-berlin-1',
    pollSecret: 'Zm9vYmFyYmF6cXV4',
    name: 'Lobby',
    model: 'RK3588',
    osVersion: 'Android 13',
    appVersion: '3.1.0',
    capabilities: ['reboot', 'screenshot'],
  },
  RegisterPending: {
    status: 'pending',
    pairingCode: '7K3Q-9XTM',
    pollSecret: 'Zm9vYmFyYmF6cXV4',
    expiresAt: '2026-11-20T09:40:00.000Z',
    pollAfterSeconds: 3,
  },
  RegisterPaired: { status: 'paired', deviceId: 42, credential: 'q83vASNFZ4mrze8BI0VniavN7wEjRWeJ' },
  TokenRequest: { deviceId: 42, credential: 'q83vASNFZ4mrze8BI0VniavN7wEjRWeJ' },
  TokenResponse: {
    accessToken: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOjQyfQ.c2lnbmF0dXJl',
    tokenType: 'Bearer',
    expiresIn: 3_600,
  },
  HeartbeatRequest: {
    epoch: EPOCH,
    rev: 40_961,
    waitSeconds: 25,
    status: { ...STATUS, ...STATUS_FAILED },
    receipts: [RECEIVED, FAILED],
    commandUpdates: [DONE, REFUSED],
    logs: [PLAYED, PLAYED_ALERT],
  },
  HeartbeatResponse: {
    epoch: EPOCH,
    rev: STATE.rev,
    serverTime: '2026-11-20T09:31:05.250Z',
    hasUpdate: true,
    scheduleVersion: 40_900,
    alert: true,
    alertContent: FIRE,
    state: STATE,
    nextHeartbeatSeconds: 0,
  },
  ReceiptsRequest: { items: [RECEIVED, FAILED] },
  LogRequest: { entries: [PLAYED, PLAYED_ALERT] },
  BatchResponse: { accepted: 2, duplicates: 0 },
  Manifest: {
    version: 40_900,
    schedules: [
      {
        id: 4,
        name: 'Weekdays',
        priority: 10,
        layout: {
          width: 1080,
          height: 1920,
          background: '#101820',
          zones: [
            {
              id: 'main',
              name: 'Main',
              x: 0,
              y: 0,
              width: 1080,
              height: 1920,
              zIndex: 1,
              shuffle: false,
              items: [
                {
                  contentId: 33,
                  durationMs: 15_000,
                  transition: { type: 'fade', durationMs: 400 },
                  fit: 'cover',
                  muted: false,
                  volume: 80,
                },
              ],
            },
          ],
        },
        timing: {
          timezone: 'Europe/Berlin',
          startDate: '2026-11-02',
          endDate: '2027-10-29',
          rrule: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR',
          excludedDates: ['2026-12-25'],
          windows: [
            { start: '08:00', end: '18:00' },
            { start: '22:00', end: '02:00' },
          ],
        },
        deploymentId: 77,
        distance: 1,
      },
    ],
    contentList: [EXITS],
    prefetch: [EXITS],
  },
};

/** `RegisterPaired` as `register-paired`: what the body's file is called. */
export function kebab(name: string): string {
  return name.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
}

/** Every file of protocol/golden: its name and its exact text. */
export function goldenFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const frames = { up: GOLDEN_UP, down: GOLDEN_DOWN };
  for (const [direction, named] of Object.entries<Readonly<Record<string, UpFrame | DownFrame>>>(frames)) {
    for (const [name, frame] of Object.entries(named)) {
      files.set(`${direction}.${name}.json`, `${encodeFrame(frame, 'json')}\n`);
      files.set(`${direction}.${name}.hex`, `${Buffer.from(encodeFrame(frame, 'msgpack')).toString('hex')}\n`);
    }
  }
  for (const [name, body] of Object.entries(GOLDEN_HTTP))
    files.set(`http.${kebab(name)}.json`, `${JSON.stringify(body)}\n`);
  files.set(
    'bad-frames.json',
    `[\n${badFrames()
      .map((frame) => `  ${JSON.stringify(frame)}`)
      .join(',\n')}\n]\n`,
  );
  return files;
}
