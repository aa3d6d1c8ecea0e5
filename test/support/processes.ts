/**
 * The programs of this repository as child processes, started as an operator starts them: own environment, own ports, real
 * signals. None outlives the test process: each has a process group of its own, which dies with it (PR_SET_PDEATHSIG through
 * setpriv where it exists, and a kill of the group when this process exits).
 *
 * States: `stopped` > `running` <> `frozen` > `stopped`, and again. Everything it ever wrote is kept.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { hasRunningThread } from './daemon.ts';
import { findProgram } from './install-servers.ts';

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const NODE_FLAGS = ['--disable-warning=ExperimentalWarning'];
const READY_MS = 20_000;
const PROBE_MS = 1_000;
const END_MS = 20_000;
const FREEZE_MS = 10_000;

/** What the scripts of package.json start. */
export type Entry = 'api/main.ts' | 'api/main-embedded.ts' | 'api/cli.ts' | 'hub/main.ts' | 'migrations/main.ts';

export interface ProgramOptions {
  /** A script of ours that Node runs, or a whole command line. */
  readonly entry: Entry | readonly string[];
  readonly args?: readonly string[];
  /** The whole environment, PATH aside. */
  readonly env: Readonly<Record<string, string>>;
  /** Working directory; default: the repository. */
  readonly cwd?: string;
  /** Addresses whose `/health/ready` say that it serves; none: `start` does not wait. */
  readonly urls?: readonly string[];
}

export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

function commandOf(entry: Entry | readonly string[]): readonly string[] {
  return typeof entry === 'string' ? [process.execPath, ...NODE_FLAGS, join(REPOSITORY, entry)] : entry;
}

const groups = new Set<number>();

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

process.on('exit', () => {
  for (const pid of groups) killGroup(pid);
});

/** Process ids of a group, zombies left out; [] where there is no /proc. */
export function membersOf(group: number): number[] {
  if (!existsSync('/proc')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isMember(name, group))
    .map(Number);
}

/** /proc/<pid>/stat: `pid (name) state ppid pgrp ...`; the name may hold anything, brackets too. */
function isMember(pid: string, group: number): boolean {
  try {
    const stat = readFileSync(join('/proc', pid, 'stat'), 'utf8');
    const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(pgrp) === group && state !== 'Z' && state !== 'X';
  } catch (error) {
    // It ended while we were looking.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** True when the address answers `/health/ready` with 200. */
export async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(PROBE_MS) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch (error) {
    // Refused, cut or silent: not ready. Anything else is a mistake in the test.
    if (error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError')) return false;
    throw error;
  }
}

export class Program {
  readonly #options: ProgramOptions;
  #child: ChildProcess | null = null;
  #ended: Promise<ProgramEnd> = Promise.resolve({ code: null, signal: null });
  #isRunning = false;
  stdout = '';
  stderr = '';

  constructor(options: ProgramOptions) {
    this.#options = options;
  }

  /** Process id, of the latest start also when that has ended. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.#name} was never started`);
    return pid;
  }

  get #name(): string {
    return commandOf(this.#options.entry).slice(-1).join();
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Everything written, for a search. */
  get output(): string {
    return this.stdout + this.stderr;
  }

  /** How the latest start ended: resolves when the process is gone and all it wrote is here. */
  get ended(): Promise<ProgramEnd> {
    return this.#ended;
  }

  /** Starts it and waits until it serves. Throws with the end of its output when it does not. */
  async start(): Promise<void> {
    if (this.#isRunning) throw new Error(`${this.#name} runs already`);
    this.#spawn();
    const deadline = performance.now() + READY_MS;
    for (const url of this.#options.urls ?? []) {
      while (this.#isRunning && !(await isReady(url))) {
        if (performance.now() > deadline) {
          await this.kill9();
          break;
        }
        await sleep(20);
      }
      if (!this.#isRunning) {
        await this.#ended;
        throw new Error(`${this.#name} did not come to serve ${url}:\n${this.output.slice(-3_000)}`);
      }
    }
  }

  #spawn(): void {
    const { entry, args = [], env, cwd = REPOSITORY } = this.#options;
    const line = [...commandOf(entry), ...args];
    const setpriv = findProgram('setpriv');
    const [command = '', ...rest] = setpriv === null ? line : [setpriv, '--pdeathsig', 'KILL', ...line];
    const child = spawn(command, rest, {
      cwd,
      detached: true,
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#isRunning = true;
    const { pid } = child;
    if (pid !== undefined) groups.add(pid);
    child.stdout.on('data', (data: Buffer) => (this.stdout += data.toString()));
    child.stderr.on('data', (data: Buffer) => (this.stderr += data.toString()));
    child.once('exit', () => (this.#isRunning = false));
    this.#ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends this one process the way a crash does; what it started itself is left to itself. */
  async kill9(): Promise<void> {
    if (!this.#isRunning) return;
    const gone = new Promise<void>((resolve) => this.#child?.once('exit', () => resolve()));
    this.signal('SIGKILL');
    await gone;
  }

  /** Asks it to stop and says how it ended. Throws when it does not end. */
  async sigterm(): Promise<ProgramEnd> {
    return this.endBy('SIGTERM');
  }

  /** Sends a signal that should end it, and waits for the end. Throws when that does not come. */
  async endBy(signal: NodeJS.Signals): Promise<ProgramEnd> {
    this.signal(signal);
    const timer = setTimeout(() => this.signal('SIGKILL'), END_MS);
    const end = await this.#ended;
    clearTimeout(timer);
    if (end.signal === 'SIGKILL') throw new Error(`${this.#name} did not end on ${signal}`);
    return end;
  }

  /** Stops its clock: connections stay open and nothing answers. Returns when every thread has stopped. */
  freeze(): void {
    this.signal('SIGSTOP');
    const deadline = performance.now() + FREEZE_MS;
    while (hasRunningThread(this.pid)) {
      if (performance.now() > deadline) throw new Error(`${this.#name} did not freeze`);
    }
  }

  thaw(): void {
    this.signal('SIGCONT');
  }

  /** Makes sure that neither it nor anything it started is left, whatever state it is in. */
  async stop(): Promise<void> {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    killGroup(pid);
    await this.#ended;
    groups.delete(pid);
  }
}

/** Runs a program that ends by itself, or is ended by `END_MS`. */
export async function runToEnd(options: ProgramOptions): Promise<ProgramEnd & { stdout: string; stderr: string }> {
  const program = new Program(options);
  await program.start();
  const timer = setTimeout(() => void program.stop(), END_MS);
  const end = await program.ended;
  clearTimeout(timer);
  await program.stop();
  return { ...end, stdout: program.stdout, stderr: program.stderr };
}
