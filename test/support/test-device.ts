/* oxlint-disable typescript/no-explicit-any -- answers are asserted on here, not computed with: their types are what the tests test */
/**
 * A device for tests: speaks only the protocol, keeps every frame, merges them with the reference merge, and on request
 * behaves as a good player does (confirms, reports stages).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { decodeDownFrame, encodeFrame, type Codec } from '../../protocol/codec.ts';
import type { DownFrame, DownFrameOf, DownType } from '../../protocol/down.ts';
import {
  applyDown,
  EMPTY_SCREEN,
  helloFor,
  visibleAlerts,
  type Screen,
  type ScreenEvent,
} from '../../protocol/screen.ts';
import type { UpFrame } from '../../protocol/up.ts';
import type { ApiClient } from './api-client.ts';

export interface Credentials {
  readonly deviceId: number;
  readonly credential: string;
}

export interface ConnectOptions {
  readonly codec?: Codec;
  /** Confirms what it applies and reports received, displayed and cleared; default true. */
  readonly wellBehaved?: boolean;
  /** Extra or other headers of the upgrade. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends `hello` once open; default true. */
  readonly hello?: boolean;
  /** Gives up on an upgrade that is not answered within this, in milliseconds; default: waits. */
  readonly handshakeMs?: number;
}

let players = 0;

/** Imports devices into a group; returns their credentials in order. */
export async function importDevices(admin: ApiClient, count: number, groupId: number | null): Promise<Credentials[]> {
  const devices = Array.from({ length: count }, () => {
    players += 1;
    return {
      playerId: `test-${process.pid}-${players}`,
      name: `Screen ${players}`,
      ...(groupId === null ? {} : { groupId }),
    };
  });
  const found: Credentials[] = [];
  for (let at = 0; at < devices.length; at += 1000) {
    const data = await admin.must('POST', '/devices/import', { devices: devices.slice(at, at + 1000) });
    for (const row of data.devices) found.push({ deviceId: row.deviceId, credential: row.credential });
  }
  return found;
}

export class TestDevice {
  readonly deviceId: number;
  readonly #credential: string;
  hubUrl: string;
  screen: Screen = EMPTY_SCREEN;
  readonly frames: DownFrame[] = [];
  /** Revs in the order in which they were applied. */
  readonly appliedRevs: number[] = [];
  closed: { code: number; reason: string } | null = null;
  /** Resolves when the socket of the latest `connect` has ended. */
  ended: Promise<void> = Promise.resolve();
  #socket: WebSocket | null = null;
  #token: string | null = null;
  #codec: Codec = 'json';
  #waiters: (() => void)[] = [];

  constructor(hubUrl: string, { deviceId, credential }: Credentials) {
    this.hubUrl = hubUrl;
    this.deviceId = deviceId;
    this.#credential = credential;
  }

