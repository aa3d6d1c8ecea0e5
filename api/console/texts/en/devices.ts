/** What the console says about devices. */
export const deviceTexts = {
  title: 'Devices',
};
