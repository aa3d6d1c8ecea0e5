/** One schedule. */
import { useTexts } from '../texts/texts-context.tsx';
import { Page } from '../ui/page.tsx';

export function SchedulePage() {
  return <Page title={useTexts().schedules.title}>{null}</Page>;
}
