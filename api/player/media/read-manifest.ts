/**
 * What came or was kept as a manifest, looked at before it is believed: neither a hub of another version nor a damaged
 * database may make the player stumble later, in the middle of playing. Unknown fields are left alone.
 */
import type { Manifest } from '../../../protocol/sync.ts';
import type { KeptManifest } from './player-database.ts';

type Check = (value: unknown) => boolean;

/** Whether it has all that playing needs. */
export function isManifest(value: unknown): value is Manifest {
  return (
    isRecord(value) &&
    (value['version'] === null || isCount(value['version'])) &&
    isListOf(value['schedules'], isSchedule) &&
    isListOf(value['contentList'], isContent) &&
    isListOf(value['prefetch'], isContent)
  );
}

export function isKeptManifest(value: unknown): value is KeptManifest {
  return (
    isRecord(value) &&
    isCount(value['epoch']) &&
    isCount(value['version']) &&
    (value['etag'] === null || typeof value['etag'] === 'string') &&
    isManifest(value['manifest'])
  );
}

function isSchedule(value: unknown): boolean {
  if (!isRecord(value) || !isCount(value['id']) || !Number.isSafeInteger(value['priority'])) return false;
  const { layout, timing } = value;
  return (
    isRecord(timing) &&
    isRecord(layout) &&
    isPositive(layout['width']) &&
    isPositive(layout['height']) &&
    isListOf(layout['zones'], isZone)
  );
}

function isZone(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value['id'] === 'string' &&
    ['x', 'y'].every((side) => Number.isFinite(value[side])) &&
    ['width', 'height'].every((side) => isPositive(value[side])) &&
    isListOf(value['items'], (item) => isRecord(item) && isCount(item['contentId']))
  );
}

function isContent(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { id, type, url, sha256, size } = value;
  return (
    isCount(id) &&
    typeof type === 'string' &&
    typeof url === 'string' &&
    (sha256 === null || (typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256))) &&
    (size === null || isCount(size))
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOf(value: unknown, check: Check): boolean {
  return Array.isArray(value) && value.every(check);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isPositive(value: unknown): boolean {
  return Number.isFinite(value) && (value as number) > 0;
}
