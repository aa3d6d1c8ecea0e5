/** How the console looks: sizes that fingers hit and colours that are read (WCAG 2.2 AA; console.css does the rest), one typeface. */
import { createTheme, type MantineThemeOverride } from '@mantine/core';
import type { Texts } from './texts/english.ts';

export function themeOf(texts: Texts): MantineThemeOverride {
  const closeButtonProps = { 'aria-label': texts.common.close };
  return createTheme({
    // What the machine has: a font of our own would be a seventh of the first load, and a flicker.
    fontFamily: "Inter, system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif",
    fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, monospace',
    primaryColor: 'indigo',
    primaryShade: { light: 7, dark: 7 },
    defaultRadius: 'md',
    cursorType: 'pointer',
    respectReducedMotion: true,
    components: {
      Notification: { defaultProps: { closeButtonProps } },
      Drawer: { defaultProps: { closeButtonProps } },
      // Capitals are slower to read.
      Badge: { styles: { root: { textTransform: 'none', fontWeight: 600 } } },
      Alert: { defaultProps: { closeButtonLabel: texts.common.close } },
      Checkbox: { defaultProps: { size: 'md' } },
      Radio: { defaultProps: { size: 'md' } },
      Switch: { defaultProps: { size: 'md' } },
    },
  });
}
