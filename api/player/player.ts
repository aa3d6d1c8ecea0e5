/**
 * The player: keeps the way to the hub open (link.ts decides how), keeps what the hub wants (player-memory.ts), has it shown
 * (surface.ts) and tells the hub what was stored and what was seen.
 *
 * Invariants: what is held is drawn before any connection and goes on being drawn without one; alerts leave the screen at
 * their expiry by the hub's clock, connected or not; nothing is confirmed before it is stored, nothing called displayed
 * before it was painted.
 */
import type { DownFrame, DownFrameOf } from '../../protocol/down.ts';
import { helloFor, type ScreenEvent } from '../../protocol/screen.ts';
import type { OwnClocks } from '../../protocol/server-clock.ts';
import type { HeartbeatResponse } from '../../protocol/sync.ts';
import { CAPABILITIES } from './command-log.ts';
import { CommandRunner } from './command-runner.ts';
import { HeartbeatLoop } from './heartbeat-loop.ts';
import type { HubHttp } from './hub-http.ts';
import { HubSocket } from './hub-socket.ts';
import type { Identity } from './identity.ts';
import type { KeyValue } from './key-value.ts';
import { NEW_LINK, stepLink, type Link, type LinkEffect, type LinkEvent } from './link.ts';
import { PairingLoop } from './pairing-loop.ts';
import { restorePaired, type Paired } from './pairing.ts';
import { timerStepMs } from './pause.ts';
import { PlayerMemory } from './player-memory.ts';
import { describeForTechnician, describeHub, introduce, phaseOf } from './player-words.ts';
import { StatusReporter } from './status-reporter.ts';
import type { PageActs, Picture, Surface } from './surface.ts';
import { createTokenKeeper, type TokenKeeper } from './token-keeper.ts';
import { socketAddress } from './web-address.ts';

const TICK_MS = 1_000;
const SAVE_TIME_MS = 30_000;
/** Between two tries to renew a token in a live session, in milliseconds. */
const RENEW_RETRY_MS = 15_000;
/** A player too old for its hub looks for a newer one after this, and up to twice this, in milliseconds. */
const OUTDATED_MS = 300_000;
/** Longest obedience to a Retry-After, in milliseconds: a mistaken proxy must not switch a screen off. */
const RETRY_AFTER_MAX_MS = 300_000;

export interface PlayerParts {
  readonly identity: Identity;
  readonly keyValue: KeyValue;
  readonly http: HubHttp;
  /** The device's own clocks. */
  readonly clocks: () => OwnClocks;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly surface: Surface;
  readonly acts: PageActs;
  readonly about: { readonly appVersion: string; readonly model: string; readonly osVersion: string };
}

export class Player {
  readonly #parts: PlayerParts;
  readonly #memory: PlayerMemory;
  readonly #heartbeats: HeartbeatLoop;
  readonly #pairing: PairingLoop;
  readonly #commands: CommandRunner;
  readonly #status: StatusReporter;
  #link: Link = NEW_LINK;
  #paired: Paired | null;
  #tokens: TokenKeeper | null = null;
  #socket: HubSocket | null = null;
  #heartbeatWorks = false;
  #helloSentMs = 0;
  #welcome: DownFrameOf<'welcome'> | null = null;
  #renewTriedMs: number | null = null;
  #timeSavedMs = 0;
  #noise = 0;
  #lastWord = '';
  #retry: ReturnType<typeof setTimeout> | null = null;
  #expiry: ReturnType<typeof setTimeout> | null = null;

