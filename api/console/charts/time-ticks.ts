/** How instants are written along a chart's time. */
const DAY_SECONDS = 86_400;

const timeOfDay = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/**
 * Ticks in the viewer's own zone: days where they are a day or more apart, else times of day, with the day where one begins.
 * @param splits epoch seconds
 * @param stepSeconds how far apart they are
 */
export function tickTexts(splits: readonly number[], stepSeconds: number): string[] {
  return splits.map((seconds) => {
    const at = new Date(seconds * 1000);
    const isMidnight = at.getHours() === 0 && at.getMinutes() === 0;
    return stepSeconds >= DAY_SECONDS || isMidnight ? day.format(at) : timeOfDay.format(at);
  });
}
