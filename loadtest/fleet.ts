/** A fleet of simulated players: provisioned by import, connected at a bounded rate, confirming what it is shown. */
import type { DownFrame } from '../protocol/down.ts';
import type { DeviceCredential, RestClient } from './rest-client.ts';
import { SimulatedDevice } from './simulated-device.ts';

export interface FleetOptions {
  readonly rest: RestClient;
  /** Addresses of the hubs; devices are spread over them. */
  readonly hubUrls: readonly string[];
  readonly devices: number;
  readonly groupId: number;
  readonly prefix: string;
}

/** Token exchanges and connects under way at once. */
const CONCURRENCY = 50;
const CONNECT_WITHIN_MS = 60_000;

export type FrameListener = (device: SimulatedDevice, frame: DownFrame, atMs: number) => void;

export class Fleet {
  readonly #options: FleetOptions;
  readonly devices: SimulatedDevice[] = [];
  welcomed = 0;
  closed = 0;
  onFrame: FrameListener = () => undefined;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Imports, exchanges tokens, connects; resolves when every device was welcomed. */
  async connect(): Promise<void> {
    const { rest, devices, groupId, prefix } = this.#options;
    const credentials = await rest.importDevices(prefix, devices, groupId);
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let at = next++; at < credentials.length; at = next++) {
        const credential = credentials[at];
        if (credential !== undefined) await this.#connectOne(credential, at);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    const deadline = performance.now() + CONNECT_WITHIN_MS;
    while (this.welcomed < devices) {
      if (performance.now() > deadline)
        throw new Error(`${this.welcomed} of ${devices} devices were welcomed, ${this.closed} closed`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #connectOne({ deviceId, credential }: DeviceCredential, at: number): Promise<void> {
    const url = new URL(this.#options.hubUrls[at % this.#options.hubUrls.length] ?? '');
    const response = await fetch(new URL('/api/v1/sync/token', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ deviceId, credential }),
    });
    if (!response.ok) throw new Error(`token of device ${deviceId}: ${response.status}`);
    const { data } = (await response.json()) as { data: { accessToken: string } };
    this.devices.push(
      new SimulatedDevice({
        host: url.hostname,
        port: Number(url.port),
        token: data.accessToken,
        codec: at % 2 === 0 ? 'json' : 'msgpack',
        onFrame: (device, frame, atMs) => this.#take(device, frame, atMs),
        onClosed: () => {
          this.closed += 1;
        },
      }),
    );
  }

  #take(device: SimulatedDevice, frame: DownFrame, atMs: number): void {
    this.onFrame(device, frame, atMs);
    if (frame.type === 'welcome') {
      this.welcomed += 1;
      if (frame.state !== undefined) device.send({ type: 'applied', rev: frame.rev });
    } else if (frame.type === 'alert.start') {
      device.send({ type: 'applied', rev: frame.rev });
      const at = new Date().toISOString();
      const { deploymentId } = frame.alert;
      device.send({
        type: 'receipt',
        items: [
          { deploymentId, stage: 'received', at },
          { deploymentId, stage: 'displayed', at },
        ],
      });
    } else if ('rev' in frame) device.send({ type: 'applied', rev: frame.rev });
  }

  close(): void {
    for (const device of this.devices) device.close();
  }
}
