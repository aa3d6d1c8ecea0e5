/**
 * A pool of MariaDB connections for Kysely. mysql2's own has no deadline on getting a connection, and Kysely's use of it
 * hands out again connections that saw a read-only server.
 *
 * A connection is `opening`, `idle`, `lent` or gone. Invariants: opening + idle + lent <= size; a waiter is answered
 * exactly once, with a connection or an error, within acquireMs; a spoiled or old connection is never lent again.
 */
import type { Connection } from 'mysql2';
import type { MysqlPool, MysqlPoolConnection, MysqlQueryResult } from 'kysely';
import { cut, silenceError, socketOf, MariadbPulse, type Connect, type PulseLimits } from './mariadb-pulse.ts';

export interface PoolLimits extends PulseLimits {
  /** Connections. Past it: callers wait. */
  readonly size: number;
  /** Callers that wait. Past it: POOL_QUEUE_FULL. */
  readonly queueMax: number;
  /** Wait for a connection, in milliseconds. Past it: POOL_ACQUIRE_TIMEOUT. */
  readonly acquireMs: number;
  /** TCP connect and login, in milliseconds. Past it: ETIMEDOUT. */
  readonly connectMs: number;
  /** Age at which a connection is replaced, in milliseconds, give or take a fifth: so that a failover is followed. */
  readonly ageMsMax: number;
  /** Longest query, in milliseconds; the server stops it sooner (max_statement_time). Past it: ETIMEDOUT. */
  readonly queryMsMax: number;
  /** Run on every new connection before anybody gets it. */
  readonly sessionSql: string;
}

/** Time for a connection's goodbye, in milliseconds. Past it: it is cut. */
const GOODBYE_MS = 500;
/** Time for queries under way when the pool ends, in milliseconds. Past it: they are cut. */
const ENDING_MS = 1_000;

type Lend = (error: unknown, connection: MysqlPoolConnection) => void;

/** Kysely's callback takes (error) alone at run time; its type demands a connection even then. */
function refuse(lend: Lend, error: unknown): void {
  (lend as (error: unknown) => void)(error);
}

function poolError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** 1053 shutdown, 1290 / 1792 / 1836 read-only (an old primary after a failover), 1927 connection killed. */
const SPOILING_ERRNOS = new Set([1053, 1290, 1792, 1836, 1927]);

/** True when the connection that gave this error must not be used again. */
function spoils(error: unknown): boolean {
  const { fatal, errno } = error as { fatal?: unknown; errno?: unknown };
  return fatal === true || (typeof errno === 'number' && SPOILING_ERRNOS.has(errno));
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A refused connection may carry nothing but its code.
  return error.message === '' ? String((error as NodeJS.ErrnoException).code) : error.message;
}

interface Owner {
  readonly pulse: MariadbPulse;
  readonly queryMsMax: number;
  released(connection: GuardedConnection): void;
  lost(connection: GuardedConnection, error: unknown): void;
}

/** One connection that fails a query when the server hangs, and remembers whether it may be used again. */
class GuardedConnection implements MysqlPoolConnection {
  readonly diesAt: number;
  usable = true;
  readonly #raw: Connection;
  readonly #owner: Owner;

