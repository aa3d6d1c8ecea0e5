import { expect, test } from 'vitest';
import type { DeviceStateJson } from '../../devices/device-state.ts';
import { compareAlerts, compareSchedule, compareSettings } from './compare-state.ts';

type Reported = NonNullable<DeviceStateJson['reported']>;

function stateOf(
  desired: Partial<DeviceStateJson['desired']>,
  status: Reported['status'] | null,
  displayed: number[] = [],
): DeviceStateJson {
  return {
    desired: { epoch: 1, rev: 9, alerts: [], schedule: null, config: {}, commands: [], ...desired },
    reported: status && { epoch: 1, rev: 9, status, displayed, reportedAt: '2026-11-20T09:00:00.000Z' },
    settings: [],
    inSync: true,
  };
}

function alert(deploymentId: number): DeviceStateJson['desired']['alerts'][number] {
  return {
    ...{ deploymentId, alertId: null, rev: 1, severity: 'info', title: 'T', message: '', drill: false },
    ...{ startedAt: '2026-11-20T09:00:00.000Z', expiresAt: '2026-11-20T10:00:00.000Z' },
  };
}

test('a setting that was asked for is compared with what the screen says', () => {
  const state = stateOf(
    { config: { volume: 70, brightness: 0, power: 'off', timezone: 'Europe/Rome' } },
    { volume: 50, brightness: 0, screenOn: true },
  );
  const found = Object.fromEntries(compareSettings(state).map(({ key, ...rest }) => [key, rest]));
  expect(found).toEqual({
    volume: { asked: 70, says: 50, agreement: 'different' },
    brightness: { asked: 0, says: 0, agreement: 'same' },
    power: { asked: 'off', says: 'on', agreement: 'different' },
    timezone: { asked: 'Europe/Rome', says: null, agreement: 'unsaid' },
    orientation: { asked: null, says: null, agreement: 'free' },
    statusSeconds: { asked: null, says: null, agreement: 'free' },
  });
  expect(compareSettings(stateOf({ config: { volume: 1 } }, null))[0]).toMatchObject({ agreement: 'unsaid' });
  expect(compareSettings(stateOf({}, { volume: 30 }))[0]).toEqual({
    ...{ key: 'volume', asked: null, says: 30, agreement: 'free' },
  });
});

test('alerts on the screen are told apart from those that are missing and those that are left over', () => {
  const { shown, leftOver } = compareAlerts(stateOf({ alerts: [alert(1), alert(2)] }, {}, [2, 3]));
  expect([...shown]).toEqual([2]);
  expect(leftOver).toEqual([3]);
});

test('what was scheduled is followed by its version', () => {
  const asked = { schedule: { version: 7 } };
  expect(compareSchedule(stateOf({}, null))).toBe('nothing');
  expect(compareSchedule(stateOf(asked, null))).toBe('unsaid');
  expect(compareSchedule(stateOf(asked, {}))).toBe('unsaid');
  expect(compareSchedule(stateOf(asked, { scheduleVersion: 6 }))).toBe('behind');
  expect(compareSchedule(stateOf(asked, { scheduleVersion: 7 }))).toBe('plays');
  expect(compareSchedule(stateOf(asked, { scheduleVersion: 7, scheduleState: 'received' }))).toBe('fetching');
  expect(compareSchedule(stateOf(asked, { scheduleVersion: 7, scheduleState: 'failed' }))).toBe('failed');
});
