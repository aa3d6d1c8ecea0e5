/** What the console says about reports. */
export const reportTexts = {
  title: 'Reports',
};
