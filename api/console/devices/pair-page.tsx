/** Pair. */
import { useTexts } from '../texts/texts-context.tsx';
import { Page } from '../ui/page.tsx';

export function PairPage() {
  return <Page title={useTexts().devices.title}>{null}</Page>;
}
