/** The life of a program, in processes of their own: how it fails to start, runs, is told to stop, and stops. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { removeFolder, throwawayFolder } from '../test/support/daemon.ts';
import { ConfigError } from './config.ts';
import { startupLine } from './run-program.ts';

const RUN_PROGRAM = JSON.stringify(new URL('run-program.ts', import.meta.url).href);
const CONFIG = JSON.stringify(new URL('config.ts', import.meta.url).href);

interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function launch(
  args: readonly string[],
  env: Record<string, string> = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  const ended = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]).then(
    ([[exitCode, signal], stdout, stderr]): Ended => ({ exitCode, signal, stdout, stderr }),
  );
  return { child, ended };
}

/** A program whose `start` is the given function's text. */
function launchStart(start: string, run = 'runProgram'): { child: ChildProcess; ended: Promise<Ended> } {
  const source = `
    const { runProgram, runOnce } = await import(${RUN_PROGRAM});
    const { ConfigError } = await import(${CONFIG});
    await ${run}(${start});
  `;
  return launch(['--input-type=module', '--eval', source]);
}

/** The error of listening where the system does not let us. */
async function listenError(port: number, host: string): Promise<Error> {
  const [error] = (await once(createServer().listen(port, host), 'error')) as [Error];
  return error;
}

function systemError(message: string, fields: object): Error {
  return Object.assign(new Error(message), fields);
}

describe('the line for what a program could not start with', () => {
  test.each([
    [new ConfigError('API_PORT: is bad'), 'API_PORT: is bad'],
    [new ConfigError('API_HOST: a\n  b\r\nc'), 'API_HOST: a b c'],
    [new Error('HUB_PORT: is taken'), 'HUB_PORT: is taken'],
    ['just text', 'just text'],
    [systemError('x', { code: 'EACCES', syscall: 'listen', port: 80 }), 'API_PORT: may not listen on port 80'],
    [systemError('listen EMFILE', { code: 'EMFILE', syscall: 'listen', port: 80 }), 'API_PORT: listen EMFILE'],
    [
      systemError('x', { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: 'nowhere' }),
      'API_HOST: nowhere is no address of this machine (ENOTFOUND)',
    ],
  ])('%j', (error, line) => {
    expect(startupLine(error)).toBe(line);
  });

  test('of a port that is taken, and of an address that is not ours', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    expect(startupLine(await listenError(port, '127.0.0.1'))).toBe(`API_PORT: port ${port} is taken`);
    expect(startupLine(await listenError(0, '203.0.113.1'))).toBe(
      'API_HOST: 203.0.113.1 is no address of this machine',
    );
    taken.close();
  });

  test.each([
    ['a bug', new TypeError('x is undefined')],
    [
      'a file that is not there, which is no variable',
      systemError("ENOENT: no such file, open 'x'", { code: 'ENOENT', syscall: 'open' }),
    ],
    [
      'a file that may not be read, which is no port',
      systemError("EACCES: denied, open 'x'", { code: 'EACCES', syscall: 'open' }),
    ],
  ])('is the whole stack for %s', (_what, error) => {
    expect(startupLine(error)).toBe(error.stack);
    expect(startupLine(error)).toMatch(/\n {4}at /);
  });
});

describe('a program that cannot start says why in one line on stderr, and exits with 1', () => {
  test.each(['runProgram', 'runOnce'])('%s', async (run) => {
    const start = `async () => { throw new ConfigError('API_PORT: is bad'); }`;
    const expected = { exitCode: 1, signal: null, stdout: '', stderr: 'API_PORT: is bad\n' };
    expect(await launchStart(start, run).ended).toEqual(expected);
  });
});

/** A program that runs, says so, and stops as `stop` does. */
const running = (stop: string): string => `async () => {
  const timer = setInterval(() => {}, 1_000);
  process.stdout.write('running\\n');
  return { stop: ${stop} };
}`;

async function untilRunning(child: ChildProcess): Promise<void> {
  await once(child.stdout as Readable, 'data');
}

