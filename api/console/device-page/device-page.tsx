/** One screen. */
import { useTexts } from '../texts/texts-context.tsx';
import { Page } from '../ui/page.tsx';

export function DevicePage() {
  return <Page title={useTexts().devicePage.title}>{null}</Page>;
}
