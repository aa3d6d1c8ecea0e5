/** The credentials of imported screens as a file. Pure. */
import type { Static } from 'typebox';
import type { ImportedDevices } from '../../devices/import-devices.ts';

export type ImportedScreen = Static<typeof ImportedDevices>['devices'][number];

function quoted(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const COLUMNS = ['deviceId', 'playerId', 'name', 'groupId', 'credential'] as const;

/** RFC 4180, with headings. */
export function credentialCsv(screens: readonly ImportedScreen[]): string {
  const lines = screens.map((screen) => COLUMNS.map((column) => quoted(screen[column])).join(','));
  return `${[COLUMNS.join(','), ...lines].join('\r\n')}\r\n`;
}

export function credentialJson(screens: readonly ImportedScreen[]): string {
  return `${JSON.stringify({ devices: screens }, null, 2)}\n`;
}