  constructor(parts: PlayerParts) {
    const { keyValue, identity, http, random, about, clocks } = parts;
    this.#parts = parts;
    this.#memory = new PlayerMemory(keyValue, identity.scope, clocks);
    this.#status = new StatusReporter({ memory: this.#memory, clocks, about, size: () => parts.surface.size() });
    this.#paired = restorePaired(keyValue.get(`${identity.scope}:credential`));
    this.#pairing = new PairingLoop({
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
    this.#heartbeats = new HeartbeatLoop({
      http,
      tokens: () => this.#tokens,
      memory: this.#memory,
      monotonicMs: () => this.#monotonicMs(),
      random,
      takeStatus: () => this.#status.take(),
      onAnswer: (answer) => this.#onHeartbeat(answer),
      onFailure: () => {
        this.#heartbeatWorks = false;
        this.#draw();
      },
      onRefused: () => this.#dispatch({ kind: 'token.refused' }),
    });
    this.#commands = new CommandRunner({
      memory: this.#memory,
      surface: parts.surface,
      acts: parts.acts,
      who: () => introduce(identity, this.#paired),
      flush: () => this.#flush(),
      refetch: () => this.#refetch(),
    });
  }

  /** Shows what is held, then begins to look for the hub. */
  start(): void {
    this.#draw();
    this.#parts.surface.watchPaint();
    if (this.#paired !== null)
      this.#tokens = createTokenKeeper(this.#parts.http, this.#paired, () => this.#monotonicMs());
    this.#dispatch({ kind: 'start', paired: this.#paired !== null });
    setInterval(() => this.#tick(), TICK_MS);
  }

  /** The browser says that the network is back. */
  networkBack(): void {
    this.#dispatch({ kind: 'network.back' });
    this.#pairing.hurry();
    this.#heartbeats.poke();
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

  #monotonicMs(): number {
    return this.#parts.clocks().monotonicMs;
  }

  #dispatch(event: LinkEvent): void {
    const input = { random: this.#parts.random(), alertActive: this.#memory.visible().length > 0 };
    const { link, effects } = stepLink(this.#link, event, input);
    this.#link = link;
    for (const effect of effects) this.#run(effect);
    this.#draw();
  }

  #run(effect: LinkEffect): void {
    switch (effect.do) {
      case 'pair':
        this.#pairing.start();
        return;
      case 'get-token':
        void this.#getToken(effect.fresh);
        return;
      case 'open-socket':
        void this.#openSocket();
        return;
      case 'say-hello':
        this.#sayHello();
        return;
      case 'close-socket':
        this.#socket?.abandon(effect.why);
        this.#socket = null;
        return;
      case 'retry':
        this.#retryAfter(Math.min(effect.afterMs, RETRY_AFTER_MAX_MS));
        return;
      case 'start-heartbeats':
        this.#memory.forgetSent();
        this.#heartbeats.start();
        return;
      case 'stop-heartbeats':
        this.#heartbeatWorks = false;
        this.#heartbeats.stop();
        return;
      case 'fetch-newer-player':
        setTimeout(() => this.#parts.acts.reload(), OUTDATED_MS * (1 + this.#parts.random()));
        return;
    }
  }

  #retryAfter(delayMs: number): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#dispatch({ kind: 'retry.due' }), delayMs);
  }

  async #getToken(fresh: boolean): Promise<void> {
    const answer = await this.#tokens?.get(fresh);
    if (answer === undefined) this.#dispatch({ kind: 'token.refused' });
    else if (answer.ok) this.#dispatch({ kind: 'token.ready' });
    else if (answer.refused) this.#dispatch({ kind: 'token.refused' });
    else this.#dispatch({ kind: 'token.failed', retryAfterMs: answer.retryAfterMs });
  }

  async #openSocket(): Promise<void> {
    const token = await this.#tokens?.get(false);
    if (this.#link.phase !== 'opening' || this.#socket !== null) return;
    if (token === undefined || !token.ok) {
      this.#dispatch({ kind: 'socket.ended', end: { code: 1006, welcomed: false, livedMs: 0 } });
      return;
    }
    this.#socket = new HubSocket(socketAddress(this.#parts.identity.hubUrl), token.token, () => this.#monotonicMs(), {
      onOpen: () => this.#dispatch({ kind: 'socket.opened' }),
      onFrame: (frame) => this.#onFrame(frame),
      onEnd: (end) => {
        this.#socket = null;
        this.#lastWord = `socket ended ${end.code}`;
        this.#dispatch({ kind: 'socket.ended', end });
      },
      onNoise: () => {
        this.#noise += 1;
      },
    });
  }

  #sayHello(): void {
    const { screen } = this.#memory;
    this.#helloSentMs = this.#monotonicMs();
    this.#socket?.send({
      type: 'hello',
      ...helloFor(screen, this.#link.lastCloseCode ?? undefined),
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
        this.#memory.forgetSent();
        this.#status.beginSession(frame.statusSeconds);
        this.#dispatch({ kind: 'welcomed', reconnect: frame.reconnect });
        break;
      case 'pong':
        this.#observePong(frame.serverTime);
        return;
      case 'ack':
        this.#memory.confirmed({ receipts: frame.receipts ?? [], updates: frame.commands ?? [] });
        this.#flush();
        return;
      case 'goaway':
        this.#leaveAfter(frame.afterMs, this.#socket);
        return;
      case 'error':
        this.#lastWord = `${frame.code}: ${frame.message}`;
        return;
      default:
        break;
    }
    this.#afterMerge(this.#memory.apply(frame).events);
  }

  #observePong(serverTime: string): void {
    const sentMs = this.#socket?.pingSentAtMs ?? null;
    const sample = { serverTime, receivedMonotonicMs: this.#monotonicMs() };
    this.#memory.observeTime(sentMs === null ? sample : { ...sample, sentMonotonicMs: sentMs });
  }

  #leaveAfter(afterMs: number, socket: HubSocket | null): void {
    setTimeout(() => {
      if (this.#socket === socket) this.#dispatch({ kind: 'goaway' });
    }, timerStepMs(afterMs));
  }

  #onHeartbeat(answer: HeartbeatResponse): void {
    this.#heartbeatWorks = true;
    this.#afterMerge(this.#memory.applyHeartbeat(answer).events);
  }

  /** What was merged is stored already: confirm it before the work of drawing it, then do what was ordered. */
  #afterMerge(events: readonly ScreenEvent[]): void {
    for (const event of events) {
      if (event.kind === 'applied') this.#socket?.send({ type: 'applied', rev: event.rev });
      if (event.kind === 'resync') this.#dispatch({ kind: 'resync' });
    }
    this.#flush();
    this.#draw();
    this.#commands.run();
    this.#flush();
  }

  /** The whole state again, by whichever way is open. */
  #refetch(): void {
    this.#memory.distrust();
    this.#dispatch({ kind: 'resync' });
    this.#heartbeats.poke();
  }

  #onPaired(paired: Paired): void {
    const { keyValue, identity, http } = this.#parts;
    if (this.#paired?.deviceId === paired.deviceId) this.#memory.distrust();
    else this.#memory.becomeAnotherDevice();
    this.#paired = paired;
    keyValue.set(`${identity.scope}:credential`, JSON.stringify(paired));
    this.#tokens = createTokenKeeper(http, paired, () => this.#monotonicMs());
    this.#dispatch({ kind: 'paired' });
  }

  /** Sends what is due over the socket, or has the next heartbeat take it. */
  #flush(): void {
    const due = this.#memory.due();
    if (due.receipts.length === 0 && due.updates.length === 0) return;
    if (this.#link.phase === 'live' && this.#socket !== null) {
      for (const update of due.updates) this.#socket.send({ type: 'command.update', ...update });
      if (due.receipts.length > 0) this.#socket.send({ type: 'receipt', items: [...due.receipts] });
      this.#memory.markSent(due);
    } else if (this.#link.http) {
      this.#heartbeats.poke();
    }
  }

  #tick(): void {
    const now = this.#monotonicMs();
    this.#draw();
    this.#flush();
    this.#commands.run();
    if (now - this.#timeSavedMs >= SAVE_TIME_MS) {
      this.#timeSavedMs = now;
      this.#memory.saveTime();
    }
    if (this.#link.phase !== 'live') return;
    const status = this.#status.take();
    if (status !== null) this.#socket?.send({ type: 'status', ...status });
    if (
      this.#tokens?.renewInMs() === 0 &&
      (this.#renewTriedMs === null || now - this.#renewTriedMs >= RENEW_RETRY_MS)
    ) {
      this.#renewTriedMs = now;
      void this.#renewToken(this.#tokens);
    }
  }

  /** Extends the session before its token runs out. */
  async #renewToken(tokens: TokenKeeper): Promise<void> {
    const answer = await tokens.get(true);
    if (tokens !== this.#tokens) return;
    if (answer.ok) this.#socket?.send({ type: 'auth', accessToken: answer.token });
    else if (answer.refused) this.#dispatch({ kind: 'token.refused' });
  }

  #draw(): void {
    this.#parts.surface.draw(this.#picture());
    if (this.#expiry !== null) clearTimeout(this.#expiry);
    const expiresInMs = this.#memory.expiresInMs();
    this.#expiry = expiresInMs === null ? null : setTimeout(() => this.#draw(), timerStepMs(Math.ceil(expiresInMs)));
  }

  #picture(): Picture {
    const phase = phaseOf(this.#link, this.#heartbeatWorks);
    const { code } = this.#pairing;
    return {
      phase,
      alerts: this.#memory.visible(),
      nowMs: this.#memory.nowMs() ?? this.#parts.clocks().wallMs,
      config: this.#memory.screen.config,
      name: introduce(this.#parts.identity, this.#paired).title,
      pairing: phase === 'pairing' ? { code, note: describeHub(this.#parts.identity, this.#pairing) } : null,
      diagnostics: describeForTechnician({
        phase,
        link: this.#link,
        memory: this.#memory,
        identity: this.#parts.identity,
        deviceId: this.#paired?.deviceId ?? null,
        welcome: this.#welcome,
        wallMs: this.#parts.clocks().wallMs,
        noise: this.#noise,
        lastWord: this.#lastWord,
        appVersion: this.#parts.about.appVersion,
      }),
    };
  }
}
