/**
 * The player: keeps what the hub wants (player-memory.ts), has it shown (surface.ts, signage.ts) and tells the hub what was stored
 * and what was seen. The way to the hub is connection.ts.
 *
 * Invariants: what is held is drawn before any connection and goes on being drawn without one; alerts leave the screen at
 * their expiry by the hub's clock, connected or not; nothing is confirmed before it is stored, nothing called displayed
 * before it was painted; alerts wait for nothing that has to do with media.
 */
import type { Alert, Config } from '../../protocol/desired-state.ts';
import type { DownFrame, DownFrameOf } from '../../protocol/down.ts';
import { helloFor, type ScreenEvent } from '../../protocol/screen.ts';
import type { HeartbeatResponse } from '../../protocol/sync.ts';
import { CAPABILITIES } from './command-log.ts';
import { CommandRunner } from './command-runner.ts';
import { Connection } from './connection.ts';
import { HeartbeatLoop } from './heartbeat-loop.ts';
import { Orders } from './orders.ts';
import { PairingLoop } from './pairing-loop.ts';
import { restorePaired, type Paired } from './pairing.ts';
import { timerStepMs } from './pause.ts';
import { PlayerMemory } from './player-memory.ts';
import type { PlayerParts } from './player-parts.ts';
import { describeForTechnician, describeHub, introduce, phaseOf } from './player-words.ts';
import { alertPlay, type PlaySpan } from './playback/finished-play.ts';
import type { Signage } from './signage.ts';
import { StatusReporter } from './status-reporter.ts';
import type { Picture } from './surface.ts';
import { socketAddress } from './web-address.ts';

const TICK_MS = 1_000;
const SAVE_TIME_MS = 30_000;
/** Lines of the diary that diagnostics show. */
const LINES_SHOWN = 4;

export class Player {
  readonly #parts: PlayerParts;
  readonly #memory: PlayerMemory;
  readonly #heartbeats: HeartbeatLoop;
  readonly #pairing: PairingLoop;
  readonly #connection: Connection;
  readonly #commands: CommandRunner;
  readonly #status: StatusReporter;
  readonly #orders: Orders;
  readonly #signage: Signage;
  #paired: Paired | null;
  #heartbeatWorks = false;
  #helloSentMs = 0;
  #welcome: DownFrameOf<'welcome'> | null = null;
  #timeSavedMs = 0;
  #noise = 0;
  #expiry: ReturnType<typeof setTimeout> | null = null;

