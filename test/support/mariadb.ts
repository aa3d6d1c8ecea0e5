/** Throwaway MariaDB servers: one shared by a whole run (global-setup.ts), and more for tests that break theirs. */
import { execFile } from 'node:child_process';
import { createConnection as connectTcp } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { Daemon, removeFolder, throwawayFolder } from './daemon.ts';
import { freePort } from './free-port.ts';
import { findProgram } from './install-servers.ts';

const run = promisify(execFile);

/** What reaches a running server from any process of the test run. */
export interface MariaDbAddress {
  readonly port: number;
  readonly socketPath: string;
}

/** Work on a running server, whoever started it. */
export interface MariaDbAccess extends MariaDbAddress {
  /** `mysql://` URL of a database, for a user who may do everything in it and nothing to the server. */
  url(database: string): string;
  /** Creates an empty database; returns its URL. */
  createDatabase(database: string): Promise<string>;
  dropDatabase(database: string): Promise<void>;
  /** Runs a statement as root; returns its rows. */
  admin(statement: string): Promise<Record<string, unknown>[]>;
}

export interface MariaDbServer extends MariaDbAccess {
  readonly pid: number;
  /** Stops it and deletes its data. */
  stop(): Promise<void>;
  /** Ends it as a crash does; the data stays for `restart`. */
  kill9(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** Stops it cleanly if it runs, and starts it on the same port and data. */
  restart(): Promise<void>;
}

export interface MariaDbOptions {
  /** Every commit reaches the disk, as in production: for tests that kill the server and count what it kept. */
  readonly durable?: boolean;
  /** More arguments, as `--max-connections=20`. */
  readonly args?: readonly string[];
}

/** Access to a server that runs already. */
export function mariaDbAt(address: MariaDbAddress): MariaDbAccess {
  const url = (database: string): string => `mysql://podoh:podoh@127.0.0.1:${address.port}/${database}`;
  const admin = async (statement: string): Promise<Record<string, unknown>[]> => {
    const connection = await createConnection({
      socketPath: address.socketPath,
      user: 'root',
      multipleStatements: true,
    });
    try {
      const [rows] = await connection.query(statement);
      return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
    } finally {
      await connection.end();
    }
  };
  return {
    ...address,
    url,
    admin,
    createDatabase: async (database) => {
      await admin(`create database \`${database}\`; grant all on \`${database}\`.* to podoh@'%'`);
      return url(database);
    },
    dropDatabase: async (database) => {
      await admin(`drop database if exists \`${database}\``);
    },
  };
}

/** Starts a server with an empty data directory on a free port. Throws when MariaDB is not installed or does not start. */
export async function startMariaDb(options: MariaDbOptions = {}): Promise<MariaDbServer> {
  const folder = throwawayFolder('mariadb');
  const asRoot = process.getuid?.() === 0 ? ['--user=root'] : [];
  await run('mariadb-install-db', [
    '--no-defaults',
    `--datadir=${join(folder, 'data')}`,
    `--tmpdir=${folder}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    ...asRoot,
  ]);
  const address: MariaDbAddress = { port: await freePort(), socketPath: join(folder, 's.sock') };
  const daemon = new Daemon({
    command: findProgram('mariadbd') ?? 'mariadbd',
    args: [...serverArguments(folder, address, options.durable ?? false), ...asRoot, ...(options.args ?? [])],
    logFile: join(folder, 'error.log'),
    isReady: () => greets(address.socketPath),
  });
  await daemon.start();
  const access = mariaDbAt(address);
  await access.admin("create user podoh@'%' identified by 'podoh'");
  return {
    ...access,
    get pid() {
      return daemon.pid;
    },
    kill9: () => daemon.kill9(),
    freeze: () => daemon.freeze(),
    thaw: () => daemon.thaw(),
    restart: async () => {
      await daemon.terminate();
      await daemon.start();
    },
    stop: async () => {
      await daemon.kill9();
      removeFolder(folder);
    },
  };
}

function serverArguments(folder: string, address: MariaDbAddress, durable: boolean): string[] {
  return [
    '--no-defaults',
    `--datadir=${join(folder, 'data')}`,
    // Its own: a server that starts clears away the temporary tables of every other that shares the folder.
    `--tmpdir=${folder}`,
    `--socket=${address.socketPath}`,
    `--pid-file=${join(folder, 'pid')}`,
    '--bind-address=127.0.0.1',
    `--port=${address.port}`,
    '--skip-name-resolve',
    `--innodb-flush-log-at-trx-commit=${durable ? 1 : 0}`,
    '--sync-binlog=0',
    '--innodb-buffer-pool-size=64M',
    '--innodb-log-file-size=16M',
    '--performance-schema=OFF',
    '--character-set-server=utf8mb4',
    '--collation-server=utf8mb4_unicode_ci',
  ];
}

/** A server that runs greets before it is asked anything. */
function greets(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp(socketPath);
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.once('data', () => settle(true));
    socket.once('error', () => settle(false));
    socket.once('end', () => settle(false));
  });
}
