/** Schedules. */
import { useTexts } from '../texts/texts-context.tsx';
import { Page } from '../ui/page.tsx';

export function SchedulesPage() {
  return <Page title={useTexts().schedules.title}>{null}</Page>;
}
