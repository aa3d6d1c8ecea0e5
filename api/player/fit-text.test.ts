import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { largestFit, shouldBreakWords } from './fit-text.ts';

describe('largestFit', () => {
  it('finds the largest size that fits, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 8, max: 60 }),
        fc.integer({ min: 0, max: 400 }),
        fc.integer({ min: 0, max: 500 }),
        (minPx, span, limit) => {
          const maxPx = minPx + span;
          const fit = largestFit(minPx, maxPx, (px) => px <= limit);
          if (limit < minPx) expect(fit).toEqual({ px: minPx, fits: false });
          else expect(fit).toEqual({ px: Math.min(limit, maxPx), fits: true });
        },
      ),
    );
  });

  it('measures few times: each measurement is a layout of the page', () => {
    let probes = 0;
    largestFit(11, 400, (px) => {
      probes += 1;
      return px <= 137;
    });
    expect(probes).toBeLessThanOrEqual(11);
  });
});

describe('shouldBreakWords', () => {
  it('keeps words whole while that costs little', () => {
    expect(shouldBreakWords({ px: 60, fits: true }, { px: 80, fits: true })).toBe(false);
  });

  it('breaks them when one long word would make everything small, or does not fit at all', () => {
    expect(shouldBreakWords({ px: 20, fits: true }, { px: 80, fits: true })).toBe(true);
    expect(shouldBreakWords({ px: 11, fits: false }, { px: 11, fits: false })).toBe(true);
  });
});
