/** One piece of content. */
import { useTexts } from '../texts/texts-context.tsx';
import { Page } from '../ui/page.tsx';

export function ContentItemPage() {
  return <Page title={useTexts().content.title}>{null}</Page>;
}
