/** The colours that charts draw with; charts.css says what they are in light and in dark. */
export type ChartColour = 'online' | 'http' | 'offline' | 'bad' | 'main' | 'second' | 'track' | 'grid' | 'axis';

/** As CSS has it. */
export function chartColour(colour: ChartColour): string {
  return `var(--chart-${colour})`;
}

/** As a canvas wants it: what the variable is now. */
export function resolvedColour(colour: ChartColour): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--chart-${colour}`).trim();
}
