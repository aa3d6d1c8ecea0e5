/** One alert. */
import { useTexts } from '../texts/texts-context.tsx';
import { Page } from '../ui/page.tsx';

export function AlertDeploymentPage() {
  return <Page title={useTexts().alerts.title}>{null}</Page>;
}
