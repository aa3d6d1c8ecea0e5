/**
 * A TCP client that says exactly the bytes it is given: for what no HTTP or WebSocket library would send. It keeps what comes
 * back and reads it as HTTP answers, and after a 101 as WebSocket frames (RFC 6455 §5).
 *
 * States: open -> closed (by either side; a reset counts as closed). Writing after the close does nothing.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

export interface ClientFrame {
  readonly opcode?: number;
  readonly payload?: string | Uint8Array;
  /** Default true. */
  readonly fin?: boolean;
  /** The three reserved bits, 0 to 7. */
  readonly rsv?: number;
  /** Default true, as clients must. */
  readonly masked?: boolean;
  /** The length to announce when it is not that of the payload. */
  readonly announcedLength?: number;
}

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const MASK = Buffer.from([0x12, 0x34, 0x56, 0x78]);
const WITHIN_MS = 10_000;

/** The bytes of one frame as a client sends it, right or wrong. */
export function clientFrame({
  opcode = OPCODE.text,
  payload = '',
  fin = true,
  rsv = 0,
  masked = true,
  announcedLength,
}: ClientFrame): Buffer {
  const plain = Buffer.from(payload as string);
  const length = announcedLength ?? plain.length;
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  const maskBit = masked ? 0x80 : 0;
  if (length < 126) head.push(maskBit | length);
  else if (length < 65_536) head.push(maskBit | 126, length >> 8, length & 0xff);
  else {
    const wide = Buffer.alloc(8);
    wide.writeBigUInt64BE(BigInt(length));
    head.push(maskBit | 127, ...wide);
  }
  if (!masked) return Buffer.concat([Buffer.from(head), plain]);
  const hidden = plain.map((byte, at) => byte ^ (MASK[at % 4] ?? 0));
  return Buffer.concat([Buffer.from(head), MASK, hidden]);
}

/** A close frame with a status code (RFC 6455 §5.5.1), allowed or not. */
export function closeFrame(code: number, reason = ''): Buffer {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
  return clientFrame({ opcode: OPCODE.close, payload });
}

export interface UpgradeOptions {
  /** Sent as `Authorization: Bearer`; null leaves the header out. */
  readonly token: string | null;
  readonly path?: string;
  readonly subprotocol?: string;
  /** Whole header lines, added as they are. */
  readonly lines?: readonly string[];
}

/** An upgrade request as a device makes it. */
export function upgradeRequest({
  token,
  path = '/ws',
  subprotocol = 'podoh.v1.json',
  lines = [],
}: UpgradeOptions): string {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: hub',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...(subprotocol === '' ? [] : [`Sec-WebSocket-Protocol: ${subprotocol}`]),
    ...(token === null ? [] : [`Authorization: Bearer ${token}`]),
    ...lines,
    '',
    '',
  ].join('\r\n');
}

/** The answers in what a server sent, in order; the last may be incomplete and is left out. `bytes` is how far they reach. */
function parseAnswers(received: Buffer): { answers: HttpAnswer[]; bytes: number } {
  const answers: HttpAnswer[] = [];
  let at = 0;
  for (;;) {
    const end = received.indexOf('\r\n\r\n', at);
    if (end < 0) return { answers, bytes: at };
    const [statusLine = '', ...lines] = received.subarray(at, end).toString('latin1').split('\r\n');
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1] ?? Number.NaN);
    if (Number.isNaN(status)) throw new Error(`not an HTTP answer: ${JSON.stringify(statusLine.slice(0, 100))}`);
    const size = Number(headers['content-length'] ?? 0);
    const from = end + 4;
    if (received.length < from + size) return { answers, bytes: at };
    answers.push({ status, headers, body: received.subarray(from, from + size).toString('utf8') });
    at = from + size;
    if (status === 101) return { answers, bytes: at };
  }
}

function parseFrames(received: Buffer): ServerFrame[] {
  const frames: ServerFrame[] = [];
  let at = 0;
  while (at + 2 <= received.length) {
    const short = (received[at + 1] ?? 0) & 0x7f;
    const from = at + (short === 127 ? 10 : short === 126 ? 4 : 2);
    if (received.length < from) break;
    const length =
      short === 127 ? Number(received.readBigUInt64BE(at + 2)) : short === 126 ? received.readUInt16BE(at + 2) : short;
    if (received.length < from + length) break;
    frames.push({ opcode: (received[at] ?? 0) & 0x0f, payload: received.subarray(from, from + length) });
    at = from + length;
  }
  return frames;
}

export class RawSocket {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #closed = false;
  #waiters: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#chunks.push(chunk);
      this.#wake();
    });
    // A server that cuts us off is what we came for; `closed` says so.
    socket.on('error', () => this.#wake());
    socket.on('end', () => this.#over());
    socket.on('close', () => this.#over());
  }

  /**
   * @param url the server's address, of which only host and port count
   * @param localAddress one of 127.0.0.0/8, when the server is to see another than 127.0.0.1
   */
  static open(url: string, localAddress?: string): Promise<RawSocket> {
    const { hostname, port } = new URL(url);
    const from = localAddress === undefined ? {} : { localAddress };
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true, ...from });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RawSocket(socket));
      });
    });
  }

  #over(): void {
    this.#closed = true;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get received(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  /** Bytes written that the kernel has not taken yet. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  write(...parts: readonly (string | Uint8Array)[]): void {
    for (const part of parts) if (this.#socket.writable) this.#socket.write(part);
  }

  /** Stops reading: the server's send buffer fills. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Complete answers so far. */
  get answers(): readonly HttpAnswer[] {
    return parseAnswers(this.received).answers;
  }

  /** Complete frames so far, after a 101. */
  get frames(): readonly ServerFrame[] {
    const { answers, bytes } = parseAnswers(this.received);
    return answers.at(-1)?.status === 101 ? parseFrames(this.received.subarray(bytes)) : [];
  }

  /** The code of the server's close frame; 1005 when it gave none, null when there was no close frame. */
  get closeCode(): number | null {
    const close = this.frames.find(({ opcode }) => opcode === OPCODE.close);
    if (close === undefined) return null;
    return close.payload.length < 2 ? 1005 : close.payload.readUInt16BE(0);
  }

  /** The JSON text frames so far. */
  get messages(): readonly Record<string, unknown>[] {
    return this.frames
      .filter(({ opcode }) => opcode === OPCODE.text)
      .map(({ payload }) => JSON.parse(payload.toString('utf8')) as Record<string, unknown>);
  }

  /** Waits until the condition holds; checked whenever something came or the connection closed. */
  async until(what: string, holds: () => boolean, withinMs = WITHIN_MS): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!holds()) {
      if (performance.now() > deadline) {
        const tail = JSON.stringify(this.received.subarray(-300).toString('latin1'));
        throw new Error(`${what} did not come within ${withinMs} ms; closed: ${this.#closed}; last bytes: ${tail}`);
      }
      await Promise.race([new Promise<void>((resolve) => this.#waiters.push(resolve)), sleep(100)]);
    }
  }

  /** The first answer, once it is whole. */
  async answer(withinMs = WITHIN_MS): Promise<HttpAnswer> {
    await this.until('an HTTP answer', () => this.answers.length > 0, withinMs);
    return this.answers[0] as HttpAnswer;
  }

  /** Waits for the end of the connection. Returns the code of the close frame, or null when it was just cut. */
  async closed(withinMs = WITHIN_MS): Promise<number | null> {
    await this.until('the close', () => this.#closed, withinMs);
    return this.closeCode;
  }

  /** Cuts the connection at once. */
  destroy(): void {
    this.#socket.destroy();
  }
}
