/**
 * A fleet of simulated screens that take their time: each confirms an alert somewhen in the next seconds, as screens that have to
 * fetch and draw do, so that the ladder of the alert fills for as long.
 */
import { SimulatedDevice } from '../../loadtest/simulated-device.ts';
import type { DeviceCredential } from '../../loadtest/rest-client.ts';
import type { DownFrame } from '../../protocol/down.ts';

/** Token exchanges and connects under way at once. */
const CONCURRENCY = 40;
const WELCOME_MS = 120_000;

export interface SpreadFleetOptions {
  readonly hubUrl: string;
  readonly credentials: readonly DeviceCredential[];
  /** Screens confirm an alert within so many milliseconds, evenly. */
  readonly spreadMs: number;
}

export class SpreadFleet {
  readonly #options: SpreadFleetOptions;
  readonly #devices: SimulatedDevice[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  #welcomed = 0;
  #started = 0;

  constructor(options: SpreadFleetOptions) {
    this.#options = options;
  }

  /** Connects all; resolves when each was welcomed. */
  async connect(): Promise<void> {
    const { credentials } = this.#options;
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let one = credentials[next++]; one !== undefined; one = credentials[next++]) await this.#connectOne(one);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    const deadline = performance.now() + WELCOME_MS;
    while (this.#welcomed < credentials.length) {
      if (performance.now() > deadline)
        throw new Error(`${this.#welcomed} of ${credentials.length} screens were welcomed`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #connectOne({ deviceId, credential }: DeviceCredential): Promise<void> {
    const { hubUrl } = this.#options;
    const response = await fetch(`${hubUrl}/api/v1/sync/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ deviceId, credential }),
    });
    if (!response.ok) throw new Error(`token of device ${deviceId}: ${response.status}`);
    const { data } = (await response.json()) as { data: { accessToken: string } };
    const { hostname, port } = new URL(hubUrl);
    this.#devices.push(
      new SimulatedDevice({
        ...{ host: hostname, port: Number(port), token: data.accessToken, codec: 'json' },
        onFrame: (device, frame) => this.#take(device, frame),
        onClosed: () => undefined,
      }),
    );
  }

  #take(device: SimulatedDevice, frame: DownFrame): void {
    if (frame.type === 'welcome') this.#welcomed += 1;
    if ('rev' in frame) device.send({ type: 'applied', rev: frame.rev });
    if (frame.type !== 'alert.start') return;
    const { deploymentId } = frame.alert;
    // Spread evenly and the same in every run: no two runs differ by their luck.
    this.#started += 1;
    const waitMs = ((this.#started * 7_919) % this.#options.spreadMs) + 1;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      const at = new Date().toISOString();
      device.send({
        type: 'receipt',
        items: [
          { deploymentId, stage: 'received', at },
          { deploymentId, stage: 'displayed', at },
        ],
      });
    }, waitMs);
    this.#timers.add(timer);
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const device of this.#devices) device.close();
  }
}
