/** Throwaway Redis servers that keep nothing: one shared by a whole run (global-setup.ts), and more for tests that break theirs. */
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { Daemon, removeFolder, throwawayFolder } from './daemon.ts';
import { freePort } from './free-port.ts';
import { findProgram } from './install-servers.ts';

export interface RedisServer {
  readonly port: number;
  /** `redis://` URL. */
  readonly url: string;
  readonly pid: number;
  /** Stops it for good. */
  stop(): Promise<void>;
  kill9(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** Stops it if it runs, and starts it, empty, on the same port. */
  restart(): Promise<void>;
}

export interface RedisOptions {
  /** More arguments, as `--maxmemory 1mb`, one word each. */
  readonly args?: readonly string[];
}

/** Starts an empty server on a free port. Throws when Redis is not installed or does not start. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const folder = throwawayFolder('redis');
  const port = await freePort();
  const daemon = new Daemon({
    command: findProgram('redis-server') ?? 'redis-server',
    args: [
      ...['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
      ...(options.args ?? []),
    ],
    logFile: join(folder, 'redis.log'),
    isReady: () => pongs(port),
  });
  await daemon.start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
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

function pongs(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => settle(false));
    // One that wants a password serves as well.
    socket.once('data', (data) => settle(/^(\+PONG|-NOAUTH)/.test(data.toString())));
    socket.once('error', () => settle(false));
  });
}
