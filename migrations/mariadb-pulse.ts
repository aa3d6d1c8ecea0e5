/**
 * Tells a slow query from a hung server. A frozen server (or a dead link) leaves its sockets open and says nothing, so a
 * query would wait for ever; a slow query is no reason to give up. After SUSPECT_MS of silence we open a new connection:
 * a living server greets it at once. One greeting serves all queries that wait.
 * Invariant: at most one greeting is awaited at a time.
 */
import type { Socket } from 'node:net';
import { createConnection, type Connection } from 'mysql2';

export interface PulseLimits {
  /** Silence after which the server is asked for a sign of life, and how often again, in milliseconds. */
  readonly suspectMs: number;
  /** Time the server has to greet, in milliseconds. Past it: it counts as hung. */
  readonly greetingMs: number;
}

/** Opens a raw connection with a connect timeout in milliseconds. */
export type Connect = (connectTimeoutMs: number) => Connection;

/** A `Connect` for a `mysql://` URL. */
export function connectTo(url: string): Connect {
  return (connectTimeoutMs) =>
    createConnection({
      uri: url,
      charset: 'utf8mb4_bin',
      timezone: 'Z',
      // Both engines answer alike: JSON as text, sums as numbers; what does not fit a number stays text.
      jsonStrings: true,
      supportBigNumbers: true,
      decimalNumbers: true,
      connectTimeout: connectTimeoutMs,
      enableKeepAlive: true,
      keepAliveInitialDelay: 10_000,
    });
}

/** The socket under a connection, which mysql2's types leave out. */
export function socketOf(connection: Connection): Socket {
  return (connection as unknown as { readonly stream: Socket }).stream;
}

/** Drops a connection now. mysql2's own `destroy` says goodbye and waits for the other side, which a frozen server never answers. */
export function cut(connection: Connection): void {
  connection.destroy();
  socketOf(connection).destroy();
}

/** An error of a server that does not answer, in the shape of a network error: `isDatabaseUnavailable` knows it. */
export function silenceError(message: string): Error {
  return Object.assign(new Error(message), { code: 'ETIMEDOUT', fatal: true });
}

export class MariadbPulse {
  readonly #connect: Connect;
  readonly #limits: PulseLimits;
  #greeting: Promise<boolean> | null = null;

  constructor(connect: Connect, limits: PulseLimits) {
    this.#connect = connect;
    this.#limits = limits;
  }

  /**
   * Calls `hung` once if the server shows no sign of life while a query waits, or the query waits longer than
   * `queryMsMax`. Returns the way to stop watching.
   */
  watch(queryMsMax: number, hung: (error: Error) => void): () => void {
    const startedAt = performance.now();
    let stopped = false;
    let timer: NodeJS.Timeout | null = null;
    const arm = (): void => {
      timer = setTimeout(look, this.#limits.suspectMs);
    };
    const look = (): void => {
      if (performance.now() - startedAt > queryMsMax) {
        hung(silenceError(`the database did not answer a query in ${queryMsMax} ms`));
        return;
      }
      void this.#isAlive().then((alive) => {
        if (stopped) return;
        if (alive) arm();
        else hung(silenceError('the database does not answer'));
      });
    };
    arm();
    return () => {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
    };
  }

  #isAlive(): Promise<boolean> {
    this.#greeting ??= this.#awaitGreeting().finally(() => {
      this.#greeting = null;
    });
    return this.#greeting;
  }

  /** Resolves, never rejects: true as soon as the server says anything, be it an error. */
  #awaitGreeting(): Promise<boolean> {
    return new Promise((resolve) => {
      const connection = this.#connect(this.#limits.greetingMs * 2);
      let spoke = false;
      socketOf(connection).once('data', () => {
        spoke = true;
        resolve(true);
      });
      connection.once('connect', () => {
        connection.end();
      });
      connection.on('error', () => {
        resolve(spoke);
        cut(connection);
      });
      setTimeout(() => {
        // What arrived while our own event loop was busy is read before the verdict.
        setImmediate(() => {
          if (!spoke) cut(connection);
          resolve(spoke);
        });
      }, this.#limits.greetingMs).unref();
    });
  }
}
