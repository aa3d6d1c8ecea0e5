/** An instant, told by how long ago it was; its date and time on hover and for machines. */
import { useTexts } from '../texts/texts-context.tsx';
import { useNow } from './now.ts';
import { formatAgo, formatDateTime } from './time-format.ts';

export function Ago({ at }: { readonly at: string | null }) {
  const texts = useTexts().common;
  const now = useNow();
  if (at === null) return <>{texts.never}</>;
  return (
    <time dateTime={at} title={formatDateTime(at)}>
      {formatAgo(at, now, texts.ago)}
    </time>
  );
}
