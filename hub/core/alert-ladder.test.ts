import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  completeLadder,
  countLadder,
  deploymentPhase,
  hasStage,
  percentileIndex,
  type StageTimes,
} from './alert-ladder.ts';

const instant = fc.option(fc.integer({ min: 1, max: 1000 }), { nil: null });
const times = fc.record({
  sentAt: instant,
  receivedAt: instant,
  displayedAt: instant,
  clearedAt: instant,
  failedAt: instant,
});
const devices = fc.array(fc.record({ online: fc.boolean(), times }), { maxLength: 40 });

const none: StageTimes = { sentAt: null, receivedAt: null, displayedAt: null, clearedAt: null, failedAt: null };

describe('the receipt ladder', () => {
  test('whatever the receipts, the counters are cumulative and every device is accounted for once', () => {
    fc.assert(
      fc.property(devices, fc.constantFrom('active', 'stopped', 'expired'), (list, phase) => {
        const ladder = completeLadder(countLadder(list), phase);
        expect(ladder.displayed).toBeLessThanOrEqual(ladder.received);
        expect(ladder.received).toBeLessThanOrEqual(ladder.sent);
        expect(ladder.sent).toBeLessThanOrEqual(ladder.targeted);
        expect(ladder.displayed + ladder.failed + ladder.unconfirmed).toBe(ladder.targeted);
        expect(ladder.unconfirmed).toBe(list.filter((device) => hasStage(device.times, 'unconfirmed')).length);
        expect(ladder.expired).toBe(phase === 'expired' ? ladder.targeted - ladder.displayed : 0);
      }),
    );
  });

  test('a later word implies the earlier ones', () => {
    for (const stage of ['displayedAt', 'clearedAt', 'failedAt'] as const) {
      expect(hasStage({ ...none, [stage]: 5 }, 'received')).toBe(true);
      expect(hasStage({ ...none, [stage]: 5 }, 'sent')).toBe(true);
    }
    expect(hasStage({ ...none, sentAt: 5 }, 'received')).toBe(false);
    expect(hasStage({ ...none, clearedAt: 5 }, 'displayed')).toBe(false);
  });

  test('what failed and then showed is displayed, not failed', () => {
    const both = { ...none, failedAt: 3, displayedAt: 7 };
    expect(hasStage(both, 'displayed')).toBe(true);
    expect(hasStage(both, 'failed')).toBe(false);
    expect(hasStage(both, 'unconfirmed')).toBe(false);
  });

  test('a deployment ends once: by the stop or by its expiry, whichever came first', () => {
    expect(deploymentPhase({ expiresAt: 100, stoppedAt: null }, 99)).toBe('active');
    expect(deploymentPhase({ expiresAt: 100, stoppedAt: null }, 100)).toBe('expired');
    expect(deploymentPhase({ expiresAt: 100, stoppedAt: 99 }, 500)).toBe('stopped');
    expect(deploymentPhase({ expiresAt: 100, stoppedAt: 100 }, 500)).toBe('expired');
  });

  test('percentiles are nearest rank', () => {
    expect(percentileIndex(0, 50)).toBeNull();
    expect(percentileIndex(1, 99)).toBe(0);
    expect(percentileIndex(100, 50)).toBe(49);
    expect(percentileIndex(100, 99)).toBe(98);
    expect(percentileIndex(3, 50)).toBe(1);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), fc.constantFrom(50, 99, 100), (count, percent) => {
        const index = percentileIndex(count, percent) ?? -1;
        // At least `percent` of the values are at or below the one picked, and no earlier one would do.
        expect((index + 1) * 100).toBeGreaterThanOrEqual(count * percent);
        expect(index * 100).toBeLessThan(count * percent);
      }),
    );
  });
});
