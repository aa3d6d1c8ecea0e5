/**
 * A throwaway server process that cannot outlive the test process: the kernel kills it with us (PR_SET_PDEATHSIG, through
 * setpriv where it exists), and a normal exit kills it and removes its folder.
 * States: `stopped` > `running` <> `frozen` > `stopped`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const SETPRIV = '/usr/bin/setpriv';
const READY_MS = 20_000;
const STOP_MS = 10_000;

const folders = new Set<string>();
const children = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Whether a process of this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** SIGSTOP reaches a process's threads one by one, and until then they answer. Where there is no /proc we trust it. */
export function hasRunningThread(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return false;
  return readdirSync(tasks).some((task) => !/\) [TtZX] /.test(readFileSync(join(tasks, task, 'stat'), 'utf8')));
}

/** A new folder under the system's temporary one, removed when this process exits; also removes those of dead processes. */
export function throwawayFolder(kind: string): string {
  for (const name of readdirSync(tmpdir())) {
    const owner = /^podoh-test-[a-z]+-(\d+)-/.exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
  const folder = mkdtempSync(join(tmpdir(), `podoh-test-${kind}-${process.pid}-`));
  folders.add(folder);
  return folder;
}

/** Removes a throwaway folder now. */
export function removeFolder(folder: string): void {
  folders.delete(folder);
  rmSync(folder, { recursive: true, force: true });
}

export interface DaemonOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly logFile: string;
  /** True as soon as the server answers. */
  readonly isReady: () => Promise<boolean>;
}

export class Daemon {
  readonly #options: DaemonOptions;
  #child: ChildProcess | null = null;

  constructor(options: DaemonOptions) {
    this.#options = options;
  }

  /** Process id; throws when it is not running. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.#options.command} is not running`);
    return pid;
  }

  /** Starts it and waits until it answers. Throws with the end of its log when it does not. */
  async start(): Promise<void> {
    const { command, args, logFile } = this.#options;
    const guarded = existsSync(SETPRIV);
    const log = openSync(logFile, 'a');
    const child = spawn(guarded ? SETPRIV : command, guarded ? ['--pdeathsig', 'KILL', command, ...args] : [...args], {
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#child = child;
    children.add(child);
    child.once('exit', () => children.delete(child));
    child.once('error', () => children.delete(child));
    const deadline = performance.now() + READY_MS;
    while (!(await this.#options.isReady())) {
      if (
        child.pid === undefined ||
        child.exitCode !== null ||
        child.signalCode !== null ||
        performance.now() > deadline
      ) {
        await this.kill9();
        throw new Error(`${command} did not start:\n${readFileSync(logFile, 'utf8').slice(-2_000)}`);
      }
      await sleep(20);
    }
  }

  /** Ends it the way a crash does. */
  async kill9(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Asks it to stop cleanly; kills it if it does not. */
  async terminate(): Promise<void> {
    if (this.#child === null) return;
    this.thaw();
    await this.#end('SIGTERM');
  }

  /** Stops its clock: sockets stay open and nothing answers. Returns when every thread has stopped. */
  freeze(): void {
    process.kill(this.pid, 'SIGSTOP');
    const deadline = performance.now() + STOP_MS;
    while (hasRunningThread(this.pid)) {
      if (performance.now() > deadline) throw new Error(`${this.#options.command} did not freeze`);
    }
  }

  thaw(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
    });
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await gone;
    clearTimeout(timer);
  }
}