describe('a program that runs', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'stops on %s and exits with 0, with what it does last done',
    async (signal) => {
      const { child, ended } = launchStart(
        running(`async () => { await new Promise((r) => setTimeout(r, 50)); process.stdout.write('stopped\\n'); }`),
      );
      await untilRunning(child);
      child.kill(signal);
      expect(await ended).toEqual({ exitCode: 0, signal: null, stdout: 'running\nstopped\n', stderr: '' });
    },
  );

  test('at a second signal does not wait for the first', async () => {
    const { child, ended } = launchStart(
      running(`() => { process.stdout.write('stopping\\n'); return new Promise(() => {}); }`),
    );
    await untilRunning(child);
    const stopping = once(child.stdout as Readable, 'data');
    child.kill('SIGTERM');
    await stopping;
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ exitCode: 1, signal: null, stdout: 'running\nstopping\n' });
  });

  test.each([
    ['rejects', `async () => { throw new Error('DATABASE_URL: went away'); }`],
    ['throws', `() => { throw new Error('DATABASE_URL: went away'); }`],
  ])('whose stop %s says so and exits with 1', async (_how, stop) => {
    const { child, ended } = launchStart(running(stop));
    await untilRunning(child);
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ exitCode: 1, stderr: 'stopping failed: DATABASE_URL: went away\n' });
  });

  test('that is told to stop while it starts does so as soon as it has started', async () => {
    const { child, ended } = launchStart(`async () => {
      process.stdout.write('starting\\n');
      await new Promise((r) => setTimeout(r, 200));
      return { stop: async () => { process.stdout.write('stopped\\n'); } };
    }`);
    await untilRunning(child);
    child.kill('SIGTERM');
    expect(await ended).toEqual({ exitCode: 0, signal: null, stdout: 'starting\nstopped\n', stderr: '' });
  });

  test('once ends by itself', async () => {
    const { ended } = launchStart(`async () => { process.stdout.write('done\\n'); }`, 'runOnce');
    expect(await ended).toEqual({ exitCode: 0, signal: null, stdout: 'done\n', stderr: '' });
  });
});

describe('the programs themselves', () => {
  const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
  const taken = createServer();
  let folder: string;
  let port: string;
  beforeAll(async () => {
    folder = throwawayFolder('program');
    mkdirSync(join(folder, 'bad-key', 'keys'), { recursive: true });
    writeFileSync(join(folder, 'bad-key', 'keys', 'signing.pem'), 'canary');
    taken.listen(0, '127.0.0.1');
    await once(taken, 'listening');
    port = String((taken.address() as AddressInfo).port);
  });
  afterAll(() => {
    taken.close();
    removeFolder(folder);
  });

  test.each([
    ['hub/main.ts', { HUB_PORT: '@' }, 'HUB_PORT: cannot listen on 127.0.0.1:@, is it taken?'],
    ['hub/main.ts', { PODOH_DATA_DIR: 'bad-key' }, 'signing.pem is no PKCS #8 PEM of an RSA key'],
    ['api/main.ts', { API_PORT: '@' }, 'API_PORT: port @ is taken'],
    ['api/main.ts', { PODOH_ADMIN_PASSWORD: 'short' }, 'PODOH_ADMIN_PASSWORD: must have at least 8 characters'],
    [
      'api/main-embedded.ts',
      { DATABASE_URL: 'mysql://u:canary@127.0.0.1:1/db', HUB_PROCESSES: '2', HUB_PORT: '9' },
      'HUB_PROCESSES: several hub processes run with `npm run start:hub`',
    ],
    [
      'migrations/main.ts',
      { DATABASE_URL: 'mysql://u:canary@127.0.0.1:1/db' },
      'DATABASE_URL: cannot reach the database: ',
    ],
  ] as [string, Record<string, string>, string][])('%s with %j', async (program, variables, expected) => {
    const given = Object.entries(variables).map(([name, value]) => [name, value === '@' ? port : value]);
    const env = {
      API_HOST: '127.0.0.1',
      API_PORT: '0',
      HUB_HOST: '127.0.0.1',
      HUB_PORT: '0',
      LOG_LEVEL: 'silent',
      ...(Object.fromEntries(given) as Record<string, string>),
      PODOH_DATA_DIR: join(folder, variables['PODOH_DATA_DIR'] ?? `data of ${program.replaceAll('/', ' ')}`),
    };
    const { exitCode, stdout, stderr } = await launch([path(program)], env).ended;
    expect(stderr).toContain(expected.replace('@', port));
    expect(stderr).toMatch(/^[A-Z_]+: .*\n$/);
    expect(stderr).not.toContain('canary');
    expect([exitCode, stdout]).toEqual([1, '']);
  });
});
