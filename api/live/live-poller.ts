/**
 * The one reader of this process for all its live sockets.
 *
 * States: idle (nobody has a socket, nothing is read), starting (finding where history stands) and polling: again and again it reads
 * what changed, makes sure that everybody may still see what they see, and lets each tenant's watch tell its audiences.
 * Invariants: looks never overlap; nothing is told in a look before everybody was checked in it [INV-9]; what a failed look had read
 * is made up for by telling everybody to read again; no statement is made for a single socket, but for those whose user, or whose
 * tree of groups, has changed.
 */
import { authenticateAccessToken } from '../auth/authenticate.ts';
import type { ApiContext } from '../context.ts';
import { loggedError } from '../failure-answer.ts';
import { Audience, scopeKey } from './audience.ts';
import { isRefusal } from './check-token.ts';
import type { LiveLimits } from './live-limits.ts';
import type { LiveSocket } from './live-socket.ts';
import { PresenceReader } from './presence-reader.ts';
import { NewsReader, type News } from './read-news.ts';
import { TenantWatch } from './tenant-watch.ts';
import { readUserPrints } from './user-prints.ts';

/** Users who are checked at once. */
const CHECKED_AT_ONCE = 4;

/**
 * A look tells for so long, in milliseconds. Past it: what is left waits for the next one, so that users are checked in time however
 * much there is to count.
 */
const LOOK_MS_MAX = 800;

/** A user with sockets. */
interface Watched {
  readonly tenantId: number;
  readonly sockets: Set<LiveSocket>;
  /** What decided over what they may see when it was last looked at; null: it was not yet. */
  print: string | null;
}

export class LivePoller {
  readonly #ctx: ApiContext;
  readonly #limits: LiveLimits;
  readonly #users = new Map<number, Watched>();
  readonly #tenants = new Map<number, TenantWatch>();
  readonly #placeOf = new Map<LiveSocket, Audience>();
  readonly #news: NewsReader;
  readonly #presence: PresenceReader;
  #starting: Promise<void> | null = null;
  #stopListening: (() => void) | null = null;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #beganAtMs = 0;
  #isHinted = false;
  #isStopped = false;
  /** A look failed: what it had read was not told. */
  #isLost = false;
  #fails = false;

  constructor(ctx: ApiContext, limits: LiveLimits) {
    this.#ctx = ctx;
    this.#limits = limits;
    this.#news = new NewsReader(ctx.db);
    this.#presence = new PresenceReader(ctx.db.sql);
  }

  /** Sockets that a user has here. */
  socketsOf(userId: number): number {
    return this.#users.get(userId)?.sockets.size ?? 0;
  }

