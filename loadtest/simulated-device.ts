/**
 * One simulated player on a raw socket. It behaves: hello, applied, receipts received and displayed, pong.
 *
 * States: connecting (request sent) -> open (upgraded, hello sent) -> welcomed -> closed.
 */
import { connect, type Socket } from 'node:net';
import { decodeDownFrame, encodeFrame, type Codec } from '../protocol/codec.ts';
import type { DownFrame } from '../protocol/down.ts';
import type { UpFrame } from '../protocol/up.ts';
import { clientFrame, OPCODES, takeFrames, upgradeRequest } from './websocket-wire.ts';

export interface SimulatedDeviceOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  readonly codec: Codec;
  /** Called for each frame with the monotonic instant at which its bytes were read. */
  readonly onFrame: (device: SimulatedDevice, frame: DownFrame, atMs: number) => void;
  readonly onClosed: (device: SimulatedDevice, code: number | null) => void;
}

const HEADER_END = '\r\n\r\n';

export class SimulatedDevice {
  readonly #options: SimulatedDeviceOptions;
  readonly #socket: Socket;
  #upgraded = false;
  #rest: Buffer | null = null;
  #closeCode: number | null = null;

  constructor(options: SimulatedDeviceOptions) {
    this.#options = options;
    const { host, port, token, codec } = options;
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.on('connect', () => this.#socket.write(upgradeRequest(`${host}:${port}`, `podoh.v1.${codec}`, token)));
    this.#socket.on('data', (chunk) => this.#read(chunk, performance.now()));
    this.#socket.on('close', () => options.onClosed(this, this.#closeCode));
    // 'close' follows and is what counts; without a listener the error would end the process.
    this.#socket.on('error', () => this.#socket.destroy());
  }

  #read(chunk: Buffer, atMs: number): void {
    let bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = null;
    if (!this.#upgraded) {
      const end = bytes.indexOf(HEADER_END);
      if (end < 0) {
        this.#rest = Buffer.from(bytes);
        return;
      }
      if (!bytes.subarray(0, end).toString('latin1').startsWith('HTTP/1.1 101')) {
        this.#socket.destroy();
        return;
      }
      this.#upgraded = true;
      this.send({ type: 'hello' });
      bytes = bytes.subarray(end + HEADER_END.length);
    }
    const { frames, taken } = takeFrames(bytes);
    for (const { opcode, payload } of frames) this.#take(opcode, payload, atMs);
    if (taken < bytes.length) this.#rest = Buffer.from(bytes.subarray(taken));
  }

  #take(opcode: number, payload: Buffer, atMs: number): void {
    if (opcode === OPCODES.ping) this.#socket.write(clientFrame(OPCODES.pong, payload));
    else if (opcode === OPCODES.close) {
      this.#closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : null;
      this.#socket.end(clientFrame(OPCODES.close, payload.subarray(0, 2)));
    } else if (opcode === OPCODES.text || opcode === OPCODES.binary) {
      const decoded = decodeDownFrame(payload, opcode === OPCODES.text ? 'json' : 'msgpack');
      if (decoded.ok && decoded.frame !== undefined) this.#options.onFrame(this, decoded.frame, atMs);
    }
  }

  send(frame: UpFrame): void {
    const { codec } = this.#options;
    const bytes = Buffer.from(encodeFrame(frame, codec));
    this.#socket.write(clientFrame(codec === 'json' ? OPCODES.text : OPCODES.binary, bytes));
  }

  close(): void {
    this.#socket.destroy();
  }
}
