/** Groups. */
import { useTexts } from '../texts/texts-context.tsx';
import { Page } from '../ui/page.tsx';

export function GroupsPage() {
  return <Page title={useTexts().groups.title}>{null}</Page>;
}