  /** Resolves when whatever is committed from then on will be told. Rejects when the database is away. */
  async start(): Promise<void> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = null;
      throw error;
    });
    await this.#starting;
  }

  /** Takes in a socket that is live. Call `start` before. */
  add(socket: LiveSocket): void {
    const actor = socket.credentials?.actor;
    if (actor === undefined) throw new Error('a live socket without credentials');
    const user = this.#users.get(actor.userId) ?? { tenantId: actor.tenantId, sockets: new Set(), print: null };
    this.#users.set(actor.userId, user);
    user.sockets.add(socket);
    this.#place(socket);
    if (this.#timer === null && this.#looking === null) this.#schedule(0);
    else this.#hint();
  }

  /** Lets a socket go; with the last one the reading ends. */
  remove(socket: LiveSocket): void {
    this.#displace(socket);
    const userId = socket.credentials?.actor.userId ?? 0;
    const user = this.#users.get(userId);
    // One that was never added leaves those who are about to be alone.
    if (user === undefined || !user.sockets.delete(socket)) return;
    if (user.sockets.size === 0) this.#users.delete(userId);
    if (this.#users.size === 0) this.#rest();
  }

  /** Puts a socket where its user's scope belongs; one that was elsewhere is told to read again. */
  place(socket: LiveSocket): void {
    const actor = socket.credentials?.actor;
    const audience = this.#placeOf.get(socket);
    if (actor === undefined || audience === undefined || scopeKey(actor) === scopeKey(audience.actor)) return;
    this.#displace(socket);
    socket.isNew = true;
    socket.isStale = true;
    this.#place(socket);
  }

  /** Resolves when the look that is under way has ended; no other begins. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#rest();
    await this.#looking;
  }

  async #start(): Promise<void> {
    const nowMs = this.#ctx.clock.monotonicMs();
    await this.#news.start(nowMs);
    await this.#presence.start(nowMs);
    this.#isLost = false;
    this.#stopListening?.();
    this.#stopListening = this.#ctx.bus.subscribe((hint) => {
      if (hint.kind !== 'session') this.#hint();
    });
  }

  #rest(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#stopListening?.();
    this.#stopListening = null;
    this.#starting = null;
  }

  #place(socket: LiveSocket): void {
    const actor = socket.credentials?.actor;
    if (actor === undefined) return;
    const tenant = this.#tenants.get(actor.tenantId) ?? new TenantWatch(this.#ctx, actor.tenantId);
    this.#tenants.set(actor.tenantId, tenant);
    const key = scopeKey(actor);
    const audience = tenant.audiences.get(key) ?? new Audience(actor);
    tenant.audiences.set(key, audience);
    audience.sockets.add(socket);
    this.#placeOf.set(socket, audience);
  }

  #displace(socket: LiveSocket): void {
    const audience = this.#placeOf.get(socket);
    if (audience === undefined) return;
    this.#placeOf.delete(socket);
    audience.sockets.delete(socket);
    if (audience.sockets.size > 0) return;
    const { tenantId } = audience.actor;
    const tenant = this.#tenants.get(tenantId);
    tenant?.audiences.delete(scopeKey(audience.actor));
    if (tenant?.audiences.size === 0) this.#tenants.delete(tenantId);
  }

  #hint(): void {
    if (this.#looking !== null) {
      this.#isHinted = true;
      return;
    }
    if (this.#users.size === 0) return;
    this.#schedule(this.#beganAtMs + this.#limits.hintMs - this.#ctx.clock.monotonicMs());
  }

  #schedule(inMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (!this.#isStopped) this.#timer = setTimeout(() => this.#begin(), Math.max(0, inMs));
  }

  #begin(): void {
    this.#timer = null;
    this.#beganAtMs = this.#ctx.clock.monotonicMs();
    this.#looking = this.#look().finally(() => {
      this.#looking = null;
      if (this.#users.size === 0 || this.#isStopped) return;
      const everyMs = this.#isHinted ? this.#limits.hintMs : this.#limits.pollMs;
      this.#isHinted = false;
      this.#schedule(this.#beganAtMs + everyMs - this.#ctx.clock.monotonicMs());
    });
  }

  /** A failure is told once, and once that it is over. */
  async #look(): Promise<void> {
    const { log } = this.#ctx;
    this.#expire();
    try {
      await this.#readAndTell();
      if (this.#fails) log.info('the live feed works again');
      this.#fails = false;
    } catch (error) {
      this.#isLost = true;
      if (!this.#fails) log.warn({ error: loggedError(error) }, 'the live feed could not look and tries again');
      this.#fails = true;
    }
  }

  /** Needs no database: a token that has run out is over whatever else fails. */
  #expire(): void {
    const now = this.#ctx.clock.now();
    for (const socket of this.#placeOf.keys()) {
      if (socket.credentials !== null && socket.credentials.expiresAt <= now) socket.close('UNAUTHENTICATED');
    }
  }

  async #readAndTell(): Promise<void> {
    const nowMs = this.#ctx.clock.monotonicMs();
    const news = await this.#news.read(nowMs);
    const touched = await this.#presence.read(nowMs);
    // Of a database that was restored the ids begin anew as well.
    if (news.isReset) await this.#presence.start(nowMs);
    const isLost = this.#isLost || news.isLost;
    await this.#checkUsers(news, isLost);
    this.#isLost = false;
    for (const [tenantId, tenant] of [...this.#tenants]) {
      if (isLost) tenant.learnAll();
      const own = news.byTenant.get(tenantId);
      if (own !== undefined) tenant.learn(own);
      if (touched === null) tenant.learnManyDevices();
      else tenant.learnPresence(touched.get(tenantId) ?? []);
    }
    const isLate = (): boolean => this.#ctx.clock.monotonicMs() - nowMs >= LOOK_MS_MAX;
    for (const [tenantId, tenant] of [...this.#tenants]) {
      if (isLate()) break;
      await tenant.step(nowMs, isLate);
      // To the end of the line: those who were not reached come first in the next look.
      if (this.#tenants.get(tenantId) === tenant && this.#tenants.delete(tenantId)) this.#tenants.set(tenantId, tenant);
    }
  }

  /** Closes those who may not listen any more, and moves those who see something else now. */
  async #checkUsers(news: News, isLost: boolean): Promise<void> {
    const { accounts, db } = this.#ctx;
    const userIds = [...this.#users.keys()];
    const prints = await readUserPrints(db.sql, userIds);
    const due: { user: Watched; print: string }[] = [];
    for (const userId of userIds) {
      const user = this.#users.get(userId);
      if (user === undefined) continue;
      const print = prints.get(userId) ?? 'gone';
      const isTreeChanged = isLost || news.byTenant.get(user.tenantId)?.isTreeChanged === true;
      if (print === user.print && !isTreeChanged) continue;
      // A new one may have been let in by what this process remembered from before anything was read here.
      if (isTreeChanged || user.print === null) accounts.forgetGroups(user.tenantId);
      accounts.forgetUser(userId);
      due.push({ user, print });
    }
    for (let at = 0; at < due.length; at += CHECKED_AT_ONCE) {
      await Promise.all(due.slice(at, at + CHECKED_AT_ONCE).map(({ user, print }) => this.#checkUser(user, print)));
    }
  }

  async #checkUser(user: Watched, print: string): Promise<void> {
    for (const socket of [...user.sockets]) await this.#checkSocket(socket);
    user.print = print;
  }

  async #checkSocket(socket: LiveSocket): Promise<void> {
    const before = socket.credentials;
    if (before === null || socket.state === 'closed') return;
    try {
      const actor = await authenticateAccessToken(this.#ctx, before.token, socket.origin);
      // Another token came meanwhile: it was checked when it came.
      if (socket.credentials !== before || !socket.renew(actor)) return;
      this.place(socket);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (socket.credentials === before) socket.close('UNAUTHENTICATED');
    }
  }
}
