/** A command's result file, a screenshot for instance: its type is decided by its bytes and not by what the device says. */
import { fileTypeFromBuffer } from 'file-type';
import type { DeviceRecord } from '../core/model.ts';
import { COMMAND_FILE_BYTES_MAX } from '../../protocol/limits.ts';
import type { Exchange } from './http-exchange.ts';
import type { HubContext } from './hub-context.ts';

/** What a command may bring back: pictures, and packed or plain logs. */
const ACCEPTED = new Set(['image/png', 'image/jpeg', 'image/webp', 'application/gzip', 'application/zip']);

/** Plain text has no magic bytes: it is UTF-8 without control characters but tab, line feed and carriage return. */
function isPlainText(bytes: Uint8Array): boolean {
  if (bytes.some((byte) => byte < 32 && byte !== 9 && byte !== 10 && byte !== 13)) return false;
  return !Buffer.from(bytes).toString('utf8').includes('\ufffd');
}

export async function takeCommandFile(context: HubContext, exchange: Exchange, device: DeviceRecord): Promise<void> {
  const { store, objects } = context;
  const commandId = /^\d{1,15}$/.test(exchange.parameter) ? Number(exchange.parameter) : 0;
  const command = commandId === 0 ? null : await store.findCommand(device.tenantId, device.deviceId, commandId);
  // Known first, read afterwards: a file that belongs to nothing is not worth its memory. [INV-8]
  if (command === null) {
    exchange.refuse('NOT_FOUND', 'this device has no such command');
    return;
  }
  const bytes = await exchange.body(COMMAND_FILE_BYTES_MAX);
  if (bytes === null) return;
  if (bytes.byteLength === 0) {
    exchange.refuse('VALIDATION_ERROR', 'the file is empty');
    return;
  }
  const detected = (await fileTypeFromBuffer(bytes))?.mime ?? (isPlainText(bytes) ? 'text/plain' : null);
  if (detected === null || !(ACCEPTED.has(detected) || detected === 'text/plain')) {
    exchange.refuse('UNSUPPORTED_MEDIA_TYPE', 'send a PNG, JPEG or WebP picture, a gzip or zip file, or plain text');
    return;
  }
  const key = `commands/${device.tenantId}/${commandId}`;
  await objects.put(key, bytes, detected);
  await store.attachCommandFile(commandId, key, detected);
  exchange.data({});
}