  constructor(parts: PlayerParts) {
    const { keyValue, identity, about, clocks, surface, acts } = parts;
    this.#parts = parts;
    this.#memory = new PlayerMemory(keyValue, identity.scope, clocks);
    this.#orders = new Orders(keyValue, identity.scope);
    this.#paired = restorePaired(keyValue.get(`${identity.scope}:credential`));
    this.#signage = parts.signage({
      nowMs: () => this.#nowMs(),
      timezone: () => this.#memory.screen.config.timezone,
      volumePercent: () => this.#config().volume ?? 100,
    });
    this.#status = new StatusReporter({
      memory: this.#memory,
      clocks,
      about,
      config: () => this.#config(),
      signage: () => this.#signage.status(),
      size: () => surface.size(),
    });
    this.#connection = this.#makeConnection();
    this.#pairing = this.#makePairing();
    this.#heartbeats = this.#makeHeartbeats();
    this.#commands = new CommandRunner({
      memory: this.#memory,
      surface,
      acts,
      clearCache: () => this.#signage.clear(),
      who: () => introduce(identity, this.#paired),
      flush: () => this.#flush(),
      refetch: () => this.#refetch(),
      order: (setting, percent) => this.#order(setting, percent),
      diary: () => this.#parts.diary.text(),
      upload: (commandId, file) => this.#upload(commandId, file),
    });
  }

  /** Shows what is held, then begins to look for the hub. */
  start(): void {
    this.#parts.diary.note(`started, ${this.#parts.about.appVersion}`);
    this.#draw();
    this.#parts.surface.watchPaint();
    void this.#signage.start({ connection: this.#connection, onNews: () => this.#onSignageNews() });
    this.#connection.start(this.#paired);
    setInterval(() => this.#tick(), TICK_MS);
  }

  /** The browser says that the network is back. */
  networkBack(): void {
    this.#connection.networkBack();
    this.#signage.hurry();
  }

  /** These deployments, and no others, are on glass. */
  painted(deploymentIds: readonly number[]): void {
    this.#memory.painted(deploymentIds);
    this.#flush();
  }

  contentFailed(deploymentId: number, reason: string): void {
    this.#memory.failed(deploymentId, reason);
    this.#flush();
  }

  /** Address of verified bytes that are here; null when they are not. */
  addressOfFile(sha256: string): string | null {
    return this.#signage.addressOfFile(sha256);
  }

  /** The content of this alert was on glass for so long. */
  contentPlayed(alert: Alert, playedMs: number): void {
    const span: PlaySpan = { startedAtMs: this.#nowMs() - playedMs, playedMs };
    const play = alertPlay(alert, span);
    if (play !== null) this.#signage.played(play);
  }

  #makeConnection(): Connection {
    const { identity, http, random, acts, diary } = this.#parts;
    return new Connection({
      address: socketAddress(identity.hubUrl),
      http,
      pairing: () => this.#pairing,
      heartbeats: () => this.#heartbeats,
      monotonicMs: () => this.#monotonicMs(),
      random,
      isAlerting: () => this.#memory.visible().length > 0,
      sayHello: () => this.#sayHello(),
      onFrame: (frame) => this.#onFrame(frame),
      onHeartbeats: () => {
        this.#heartbeatWorks = false;
        this.#forgetSent();
      },
      onNoise: () => {
        this.#noise += 1;
      },
      note: (what) => diary.note(what),
      fetchNewer: () => acts.reload(),
      onChanged: () => this.#draw(),
    });
  }

  #makePairing(): PairingLoop {
    const { identity, http, keyValue, about, clocks, random } = this.#parts;
    return new PairingLoop({
      http,
      keyValue,
      key: `${identity.scope}:pairing`,
      about: {
        playerId: identity.playerId,
        ...(identity.name === '' ? {} : { name: identity.name }),
        ...about,
        capabilities: [...CAPABILITIES],
      },
      nowMs: () => clocks().wallMs,
      random,
      onPaired: (paired) => this.#onPaired(paired),
      onChanged: () => this.#draw(),
    });
  }

  #makeHeartbeats(): HeartbeatLoop {
    return new HeartbeatLoop({
      http: this.#parts.http,
      tokens: () => this.#connection.tokens,
      memory: this.#memory,
      monotonicMs: () => this.#monotonicMs(),
      random: this.#parts.random,
      takeStatus: () => this.#status.take(),
      onAnswer: (answer) => this.#onHeartbeat(answer),
      onFailure: () => {
        this.#heartbeatWorks = false;
        this.#draw();
      },
      onRefused: () => this.#connection.dispatch({ kind: 'token.refused' }),
    });
  }

  #monotonicMs(): number {
    return this.#parts.clocks().monotonicMs;
  }

  #nowMs(): number {
    return this.#memory.nowMs() ?? this.#parts.clocks().wallMs;
  }

  #config(): Config {
    return this.#orders.over(this.#memory.screen);
  }

  #forgetSent(): void {
    this.#memory.forgetSent();
    this.#signage.forgetSent();
  }

  #sayHello(): void {
    this.#helloSentMs = this.#monotonicMs();
    this.#connection.send({
      type: 'hello',
      ...helloFor(this.#memory.screen, this.#connection.link.lastCloseCode ?? undefined),
      appVersion: this.#parts.about.appVersion,
      capabilities: [...CAPABILITIES],
      displayed: this.#memory.displayed(),
    });
  }

  #onFrame(frame: DownFrame): void {
    switch (frame.type) {
      case 'welcome':
        this.#welcome = frame;
        this.#memory.observeTime({
          serverTime: frame.serverTime,
          receivedMonotonicMs: this.#monotonicMs(),
          sentMonotonicMs: this.#helloSentMs,
        });
        this.#forgetSent();
        this.#status.beginSession(frame.statusSeconds);
        this.#connection.dispatch({ kind: 'welcomed', reconnect: frame.reconnect });
        break;
      case 'pong':
        this.#observePong(frame.serverTime);
        return;
      case 'ack':
        this.#memory.confirmed({ receipts: frame.receipts ?? [], updates: frame.commands ?? [] });
        this.#signage.acknowledged(frame.ids ?? []);
        this.#flush();
        return;
      case 'goaway':
        this.#connection.leaveAfter(frame.afterMs);
        return;
      case 'error':
        this.#parts.diary.note(`hub: ${frame.code}: ${frame.message}`);
        return;
      default:
        break;
    }
    this.#afterMerge(this.#memory.apply(frame).events);
  }

  #observePong(serverTime: string): void {
    const sentMs = this.#connection.pingSentAtMs;
    const sample = { serverTime, receivedMonotonicMs: this.#monotonicMs() };
    this.#memory.observeTime(sentMs === null ? sample : { ...sample, sentMonotonicMs: sentMs });
  }

  #onHeartbeat(answer: HeartbeatResponse): void {
    this.#heartbeatWorks = true;
    this.#afterMerge(this.#memory.applyHeartbeat(answer).events);
  }

  /** What was merged is stored already: confirm it before the work of drawing it, then do what was ordered. */
  #afterMerge(events: readonly ScreenEvent[]): void {
    for (const event of events) {
      if (event.kind === 'applied') this.#connection.send({ type: 'applied', rev: event.rev });
      if (event.kind === 'resync') this.#connection.dispatch({ kind: 'resync' });
    }
    this.#flush();
    this.#draw();
    this.#commands.run();
    this.#flush();
    this.#signage.follow(this.#memory.screen);
  }

  /** What plays, or what becomes of the manifest, is another: the picture is, and operators who watch a deployment wait for the word. */
  #onSignageNews(): void {
    this.#status.hasNews();
    if (this.#connection.link.http) this.#heartbeats.poke();
    this.#sayStatus();
    this.#draw();
  }

  /** The whole state again, by whichever way is open. */
  #refetch(): void {
    this.#memory.distrust();
    this.#connection.dispatch({ kind: 'resync' });
    this.#heartbeats.poke();
    this.#signage.hurry();
  }

  #onPaired(paired: Paired): void {
    const { keyValue, identity } = this.#parts;
    if (this.#paired?.deviceId === paired.deviceId) this.#memory.distrust();
    else {
      this.#memory.becomeAnotherDevice();
      this.#signage.forget();
    }
    this.#paired = paired;
    keyValue.set(`${identity.scope}:credential`, JSON.stringify(paired));
    this.#connection.paired(paired);
  }

  #order(setting: 'volume' | 'brightness', percent: number): void {
    this.#orders.set(setting, percent, this.#memory.screen);
    this.#status.hasNews();
    this.#draw();
  }

  async #upload(commandId: number, file: Blob): Promise<void> {
    const token = await this.#connection.tokens?.get(false);
    if (token === undefined || !token.ok) throw new Error('not signed in to the hub');
    const answer = await this.#parts.http.commandFile(token.token, commandId, file);
    if (!answer.ok) throw new Error(`the hub did not take the file: ${answer.code}`);
  }

  /** Sends what is due over the socket, or has the next heartbeat take it. */
  #flush(): void {
    const due = this.#memory.due();
    if (due.receipts.length === 0 && due.updates.length === 0) return;
    const { link } = this.#connection;
    if (link.phase === 'live') {
      for (const update of due.updates) this.#connection.send({ type: 'command.update', ...update });
      if (due.receipts.length > 0) this.#connection.send({ type: 'receipt', items: [...due.receipts] });
      this.#memory.markSent(due);
    } else if (link.http) {
      this.#heartbeats.poke();
    }
  }

  #sayStatus(): void {
    if (this.#connection.link.phase !== 'live') return;
    const status = this.#status.take();
    if (status !== null) this.#connection.send({ type: 'status', ...status });
  }

  #tick(): void {
    const now = this.#monotonicMs();
    this.#draw();
    this.#flush();
    this.#commands.run();
    this.#signage.tick();
    if (now - this.#timeSavedMs >= SAVE_TIME_MS) {
      this.#timeSavedMs = now;
      this.#memory.saveTime();
    }
    this.#sayStatus();
    this.#connection.tick();
  }

  #draw(): void {
    const picture = this.#picture();
    this.#parts.surface.draw(picture);
    this.#signage.cover(picture.alerts.length > 0 || picture.config.power === 'off');
    if (this.#expiry !== null) clearTimeout(this.#expiry);
    const expiresInMs = this.#memory.expiresInMs();
    this.#expiry = expiresInMs === null ? null : setTimeout(() => this.#draw(), timerStepMs(Math.ceil(expiresInMs)));
  }

  #picture(): Picture {
    const { identity, diary, about, clocks } = this.#parts;
    const { link } = this.#connection;
    const phase = phaseOf(link, this.#heartbeatWorks);
    const { code } = this.#pairing;
    return {
      phase,
      alerts: this.#memory.visible(),
      nowMs: this.#nowMs(),
      config: this.#config(),
      name: introduce(identity, this.#paired).title,
      signage: this.#signage.picture(),
      pairing: phase === 'pairing' ? { code, note: describeHub(identity, this.#pairing) } : null,
      diagnostics: () => [
        ...describeForTechnician({
          phase,
          link,
          memory: this.#memory,
          identity,
          deviceId: this.#paired?.deviceId ?? null,
          welcome: this.#welcome,
          wallMs: clocks().wallMs,
          noise: this.#noise,
          appVersion: about.appVersion,
        }),
        ...this.#signage.describe(),
        ...diary.last(LINES_SHOWN).map((line): [string, string] => ['diary', line]),
      ],
    };
  }
}
