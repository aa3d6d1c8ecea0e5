/** A screen for tests of the console that carries commands out as a good player does, and says what it is. */
import sharp from 'sharp';
import type { Command, CommandName } from '../../protocol/desired-state.ts';
import { TestDevice, type Credentials } from '../support/test-device.ts';

/** What its pictures of itself look like. */
export const PICTURE = { width: 320, height: 180, colour: '#0b7285' };

const CAPABILITIES: CommandName[] = ['identify', 'screenshot', 'set_volume', 'restart_app'];

export class WorkingScreen {
  readonly device: TestDevice;
  /** Commands that it was given, in order. */
  readonly given: Command[] = [];
  #volume = 50;
  #looked = 0;
  #working: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(hubUrl: string, credentials: Credentials) {
    this.device = new TestDevice(hubUrl, credentials);
  }

  /** Connects, says what it is, and works until `stop`. */
  async start(): Promise<void> {
    await this.device.connect({ hello: false });
    this.device.send({ type: 'hello', appVersion: 'test/1.0', capabilities: CAPABILITIES });
    await this.device.until('the welcome', () => this.device.of('welcome').length > 0);
    this.say();
    this.#timer = setInterval(() => this.#look(), 20);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#working;
    await this.device.disconnect();
  }

  /** Says its state. */
  say(): void {
    this.device.send({
      type: 'status',
      volume: this.#volume,
      screenOn: true,
      temperatureCelsius: 41,
      freeStorageBytes: 12_300_000_000,
      uptimeSeconds: 3_600,
    });
  }

  #look(): void {
    const frames = this.device.of('command');
    for (const { command } of frames.slice(this.#looked)) {
      this.given.push(command);
      this.#working = this.#working.then(() => this.#carryOut(command));
    }
    this.#looked = frames.length;
  }

  async #carryOut({ commandId, name, args }: Command): Promise<void> {
    this.device.send({ type: 'command.update', commandId, state: 'acknowledged' });
    if (name === 'restart_app') {
      this.device.send({ type: 'command.update', commandId, state: 'failed', reason: 'The player is locked' });
      return;
    }
    if (name === 'screenshot') await this.#sendPicture(commandId);
    if (name === 'set_volume') {
      this.#volume = Number(args['volume']);
      this.say();
    }
    this.device.send({ type: 'command.update', commandId, state: 'succeeded' });
  }

  async #sendPicture(commandId: number): Promise<void> {
    const { width, height, colour: background } = PICTURE;
    const body = await sharp({ create: { width, height, channels: 3, background } })
      .png()
      .toBuffer();
    const response = await fetch(`${this.device.hubUrl}/api/v1/sync/commands/${commandId}/file`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${await this.device.token()}`, 'content-type': 'image/png' },
      body: new Uint8Array(body),
    });
    if (!response.ok) throw new Error(`the picture was not taken: ${response.status}`);
  }
}
