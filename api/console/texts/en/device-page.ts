/** What the console says about device-page. */
export const devicePageTexts = {
  title: 'Device',
};
