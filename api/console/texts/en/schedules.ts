/** What the console says about schedules. */
export const scheduleTexts = {
  title: 'Schedules',
};
