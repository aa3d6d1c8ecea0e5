/** How the fleet is. */
import { useTexts } from '../texts/texts-context.tsx';
import { Page } from '../ui/page.tsx';

export function OverviewPage() {
  return <Page title={useTexts().overview.title}>{null}</Page>;
}
