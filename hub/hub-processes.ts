/**
 * Several hub processes on one port (SO_REUSEPORT: the kernel spreads the connections). The parent holds no socket: it starts
 * its children, starts them again when they die, passes SIGTERM on, and puts their metrics together, because a scrape of the
 * shared port reaches any one of them.
 *
 * States per child: running -> died -> (after a pause that doubles up to RESTART_MAX_MS) running; stopping is for good.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client';
import { ConfigError } from './config.ts';

const CHILD_ARGUMENT = '--hub-child';
const RESTART_MIN_MS = 200;
const RESTART_MAX_MS = 10_000;
/** A child that lived this long is healthy: its next restart waits the least. */
const HEALTHY_AFTER_MS = 30_000;
const METRICS_WITHIN_MS = 2_000;

type Metrics = MetricObjectWithValues<MetricValue<string>>[];

type Message =
  | { kind: 'ready' }
  | { kind: 'metrics.ask'; id: number }
  | { kind: 'metrics.collect'; id: number }
  | { kind: 'metrics.own'; id: number; metrics: Metrics }
  | { kind: 'metrics.all'; id: number; text: string };

interface ProcessLog {
  warn(fields: object, message: string): void;
}

interface Gathering {
  readonly parts: Metrics[];
  readonly expected: number;
  readonly done: (text: Promise<string>) => void;
}

export function isHubChild(): boolean {
  return process.argv.includes(CHILD_ARGUMENT);
}

export class HubProcesses {
  readonly #count: number;
  readonly #log: ProcessLog;
  readonly #children = new Map<number, ChildProcess>();
  readonly #gatherings = new Map<number, Gathering>();
  #nextGathering = 1;
  #stopping = false;

  constructor(count: number, log: ProcessLog) {
    this.#count = count;
    this.#log = log;
  }

  /** Resolves when every child serves; rejects when one of them cannot start. */
  async start(): Promise<void> {
    try {
      await Promise.all(Array.from({ length: this.#count }, (_unused, slot) => this.#spawn(slot, RESTART_MIN_MS)));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  #spawn(slot: number, pauseMs: number): Promise<void> {
    const startedAtMs = performance.now();
    const child = fork(fileURLToPath(new URL('main.ts', import.meta.url)), [CHILD_ARGUMENT], {
      execArgv: process.execArgv,
    });
    this.#children.set(slot, child);
    return new Promise((resolve, reject) => {
      let ready = false;
      child.on('message', (message: Message) => {
        if (message.kind === 'ready') {
          ready = true;
          resolve();
        } else this.#hear(child, message);
      });
      child.once('error', (error) => {
        // It could not even be forked, so that no exit follows.
        if (child.pid !== undefined) return;
        this.#children.delete(slot);
        reject(error);
      });
      child.once('exit', (code, signal) => {
        this.#children.delete(slot);
        if (this.#stopping) return;
        if (!ready) {
          // The child said why on stderr, which it shares with us.
          reject(new ConfigError(`HUB_PROCESSES: hub process ${slot + 1} did not start`));
          return;
        }
        const lived = performance.now() - startedAtMs;
        const next = lived > HEALTHY_AFTER_MS ? RESTART_MIN_MS : Math.min(RESTART_MAX_MS, pauseMs * 2);
        this.#log.warn({ slot, code, signal, pauseMs: next }, 'a hub process died: starting another');
        setTimeout(() => this.#respawn(slot, next), next);
      });
    });
  }

  #respawn(slot: number, pauseMs: number): void {
    if (this.#stopping) return;
    this.#spawn(slot, pauseMs).catch((error: unknown) => {
      const next = Math.min(RESTART_MAX_MS, pauseMs * 2);
      this.#log.warn({ slot, err: error, pauseMs: next }, 'a hub process did not come back: trying again');
      setTimeout(() => this.#respawn(slot, next), next);
    });
  }

  /** Passes SIGTERM on and waits until all are gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(
      [...this.#children.values()].map(
        (child) =>
          new Promise<void>((resolve) => {
            if (child.exitCode !== null || child.signalCode !== null) {
              resolve();
              return;
            }
            child.once('exit', () => resolve());
            child.kill('SIGTERM');
          }),
      ),
    );
  }

  #hear(child: ChildProcess, message: Message): void {
    if (message.kind === 'metrics.ask') {
      this.#gather((text) => {
        text.then(
          (all) => child.connected && child.send({ kind: 'metrics.all', id: message.id, text: all } satisfies Message),
          (error: unknown) => this.#log.warn({ err: error }, 'metrics of the hub processes could not be put together'),
        );
      });
    } else if (message.kind === 'metrics.own') {
      const gathering = this.#gatherings.get(message.id);
      if (gathering === undefined) return;
      gathering.parts.push(message.metrics);
      if (gathering.parts.length === gathering.expected) this.#finish(message.id);
    }
  }

  #gather(done: Gathering['done']): void {
    const id = this.#nextGathering;
    this.#nextGathering += 1;
    this.#gatherings.set(id, { parts: [], expected: this.#children.size, done });
    for (const child of this.#children.values())
      if (child.connected) child.send({ kind: 'metrics.collect', id } satisfies Message);
    // A child that hangs is left out rather than waited for.
    setTimeout(() => this.#finish(id), METRICS_WITHIN_MS).unref();
  }

  #finish(id: number): void {
    const gathering = this.#gatherings.get(id);
    if (gathering === undefined) return;
    this.#gatherings.delete(id);
    gathering.done(AggregatorRegistry.aggregate(gathering.parts).metrics());
  }
}

/** In a child: answers the parent's collections with this process's own numbers. */
export function answerMetricsRequests(own: () => Promise<Metrics>): void {
  process.on('message', (message: Message) => {
    if (message.kind !== 'metrics.collect') return;
    void own().then((metrics) => {
      // Without a parent there is nobody to tell.
      if (process.connected) process.send?.({ kind: 'metrics.own', id: message.id, metrics } satisfies Message);
    });
  });
}

let asked = 0;

/** In a child: the numbers of all children, put together by the parent. */
export async function askForAllMetrics(): Promise<string> {
  asked += 1;
  const id = asked;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      process.off('message', hear);
      reject(new Error('the parent did not answer with metrics'));
    }, METRICS_WITHIN_MS * 2);
    const hear = (message: Message): void => {
      if (message.kind !== 'metrics.all' || message.id !== id) return;
      clearTimeout(timer);
      process.off('message', hear);
      resolve(message.text);
    };
    process.on('message', hear);
    process.send?.({ kind: 'metrics.ask', id } satisfies Message);
  });
}
