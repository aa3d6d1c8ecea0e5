/** The size that fits and whether it truly does (false: not even the smallest). */
export interface Fit {
  readonly px: number;
  readonly fits: boolean;
}

/** How much larger text may get by breaking inside words before that is the better of two evils. */
const BREAKING_GAIN = 1.6;

/**
 * The largest whole size from `minPx` to `maxPx` for which `fits` answers true, by bisection (about eight probes).
 * `fits` must be monotone: what fits at a size fits at every smaller one.
 */
export function largestFit(minPx: number, maxPx: number, fits: (px: number) => boolean): Fit {
  let low = Math.floor(minPx);
  let high = Math.max(low, Math.floor(maxPx));
  if (!fits(low)) return { px: low, fits: false };
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return { px: low, fits: true };
}

/**
 * Words are kept whole unless breaking them makes the text much larger, as it does when one "word" is a long address.
 */
export function shouldBreakWords(whole: Fit, broken: Fit): boolean {
  if (!whole.fits) return true;
  return broken.fits && broken.px > whole.px * BREAKING_GAIN;
}
