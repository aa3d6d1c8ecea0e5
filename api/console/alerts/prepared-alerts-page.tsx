/** Alerts that are prepared. */
import { useTexts } from '../texts/texts-context.tsx';
import { Page } from '../ui/page.tsx';

export function PreparedAlertsPage() {
  return <Page title={useTexts().alerts.title}>{null}</Page>;
}