  constructor(raw: Connection, owner: Owner, diesAt: number) {
    this.#raw = raw;
    this.#owner = owner;
    this.diesAt = diesAt;
    raw.on('error', (error) => this.#spoil(error));
    raw.on('end', () => this.#spoil(null));
  }

  get config(): object {
    return this.#raw.config;
  }

  get threadId(): number {
    return this.#raw.threadId;
  }

  connect(callback?: (error: unknown) => void): void {
    this.#raw.connect((error) => callback?.(error));
  }

  query(
    sql: string,
    parameters: unknown,
    callback?: (error: unknown, result: MysqlQueryResult) => void,
  ): ReturnType<MysqlPoolConnection['query']> {
    if (callback === undefined) {
      const command = this.#raw.query(sql, parameters as unknown[]);
      command.on('error', (error) => this.#note(error));
      return command;
    }
    let settled = false;
    const settle = (error: unknown, result: unknown): void => {
      if (settled) return;
      settled = true;
      stopWatching();
      this.#note(error);
      callback(error, result as MysqlQueryResult);
    };
    const stopWatching = this.#owner.pulse.watch(this.#owner.queryMsMax, (error) => {
      settle(error, undefined);
      cut(this.#raw);
    });
    if (!this.usable && socketOf(this.#raw).destroyed) {
      // The server rolls back what a lost connection had open; to fail here would hide from Kysely's caller why it was lost.
      const error = sql === 'rollback' ? null : silenceError('the connection to the database is gone');
      queueMicrotask(() => settle(error, []));
    } else {
      this.#raw.query(sql, parameters as unknown[], settle);
    }
    return { stream: () => neverStreams() };
  }

  release(): void {
    this.#owner.released(this);
  }

  /** Cuts the connection; the server rolls back what was open. */
  destroy(): void {
    this.usable = false;
    cut(this.#raw);
  }

  /** Says goodbye to the server, without waiting long for it. */
  close(withinMs: number): void {
    this.usable = false;
    const timer = setTimeout(() => cut(this.#raw), withinMs);
    this.#raw.end(() => clearTimeout(timer));
  }

  #note(error: unknown): void {
    if (error !== null && error !== undefined && spoils(error)) this.#spoil(error);
  }

  /** `error` is null when the server closed the connection in good order. */
  #spoil(error: unknown): void {
    if (!this.usable) return;
    this.usable = false;
    this.#owner.lost(this, error);
  }
}

function neverStreams(): never {
  throw new Error('a query with a callback has no stream');
}

interface Waiter {
  readonly lend: Lend;
  readonly timer: NodeJS.Timeout;
}

export class MariadbPool implements MysqlPool {
  readonly #connect: Connect;
  readonly #limits: PoolLimits;
  readonly #warn: (message: string) => void;
  readonly #owner: Owner;
  readonly #idle: GuardedConnection[] = [];
  readonly #lent = new Set<GuardedConnection>();
  readonly #waiters: Waiter[] = [];
  #opening = 0;
  /** Who waits for the end; null while the pool is open. */
  #ended: ((error: unknown) => void)[] | null = null;

  constructor(connect: Connect, limits: PoolLimits, warn: (message: string) => void) {
    this.#connect = connect;
    this.#limits = limits;
    this.#warn = warn;
    this.#owner = {
      pulse: new MariadbPulse(connect, limits),
      queryMsMax: limits.queryMsMax,
      released: (connection) => this.#takeBack(connection),
      lost: (connection, error) => this.#forget(connection, error),
    };
  }

  getConnection(lend: Lend): void {
    if (this.#ended !== null) {
      refuse(lend, poolError('POOL_CLOSED', 'the database is closed'));
      return;
    }
    if (this.#waiters.length >= this.#limits.queueMax) {
      refuse(
        lend,
        poolError('POOL_QUEUE_FULL', `${this.#limits.queueMax} callers wait for a database connection already`),
      );
      return;
    }
    const timer = setTimeout(() => {
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
      refuse(
        lend,
        poolError('POOL_ACQUIRE_TIMEOUT', `no database connection came free in ${this.#limits.acquireMs} ms`),
      );
    }, this.#limits.acquireMs);
    const waiter: Waiter = { lend, timer };
    this.#waiters.push(waiter);
    this.#serve();
  }

  /** Refuses those who wait, and closes all connections: idle ones now, lent ones when they come back or after `ENDING_MS`. */
  end(done: (error: unknown) => void): void {
    const first = this.#ended === null;
    (this.#ended ??= []).push(done);
    if (first) {
      for (const waiter of this.#waiters.splice(0)) {
        clearTimeout(waiter.timer);
        refuse(waiter.lend, poolError('POOL_CLOSED', 'the database is closed'));
      }
      for (const connection of this.#idle.splice(0)) connection.close(GOODBYE_MS);
      setTimeout(() => {
        for (const connection of [...this.#lent]) {
          connection.destroy();
          this.#takeBack(connection);
        }
      }, ENDING_MS).unref();
    }
    this.#finishOrServe();
  }

  #serve(): void {
    while (this.#waiters.length > 0) {
      const connection = this.#idle.pop();
      if (connection === undefined) break;
      if (performance.now() > connection.diesAt) {
        connection.close(GOODBYE_MS);
        continue;
      }
      const waiter = this.#waiters.shift();
      if (waiter === undefined) break;
      clearTimeout(waiter.timer);
      this.#lent.add(connection);
      waiter.lend(null, connection);
    }
    const room = this.#limits.size - this.#idle.length - this.#lent.size;
    while (this.#opening < Math.min(room, this.#waiters.length)) this.#open();
  }

  #open(): void {
    this.#opening += 1;
    const raw = this.#connect(this.#limits.connectMs);
    let settled = false;
    const settle = (error: unknown): void => {
      if (settled) return;
      settled = true;
      clearTimeout(deadline);
      this.#opening -= 1;
      if (error !== null && error !== undefined) {
        cut(raw);
        this.#warn(`the database cannot be reached: ${messageOf(error)}`);
        this.#refuseOne(error);
      } else if (this.#ended !== null) {
        cut(raw);
      } else {
        const age = this.#limits.ageMsMax * (0.8 + 0.4 * Math.random());
        this.#idle.push(new GuardedConnection(raw, this.#owner, performance.now() + age));
      }
      this.#serve();
    };
    // mysql2's own timeout ends with the greeting; the login and our settings may hang after it.
    const deadline = setTimeout(
      () => settle(silenceError('the database did not accept a login in time')),
      this.#limits.connectMs,
    );
    raw.on('error', settle);
    raw.query(this.#limits.sessionSql, settle);
  }

  /** A connection could not be opened: the one who waits longest is told why, at once. */
  #refuseOne(error: unknown): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) return;
    clearTimeout(waiter.timer);
    refuse(waiter.lend, error);
  }

  #takeBack(connection: GuardedConnection): void {
    if (!this.#lent.delete(connection)) return;
    if (!connection.usable) connection.destroy();
    else if (this.#ended !== null || performance.now() > connection.diesAt) connection.close(GOODBYE_MS);
    else this.#idle.push(connection);
    this.#finishOrServe();
  }

  /** A spoiled connection leaves `idle` at once; a lent one leaves when its user gives it back. */
  #forget(connection: GuardedConnection, error: unknown): void {
    if (error !== null) this.#warn(`a database connection is dropped: ${messageOf(error)}`);
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
  }

  #finishOrServe(): void {
    if (this.#ended === null) this.#serve();
    else if (this.#lent.size === 0) for (const done of this.#ended.splice(0)) done(undefined);
  }
}
