/**
 * Just enough of a WebSocket client (RFC 6455) on raw sockets: a client library costs 13 KB and more a connection, and the
 * fleet would weigh more than what it measures. Frames from the hub are never fragmented or masked; ours always are masked.
 */
import { randomBytes } from 'node:crypto';

export const OPCODES = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface WireFrame {
  readonly opcode: number;
  /** A view into the bytes that were given: copy what is to be kept. */
  readonly payload: Buffer;
}

export function upgradeRequest(host: string, subprotocol: string, token: string): string {
  const key = randomBytes(16).toString('base64');
  return [
    'GET /ws HTTP/1.1',
    `Host: ${host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${key}`,
    `Sec-WebSocket-Protocol: ${subprotocol}`,
    `Authorization: Bearer ${token}`,
    '\r\n',
  ].join('\r\n');
}

/** A masked frame. The mask is zero: it hides nothing on a socket of ours and saves the work. */
export function clientFrame(opcode: number, payload: Uint8Array): Buffer {
  const lengthBytes = payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8;
  const frame = Buffer.alloc(2 + lengthBytes + 4 + payload.length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (lengthBytes === 0 ? payload.length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) frame.writeUInt16BE(payload.length, 2);
  if (lengthBytes === 8) frame.writeBigUInt64BE(BigInt(payload.length), 2);
  frame.set(payload, 2 + lengthBytes + 4);
  return frame;
}

/** Takes whole frames off the front of the bytes; returns them and how many bytes they were. */
export function takeFrames(bytes: Buffer): { frames: WireFrame[]; taken: number } {
  const frames: WireFrame[] = [];
  let at = 0;
  while (bytes.length - at >= 2) {
    const short = (bytes[at + 1] ?? 0) & 0x7f;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const start = at + 2 + lengthBytes;
    if (bytes.length < start) break;
    const length =
      lengthBytes === 0
        ? short
        : lengthBytes === 2
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2));
    if (bytes.length < start + length) break;
    frames.push({ opcode: (bytes[at] ?? 0) & 0x0f, payload: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return { frames, taken: at };
}
