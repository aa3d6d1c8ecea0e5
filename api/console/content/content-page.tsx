/** Content. */
import { useTexts } from '../texts/texts-context.tsx';
import { Page } from '../ui/page.tsx';

export function ContentPage() {
  return <Page title={useTexts().content.title}>{null}</Page>;
}
