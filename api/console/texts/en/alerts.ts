/** What the console says about alerts. */
export const alertTexts = {
  title: 'Alerts',
};
