/** Order statistics of measured durations. */

/** The nearest-rank percentile of values in any order; NaN when there are none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** One decimal, for tables. */
export function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