  async http(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; data: any; error: any; headers: Headers }> {
    const response = await fetch(`${this.hubUrl}/api/v1/sync${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(this.#token === null ? {} : { authorization: `Bearer ${this.#token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const answer = text === '' ? {} : JSON.parse(text);
    return { status: response.status, data: answer.data, error: answer.error, headers: response.headers };
  }

  async token(): Promise<string> {
    if (this.#token !== null) return this.#token;
    const { status, data, error } = await this.http('POST', '/token', {
      deviceId: this.deviceId,
      credential: this.#credential,
    });
    if (status !== 200) throw new Error(`token of device ${this.deviceId}: ${status} ${error?.code}`);
    this.#token = data.accessToken as string;
    return this.#token;
  }

  useToken(token: string): void {
    this.#token = token;
  }

  forgetToken(): void {
    this.#token = null;
  }

  /** Opens the socket (and says hello); rejects with the status when the upgrade is refused. */
  async connect({
    codec = 'json',
    wellBehaved = true,
    headers = {},
    hello = true,
    handshakeMs,
  }: ConnectOptions = {}): Promise<void> {
    const token = await this.token();
    this.closed = null;
    this.#codec = codec;
    const socket = new WebSocket(`${this.hubUrl.replace('http', 'ws')}/ws`, [`podoh.v1.${codec}`], {
      headers: { authorization: `Bearer ${token}`, ...headers },
      perMessageDeflate: false,
      ...(handshakeMs === undefined ? {} : { handshakeTimeout: handshakeMs }),
    });
    this.#socket = socket;
    this.ended = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      // What an older socket still says is not for this session.
      if (this.#socket !== socket) return;
      const decoded = decodeDownFrame(data, isBinary ? 'msgpack' : 'json');
      if (!decoded.ok || decoded.frame === undefined)
        throw new Error(`the hub sent what the protocol does not know: ${JSON.stringify(decoded)}`);
      this.#take(decoded.frame, wellBehaved);
    });
    socket.on('close', (code, reason) => {
      if (this.#socket !== socket) return;
      this.closed = { code, reason: reason.toString() };
      this.#wake();
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('unexpected-response', (_request, response) =>
        reject(new Error(`upgrade refused: ${response.statusCode}`)),
      );
      socket.once('error', reject);
    });
    socket.on('error', () => this.#wake());
    if (hello)
      this.send({
        type: 'hello',
        ...helloFor(this.screen),
        displayed: visibleAlerts(this.screen, null).map((alert) => alert.deploymentId),
      });
  }

  #take(frame: DownFrame, wellBehaved: boolean): void {
    this.frames.push(frame);
    const { screen, events } = applyDown(this.screen, frame, null);
    this.screen = screen;
    for (const event of events) this.#react(event, wellBehaved);
    this.#wake();
  }

  #react(event: ScreenEvent, wellBehaved: boolean): void {
    if (event.kind === 'applied') this.appliedRevs.push(event.rev);
    if (!wellBehaved) return;
    const at = new Date().toISOString();
    if (event.kind === 'applied') this.send({ type: 'applied', rev: event.rev });
    if (event.kind === 'alert-held') {
      const { deploymentId } = event.alert;
      this.send({
        type: 'receipt',
        items: [
          { deploymentId, stage: 'received', at },
          { deploymentId, stage: 'displayed', at },
        ],
      });
    }
    if (event.kind === 'alert-dropped')
      this.send({ type: 'receipt', items: [{ deploymentId: event.deploymentId, stage: 'cleared', at }] });
  }

  send(frame: UpFrame): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(encodeFrame(frame, this.#codec));
  }

  /** Bytes as they are. */
  sendRaw(data: string | Uint8Array): void {
    this.#socket?.send(data);
  }

  get socket(): WebSocket | null {
    return this.#socket;
  }

  get showing(): number[] {
    return visibleAlerts(this.screen, Date.now()).map((alert) => alert.deploymentId);
  }

  of<K extends DownType>(type: K): DownFrameOf<K>[] {
    return this.frames.filter((frame) => frame.type === type) as unknown as DownFrameOf<K>[];
  }

  /** Waits until the condition holds; checked at every frame and close. Rejects after `withinMs`. */
  async until(what: string, holds: () => boolean, withinMs = 10_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!holds()) {
      if (performance.now() > deadline) {
        const last = this.frames.slice(-3).map((frame) => JSON.stringify(frame).slice(0, 200));
        throw new Error(
          `device ${this.deviceId}: ${what} did not come within ${withinMs} ms; closed: ${JSON.stringify(this.closed)}; last frames: ${last.join(' ')}`,
        );
      }
      await Promise.race([new Promise<void>((resolve) => this.#waiters.push(resolve)), sleep(50)]);
    }
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }

  /** Closes and waits for the close. */
  async disconnect(): Promise<void> {
    if (this.#socket === null) return;
    this.#socket.close();
    await this.until('the close', () => this.closed !== null);
  }

  /** Cuts the connection as a pulled cable does (for the client's side). */
  cut(): void {
    this.#socket?.terminate();
  }
}
