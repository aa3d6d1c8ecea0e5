/** Import. */
import { useTexts } from '../texts/texts-context.tsx';
import { Page } from '../ui/page.tsx';

export function ImportPage() {
  return <Page title={useTexts().devices.title}>{null}</Page>;
}
