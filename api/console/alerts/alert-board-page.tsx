/** Alerts on screens now. */
import { useTexts } from '../texts/texts-context.tsx';
import { Page } from '../ui/page.tsx';

export function AlertBoardPage() {
  return <Page title={useTexts().alerts.title}>{null}</Page>;
}
