import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SettingsStep } from '../../groups/group-standing.ts';
import { inheritedSetting, SETTING_KEYS, withSetting } from './inherited-settings.ts';

function step(
  targetId: number,
  config: SettingsStep['config'],
  name: string | null = `Group ${targetId}`,
): SettingsStep {
  return { kind: 'group', targetId, name, config };
}

test('the nearest place that sets a key wins, and is named', () => {
  const chain = [step(1, { volume: 0 }), step(2, { volume: 70, power: 'off' }, null)];
  expect(inheritedSetting(chain, 'volume')).toEqual({
    value: 0,
    from: { kind: 'group', targetId: 1, name: 'Group 1' },
  });
  expect(inheritedSetting(chain, 'power')).toEqual({ value: 'off', from: { kind: 'group', targetId: 2, name: null } });
  expect(inheritedSetting(chain, 'timezone')).toBeNull();
  expect(inheritedSetting([], 'volume')).toBeNull();
});

test('setting a key and taking it out again leaves the rest as it was', () => {
  const config = fc.record(
    { volume: fc.integer({ min: 0, max: 100 }), power: fc.constantFrom('on' as const, 'off' as const) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(config, fc.integer({ min: 5, max: 3600 }), (before, seconds) => {
      const after = withSetting(before, 'statusSeconds', seconds);
      expect(after.statusSeconds).toBe(seconds);
      expect(withSetting(after, 'statusSeconds', undefined)).toEqual(before);
      expect(Object.keys(withSetting(before, 'volume', undefined))).not.toContain('volume');
    }),
  );
  expect(new Set(SETTING_KEYS).size).toBe(6);
});
