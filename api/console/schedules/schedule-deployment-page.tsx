/** One deployment. */
import { useTexts } from '../texts/texts-context.tsx';
import { Page } from '../ui/page.tsx';

export function ScheduleDeploymentPage() {
  return <Page title={useTexts().schedules.title}>{null}</Page>;
}
