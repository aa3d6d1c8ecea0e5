import { describe, expect, test } from 'vitest';
import { applyToRecord } from './device-records.ts';
import type { Effect } from './hub-model.ts';
import type { DeviceRecord } from './model.ts';

const COMMAND = { commandId: 5, name: 'identify', args: {}, issuedAt: 0, expiresAt: 9_000 };
const RECORD: DeviceRecord = {
  deviceId: 70,
  tenantId: 1,
  groupId: 3,
  config: { volume: 4 },
  active: true,
  credentialVersion: 1,
  rev: 10,
  placementRev: 2,
  commands: [COMMAND],
};
const AUDIENCE = { tenantId: 1, groupIds: [3], deviceIds: [70] };

describe('a device in memory', () => {
  test('follows its own changes', () => {
    const saved: Effect = { kind: 'device', rev: 11, deviceId: 70, groupId: 3, config: { volume: 9 } };
    expect(applyToRecord(RECORD, saved)).toEqual({ ...RECORD, config: { volume: 9 }, rev: 11 });
    expect(applyToRecord(RECORD, { ...saved, groupId: null })).toMatchObject({ groupId: null, placementRev: 11 });
    const issued: Effect = { kind: 'command', rev: 11, deviceId: 70, command: { ...COMMAND, commandId: 6 } };
    expect(applyToRecord(RECORD, issued).commands.map(({ commandId }) => commandId)).toEqual([5, 6]);
  });

  test('loses a command that it has finished, and is no newer for it: the device said so itself', () => {
    const finished = applyToRecord(RECORD, { kind: 'command.finished', rev: 11, deviceId: 70, commandId: 5 });
    expect(finished).toEqual({ ...RECORD, commands: [] });
  });

  test.each([
    ['rotated', true],
    ['revoked', false],
    ['removed', false],
  ] as const)('[INV-9] a credential that was %s', (reason, active) => {
    const effect: Effect = { kind: 'credential', rev: 11, deviceId: 70, credentialVersion: 2, reason };
    expect(applyToRecord(RECORD, effect)).toEqual({ ...RECORD, active, credentialVersion: 2, rev: 11 });
  });

  test('[INV-5] what the row was read with is not undone by the change that the log brings later', () => {
    const late: Effect = { kind: 'device', rev: 10, deviceId: 70, groupId: 1, config: {} };
    expect(applyToRecord(RECORD, late)).toBe(RECORD);
    expect(applyToRecord(RECORD, { kind: 'command', rev: 9, deviceId: 70, command: COMMAND })).toBe(RECORD);
  });

  test('is not concerned by what happens to groups', () => {
    const effects: Effect[] = [
      { kind: 'alert.stop', rev: 11, audience: AUDIENCE, deploymentId: 1 },
      { kind: 'schedule', rev: 11, audience: AUDIENCE },
      { kind: 'config', rev: 11, audience: AUDIENCE },
      { kind: 'state', rev: 11, audience: AUDIENCE },
    ];
    for (const effect of effects) expect(applyToRecord(RECORD, effect)).toBe(RECORD);
  });
});
