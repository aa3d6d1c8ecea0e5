/** What the console says about content. */
export const contentTexts = {
  title: 'Content',
};
