/**
 * The live feed of one process: its sockets, from the upgrade to the end.
 *
 * States: open, and closing (every socket is told and none is taken in). Invariants: a user never has more than userSocketsMax
 * sockets here; a socket is given to the poller exactly while its user is known; no token is ever logged.
 */
import { Counter, Gauge } from 'prom-client';
import type { RawData, WebSocket } from 'ws';
import type { ApiContext } from '../context.ts';
import { loggedError } from '../failure-answer.ts';
import { toIso } from '../iso-time.ts';
import { addressKey } from '../limits/address-key.ts';
import { checkToken, isRefusal } from './check-token.ts';
import { LIVE_CLOSE, LIVE_LIMITS, type LiveCloseName, type LiveLimits } from './live-limits.ts';
import { readClientMessage } from './live-messages.ts';
import { LivePoller } from './live-poller.ts';
import { LiveSocket, type Credentials, type LiveOrigin } from './live-socket.ts';

/** Codes that are counted one by one; a peer may make up others. */
const KNOWN_CODES: ReadonlySet<number> = new Set([
  ...Object.values(LIVE_CLOSE).map(({ code }) => code),
  1000,
  1005,
  1006,
  1009,
]);

export class LiveFeed {
  readonly #ctx: ApiContext;
  readonly #limits: LiveLimits;
  readonly #poller: LivePoller;
  readonly #sockets = new Set<LiveSocket>();
  readonly #closed: Counter;
  readonly #open: Gauge;
  #pinging: NodeJS.Timeout | null = null;
  #isClosing = false;
  #whenEmpty: (() => void) | null = null;

