/** Puts the player together in a browser: its storage, its clocks, its page. */
import './player.css';
import './alerts.css';
import { describeBrowser } from './browser-words.ts';
import { Diary } from './diary.ts';
import { byId } from './elements.ts';
import { createHubHttp, type HubHttp } from './hub-http.ts';
import { knowsHomeHub, mediaBase, rememberHomeHub, resolveIdentity, type Identity } from './identity.ts';
import { persistentKeyValue, type KeyValue } from './key-value.ts';
import { openPlayerDatabase, type PlayerDatabase } from './media/player-database.ts';
import { askToKeep, openPlayerStorage } from './media/player-storage.ts';
import { databaseTextStore } from './media/text-store.ts';
import { Playback } from './playback/playback.ts';
import { Player } from './player.ts';
import type { SignageNeeds } from './player-parts.ts';
import { ScreenView } from './screen-view.ts';
import { Signage } from './signage.ts';
import { withJournal } from './text-journal.ts';
import { keepShell, newestShell } from './worker/keep-shell.ts';

/** Set by vite.config.ts from package.json. */
declare const PODOH_VERSION: string;

const LONG_PRESS_MS = 1_500;
const CONFIG_DEADLINE_MS = 5_000;
const CONFIG_RETRY_MS = 60_000;

/** The hub's address as this page's server tells it, or null when the server does not answer. */
async function configuredHubUrl(): Promise<string | null> {
  const giveUp = new AbortController();
  const deadline = setTimeout(() => giveUp.abort(), CONFIG_DEADLINE_MS);
  try {
    const response = await fetch(new URL('config.json', document.baseURI), {
      cache: 'no-store',
      signal: giveUp.signal,
    });
    const config = (await response.json()) as { hubUrl?: unknown };
    return typeof config.hubUrl === 'string' ? config.hubUrl : null;
  } catch (cause) {
    console.warn('config.json could not be read', cause);
    return null;
  } finally {
    clearTimeout(deadline);
  }
}

/** Random version 4 UUID (RFC 9562 §5.4). `crypto.randomUUID` exists only in secure contexts, and screens are often on plain HTTP. */
function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/**
 * The browser's own time that a change of the wall clock does not move: the time origin is read once per browser process,
 * and counted on from there monotonically.
 */
function ownClocks(): { monotonicMs: number; wallMs: number } {
  const monotonicMs = performance.now();
  return { monotonicMs, wallMs: performance.timeOrigin + monotonicMs };
}

function listenForTechnician(view: ScreenView): void {
  addEventListener('keydown', (event) => {
    if (event.key === 'd' && !event.ctrlKey && !event.metaKey && !event.altKey) view.toggleDiagnostics();
  });
  let press: ReturnType<typeof setTimeout> | undefined;
  addEventListener('pointerdown', () => {
    clearTimeout(press);
    press = setTimeout(() => view.toggleDiagnostics(), LONG_PRESS_MS);
  });
  for (const ending of ['pointerup', 'pointercancel'] as const) addEventListener(ending, () => clearTimeout(press));
  addEventListener('contextmenu', (event) => event.preventDefault());
}

/** A lit screen is the point of a player; where the browser lets us ask for it, we do. */
function keepAwake(): void {
  const ask = (): void => {
    if (!('wakeLock' in navigator) || document.visibilityState === 'hidden') return;
    navigator.wakeLock.request('screen').catch((cause: unknown) => console.warn('the screen may go to sleep', cause));
  };
  document.addEventListener('visibilitychange', ask);
  ask();
}

/** Asks the server until it answers where the hub is, and begins anew when that is not where this player looks for it. */
async function followConfiguredHub(keyValue: KeyValue): Promise<void> {
  for (;;) {
    const told = await configuredHubUrl();
    if (told !== null) {
      if (rememberHomeHub(keyValue, told, location.origin)) location.reload();
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, CONFIG_RETRY_MS));
  }
}

/** What is scheduled, in its place on the page. */
function makeSignage(base: SignageBase, needs: SignageNeeds): Signage {
  const { identity, http, diary } = base;
  const log = (line: string): void => diary.note(line);
  return new Signage({
    storage: openPlayerStorage(base.database, (cause) => log(`nothing is kept over a reload: ${String(cause)}`)),
    scope: identity.scope,
    http,
    fetchFrom: (input, init) => fetch(input, init),
    base: base.mediaBase,
    ...needs,
    monotonicMs: () => ownClocks().monotonicMs,
    wallMs: () => ownClocks().wallMs,
    random: Math.random,
    run: uuid(),
    log,
    play: (parts) => new Playback({ place: byId('playback'), ...needs, ...parts }),
  });
}

interface SignageBase {
  readonly identity: Identity;
  readonly http: HubHttp;
  readonly diary: Diary;
  readonly database: Promise<PlayerDatabase>;
  /** Base of relative addresses of media. */
  readonly mediaBase: string;
}

async function main(): Promise<void> {
  const refused = (cause: unknown): void => console.warn('this browser does not keep all over a reload', cause);
  const database = openPlayerDatabase();
  const local = persistentKeyValue(() => localStorage, refused);
  const keyValue = await withJournal(local, database.then(databaseTextStore), refused);
  // Only the very first start waits for the server: later ones show what they hold at once, whoever answers.
  if (!knowsHomeHub(keyValue)) rememberHomeHub(keyValue, await configuredHubUrl(), location.origin);
  const identity = resolveIdentity({ search: location.search, origin: location.origin, keyValue, newId: uuid });
  const http = createHubHttp(identity.hubUrl);
  const diary = new Diary(keyValue, identity.scope, () => ownClocks().wallMs);
  const base = { identity, http, diary, database, mediaBase: mediaBase(identity, keyValue, location.origin) };
  const view: ScreenView = new ScreenView({
    place: { consoleAddress: `${location.host}/console/devices/pair`, playerId: identity.playerId },
    contentBase: base.mediaBase,
    addressOfFile: (sha256) => player.addressOfFile(sha256),
    onPainted: (deploymentIds) => player.painted(deploymentIds),
    onContentFailed: (deploymentId, reason) => player.contentFailed(deploymentId, reason),
    onContentPlayed: (alert, playedMs) => player.contentPlayed(alert, playedMs),
  });
  const player: Player = new Player({
    identity,
    keyValue,
    http,
    clocks: ownClocks,
    random: Math.random,
    surface: view,
    signage: (needs) => makeSignage(base, needs),
    acts: { reload: () => void newestShell((line) => diary.note(line)).finally(() => location.reload()) },
    diary,
    about: {
      appVersion: `podoh-web/${PODOH_VERSION}`,
      model: 'Web player',
      osVersion: describeBrowser(navigator.userAgent),
    },
  });
  player.start();
  void followConfiguredHub(keyValue);
  addEventListener('online', () => player.networkBack());
  listenForTechnician(view);
  keepAwake();
  keepShell((line) => diary.note(line));
  askToKeep().catch((cause: unknown) => diary.note(`the browser may clear its storage: ${String(cause)}`));
}

await main();
