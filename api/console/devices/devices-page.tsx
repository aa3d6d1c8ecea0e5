/** Screens. */
import { useTexts } from '../texts/texts-context.tsx';
import { Page } from '../ui/page.tsx';

export function DevicesPage() {
  return <Page title={useTexts().devices.title}>{null}</Page>;
}
