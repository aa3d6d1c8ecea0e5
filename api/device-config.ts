/** Settings of groups and devices, as they come in. */
import type { DeviceConfig } from '../hub/core/model.ts';
import { apiError } from './errors.ts';

/** Throws VALIDATION_ERROR for what the schema cannot tell: a time zone that does not exist. */
export function checkDeviceConfig(config: DeviceConfig): void {
  if (config.timezone === undefined || isTimeZone(config.timezone)) return;
  throw apiError('VALIDATION_ERROR', 'The request is not valid', [
    { field: 'config.timezone', message: 'is no IANA time zone' },
  ]);
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
