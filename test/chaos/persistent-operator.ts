/**
 * An operator's program that raises and stops alerts through whatever happens: every request has an Idempotency-Key of its own
 * and is repeated with it until it is answered 2xx. What it was answered is what must be true in the end [INV-4].
 *
 * States: `idle` > `working` > `finishing` (the request under way is still repeated) > `idle`.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiAnswer, ApiClient } from '../support/api-client.ts';
import { eventually } from '../support/eventually.ts';

const PAUSE_MS = 60;
const RETRY_MS = 100;
/** Alerts left active; older ones are stopped. Far below what a device may list in its hello. */
const ACTIVE_MAX = 6;
const PAGE = 200;

/** An answer that was no success. */
export interface Refusal {
  /** 0: no answer, the connection broke. */
  readonly status: number;
  readonly code: string | undefined;
  readonly retryAfter: string | null;
  readonly elapsedMs: number;
}

interface Deployment {
  readonly deploymentId: number;
  readonly title: string;
  readonly status: 'active' | 'stopped' | 'expired';
}

export class PersistentOperator {
  readonly #admin: ApiClient;
  readonly #groupId: number;
  readonly #name: string;
  /** Title to deployment, as answered. */
  readonly raised = new Map<string, number>();
  /** Deployments whose stop was answered. */
  readonly stopped = new Set<number>();
  readonly refusals: Refusal[] = [];
  #working = false;
  #work: Promise<void> = Promise.resolve();

  /** @param name begins the titles of its alerts; unique in the cluster */
  constructor(admin: ApiClient, groupId: number, name: string) {
    this.#admin = admin;
    this.#groupId = groupId;
    this.#name = name;
  }

  start(): void {
    this.#working = true;
    this.#work = this.#run();
  }

  /** Waits until so many more alerts were raised. */
  async more(count: number): Promise<void> {
    const goal = this.raised.size + count;
    await eventually(() => this.raised.size >= goal);
  }

  /** Ends with the request under way answered; rejects with what went wrong. */
  async finish(): Promise<void> {
    this.#working = false;
    await this.#work;
  }

  async #run(): Promise<void> {
    let number = 0;
    while (this.#working) {
      number += 1;
      const title = `${this.#name} ${number}`;
      const { deploymentId } = await this.#persist('/alerts/deploy', {
        alert: { severity: 'warning', title, message: 'Please wait' },
        groupIds: [this.#groupId],
      });
      this.raised.set(title, deploymentId);
      const [oldest] = this.active;
      if (oldest !== undefined && this.active.length > ACTIVE_MAX) {
        await this.#persist('/alerts/stop', { deploymentId: oldest });
        this.stopped.add(oldest);
      }
      await sleep(PAUSE_MS);
    }
  }

  async #persist(path: string, body: object): Promise<{ deploymentId: number }> {
    const headers = { 'idempotency-key': randomUUID() };
    for (;;) {
      const askedAt = performance.now();
      const answer = await this.#ask(path, body, headers);
      if (answer !== null && answer.status < 300) return answer.data;
      this.refusals.push({
        status: answer?.status ?? 0,
        code: answer?.error?.code,
        retryAfter: answer?.headers.get('retry-after') ?? null,
        elapsedMs: performance.now() - askedAt,
      });
      await sleep(RETRY_MS);
    }
  }

  async #ask(
    path: string,
    body: object,
    headers: Record<string, string>,
  ): Promise<ApiAnswer<{ deploymentId: number }> | null> {
    try {
      return await this.#admin.call('POST', path, { body, headers });
    } catch (error) {
      // undici: the connection was refused or broke before there was an answer.
      if (error instanceof TypeError || error instanceof SyntaxError) return null;
      throw error;
    }
  }

  /** What its alerts have become, by title; several under one title would be a request that had two effects. */
  async found(): Promise<Map<string, Deployment[]>> {
    const byTitle = new Map<string, Deployment[]>();
    for (let page = 1; ; page += 1) {
      const rows: Deployment[] = await this.#admin.must(
        'GET',
        `/alerts/deployments?q=${this.#name}&limit=${PAGE}&page=${page}`,
      );
      for (const { deploymentId, title, status } of rows) {
        byTitle.set(title, [...(byTitle.get(title) ?? []), { deploymentId, title, status }]);
      }
      if (rows.length < PAGE) return byTitle;
    }
  }

  /** Deployments that must be active, oldest first. */
  get active(): number[] {
    return [...this.raised.values()].filter((id) => !this.stopped.has(id));
  }

  /** What `found` must say: each answered alert once, stopped if that was answered. */
  expected(): Map<string, Deployment[]> {
    return new Map(
      [...this.raised].map(([title, deploymentId]) => [
        title,
        [expectedDeployment(deploymentId, title, this.stopped.has(deploymentId))],
      ]),
    );
  }
}

function expectedDeployment(deploymentId: number, title: string, isStopped: boolean): Deployment {
  return { deploymentId, title, status: isStopped ? 'stopped' : 'active' };
}
