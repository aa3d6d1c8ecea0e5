/** What the console says about overview. */
export const overviewTexts = {
  title: 'Overview',
};
