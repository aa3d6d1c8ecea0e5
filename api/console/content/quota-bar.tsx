/** How much room there is for content. */
import { Group, Progress, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { TriangleAlert } from 'lucide-react';
import type { Static } from 'typebox';
import type { QuotaJson } from '../../content/quota.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { formatBytes } from '../ui/time-format.ts';

/** From here on it is time to make room, in percent. */
const NEARLY_FULL = 90;

export function QuotaBar() {
  const { content: texts, common } = useTexts();
  const session = useSession();
  const quota = useQuery({
    queryKey: ['content', 'quota'],
    queryFn: ({ signal }) => session.call<Static<typeof QuotaJson>>('GET', '/content/quota', { signal }),
  });
  // The page is of use without it; the list says what is wrong when the API is away.
  if (quota.data === undefined) return null;
  const { usedBytes, limitBytes, items } = quota.data;
  const percent = limitBytes === 0 ? 100 : Math.min(100, (usedBytes / limitBytes) * 100);
  const isNearlyFull = percent >= NEARLY_FULL;
  const said = texts.quota(formatBytes(usedBytes, common.bytes), formatBytes(limitBytes, common.bytes));
  return (
    <Group gap="sm" wrap="wrap">
      <Progress
        value={percent}
        w={160}
        size="md"
        color={isNearlyFull ? 'orange' : 'indigo'}
        aria-label={texts.quotaLabel}
      />
      <Text size="sm" c="dimmed">
        {said} · {texts.quotaItems(items)}
      </Text>
      {isNearlyFull && (
        <Group gap={4} wrap="nowrap">
          <TriangleAlert size={16} aria-hidden />
          <Text size="sm">{texts.quotaNearlyFull}</Text>
        </Group>
      )}
    </Group>
  );
}
