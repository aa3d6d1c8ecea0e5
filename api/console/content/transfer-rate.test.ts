import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TransferRate } from './transfer-rate.ts';

describe('the rate of a transfer', () => {
  it('is not told of one moment', () => {
    const rate = new TransferRate();
    expect(rate.bytesPerSecond).toBeNull();
    rate.add(0, 0);
    rate.add(100, 1_000_000);
    expect(rate.bytesPerSecond).toBeNull();
  });

  it('is that of an even stream, whenever one looks', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 2, max: 60 }), (perStep, steps) => {
        const rate = new TransferRate();
        for (let step = 0; step <= steps; step += 1) rate.add(step * 500, step * perStep);
        expect(rate.bytesPerSecond).toBeCloseTo(perStep * 2);
      }),
    );
  });

  it('forgets what is long past, and begins anew where bytes are sent again', () => {
    const rate = new TransferRate();
    rate.add(0, 0);
    rate.add(1_000, 1_000_000);
    rate.add(20_000, 1_000_000);
    rate.add(21_000, 1_001_000);
    expect(rate.bytesPerSecond).toBe(1_000);
    rate.add(22_000, 500);
    expect(rate.bytesPerSecond).toBeNull();
    rate.add(23_000, 2_500);
    expect(rate.bytesPerSecond).toBe(2_000);
    rate.clear();
    expect(rate.bytesPerSecond).toBeNull();
  });
});
