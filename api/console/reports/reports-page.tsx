/** Reports. */
import { useTexts } from '../texts/texts-context.tsx';
import { Page } from '../ui/page.tsx';

export function ReportsPage() {
  return <Page title={useTexts().reports.title}>{null}</Page>;
}