  constructor(ctx: ApiContext, limits = LIVE_LIMITS) {
    this.#ctx = ctx;
    this.#limits = limits;
    this.#poller = new LivePoller(ctx, limits);
    this.#closed = new Counter({
      name: 'podoh_api_live_closed_total',
      help: 'Live sockets that ended, by close code',
      labelNames: ['code'],
      registers: [ctx.registry],
    });
    this.#open = new Gauge({
      name: 'podoh_api_live_sockets',
      help: 'Live sockets that are open',
      registers: [ctx.registry],
    });
  }

  /** Whether no more sockets are taken in for now. */
  get isFull(): boolean {
    if (this.#isClosing || this.#sockets.size >= this.#limits.socketsMax) return true;
    let waiting = 0;
    for (const socket of this.#sockets) if (socket.credentials === null) waiting += 1;
    return waiting >= this.#limits.waitingMax;
  }

  /** Whether this user may open one more socket. */
  mayJoin(userId: number): boolean {
    return this.#poller.socketsOf(userId) < this.#limits.userSocketsMax;
  }

  /** Takes in a socket that was just upgraded; without credentials it has to say who it is. */
  accept(ws: WebSocket, origin: LiveOrigin, credentials: Credentials | null): void {
    const socket = new LiveSocket(ws, origin, this.#limits);
    this.#sockets.add(socket);
    this.#open.set(this.#sockets.size);
    this.#pinging ??= setInterval(() => this.#ping(), this.#limits.pingMs);
    const deadline = setTimeout(() => {
      if (socket.credentials === null) socket.close('UNAUTHENTICATED');
    }, this.#limits.authMs);
    // One message after the other, in their order: a check takes its time.
    let work = credentials === null ? Promise.resolve() : this.#join(socket, credentials);
    ws.on('message', (data: RawData, isBinary: boolean) => {
      if (!this.#mayTalk(socket)) return;
      const text = isBinary ? null : (data as Buffer).toString();
      work = work.then(() => this.#heard(socket, text)).catch((error: unknown) => this.#failed(socket, error));
    });
    ws.on('ping', () => this.#mayTalk(socket));
    ws.on('pong', () => this.#mayTalk(socket));
    ws.on('close', (code) => {
      clearTimeout(deadline);
      this.#ended(socket, code);
    });
    work.catch((error: unknown) => this.#failed(socket, error));
    if (this.#isClosing) socket.close('GOING_AWAY');
  }

  /** Says goodbye to everybody. Resolves when all are gone, within goodbyeMs or little more. */
  async stop(): Promise<void> {
    this.#isClosing = true;
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    for (const socket of [...this.#sockets]) socket.close('GOING_AWAY');
    if (this.#sockets.size > 0) await empty;
    await this.#poller.stop();
  }

  #mayTalk(socket: LiveSocket): boolean {
    if (socket.state === 'closed') return false;
    if (socket.mayTalk(this.#ctx.clock.monotonicMs())) return true;
    socket.close('TOO_MANY');
    return false;
  }

  #ping(): void {
    for (const socket of [...this.#sockets]) socket.ping();
  }

  #ended(socket: LiveSocket, code: number): void {
    socket.ended();
    this.#sockets.delete(socket);
    this.#open.set(this.#sockets.size);
    this.#poller.remove(socket);
    this.#closed.inc({ code: KNOWN_CODES.has(code) ? String(code) : 'other' });
    if (this.#sockets.size > 0) return;
    if (this.#pinging !== null) clearInterval(this.#pinging);
    this.#pinging = null;
    this.#whenEmpty?.();
  }

  #failed(socket: LiveSocket, error: unknown): void {
    this.#ctx.log.error({ error: loggedError(error) }, 'a live socket failed');
    socket.close('INTERNAL');
  }

  async #heard(socket: LiveSocket, text: string | null): Promise<void> {
    const { state } = socket;
    if (state === 'closed') return;
    const message = text === null ? null : readClientMessage(text);
    if (message?.type === 'auth') await this.#authenticate(socket, message.accessToken);
    else if (state === 'waiting') socket.close('UNAUTHENTICATED');
    else if (message === null) socket.close('BAD_MESSAGE');
    else socket.narrow(message.topics, message.deploymentIds);
  }

  async #authenticate(socket: LiveSocket, token: string): Promise<void> {
    const before = socket.credentials;
    socket.beginCheck();
    let found: Credentials;
    try {
      found = await checkToken(this.#ctx, token, socket.origin);
    } catch (error) {
      socket.close(await this.#refusal(socket, error));
      return;
    }
    const { userId, tenantId } = found.actor;
    if (before !== null) {
      // A socket belongs to one user: what it is subscribed to is that user's.
      if (before.actor.userId !== userId || before.actor.tenantId !== tenantId) socket.close('UNAUTHENTICATED');
      else if (socket.accept(found)) {
        this.#poller.place(socket);
        socket.say({ type: 'authenticated', expiresAt: toIso(found.expiresAt) });
      }
      return;
    }
    const waitMs = await this.#ctx.limiter.take(`user:${userId}:default`, this.#ctx.settings.rateLimitUserPerMinute);
    if (waitMs > 0) socket.close('TOO_MANY');
    else await this.#join(socket, found);
  }

  /** With what to close after a token was not accepted. What is refused counts against the address. */
  async #refusal(socket: LiveSocket, error: unknown): Promise<LiveCloseName> {
    const { limiter, settings, log } = this.#ctx;
    if (!isRefusal(error)) {
      log.warn({ error: loggedError(error) }, 'a live socket could not be checked');
      return 'TRY_AGAIN';
    }
    const waitMs = await limiter.take(`address:${addressKey(socket.origin.ip)}`, settings.rateLimitAddressPerMinute);
    return waitMs > 0 ? 'TOO_MANY' : 'UNAUTHENTICATED';
  }

  async #join(socket: LiveSocket, credentials: Credentials): Promise<void> {
    socket.beginCheck();
    try {
      await this.#poller.start();
    } catch (error) {
      socket.close(await this.#refusal(socket, error));
      return;
    }
    // Nothing is waited for between the count and the place.
    if (!this.mayJoin(credentials.actor.userId)) {
      socket.close('TOO_MANY');
      return;
    }
    if (!socket.accept(credentials)) return;
    const { userId } = credentials.actor;
    const serverTime = toIso(this.#ctx.clock.now());
    socket.say({ type: 'ready', serverTime, userId, expiresAt: toIso(credentials.expiresAt) });
    this.#poller.add(socket);
  }
}
