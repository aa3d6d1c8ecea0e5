/** What the console says about groups. */
export const groupTexts = {
  title: 'Groups',
};
