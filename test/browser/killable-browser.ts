/** A Chromium with a profile on disk that can be killed at any moment, as a screen's power is cut, and started again on the same profile. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { chromium, type BrowserContext } from 'playwright-core';
import { removeFolder, throwawayFolder } from '../support/daemon.ts';
import { CHROMIUM_ARGS } from './browser-system.ts';

const LISTENING = /^DevTools listening on (ws:\S+)/;

export class KillableBrowser {
  readonly #executablePath: string;
  readonly #profile = throwawayFolder('profile');
  #process: ChildProcess | null = null;

  constructor(executablePath: string) {
    this.#executablePath = executablePath;
  }

  /** Starts it on its profile, alone; returns the profile's context. */
  async start(): Promise<BrowserContext> {
    await this.kill();
    const args = [
      ...CHROMIUM_ARGS,
      '--headless=new',
      '--no-default-browser-check',
      '--remote-debugging-port=0',
      `--user-data-dir=${this.#profile}`,
      'about:blank',
    ];
    const started = spawn(this.#executablePath, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    this.#process = started;
    const browser = await chromium.connectOverCDP(await listeningAt(started));
    const [context] = browser.contexts();
    if (context === undefined) throw new Error('a browser has a context');
    return context;
  }

  /** Ends it and all of its helpers at once, without a word. */
  async kill(): Promise<void> {
    const running = this.#process;
    this.#process = null;
    if (running?.pid === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, 'exit');
    // The group that spawn made of it (`detached`): nothing else is in it.
    process.kill(-running.pid, 'SIGKILL');
    await ended;
  }

  /** Kills it and removes its profile. */
  async dispose(): Promise<void> {
    await this.kill();
    removeFolder(this.#profile);
  }
}

/** The address that it says it listens at. Whatever else it says is read and dropped, so that it never waits for us. */
function listeningAt(started: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const { stderr } = started;
    if (stderr === null) throw new Error('started with its stderr piped');
    const lines = createInterface({ input: stderr });
    lines.on('line', (line) => {
      const address = LISTENING.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
    started.once('exit', (code) => reject(new Error(`the browser ended with ${code} before it listened`)));
  });
}
