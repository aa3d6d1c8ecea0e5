/** Alerts of the past. */
import { useTexts } from '../texts/texts-context.tsx';
import { Page } from '../ui/page.tsx';

export function AlertHistoryPage() {
  return <Page title={useTexts().alerts.title}>{null}</Page>;
}
