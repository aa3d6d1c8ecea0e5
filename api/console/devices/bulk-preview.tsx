/** What an act on many screens would touch, and what it would pass over. */
import { List, Paper, Skeleton, Stack, Text, Title } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { BulkResult } from '../../devices/bulk-devices.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { FailureNotice } from '../ui/failure-notice.tsx';

/** Screens that are named. */
const NAMED_MAX = 8;

export function BulkPreview({ preview }: { readonly preview: UseQueryResult<BulkResult> }) {
  const { devices } = useTexts();
  const texts = devices.bulk;
  if (preview.isError) return <FailureNotice cause={preview.error} onRetry={() => void preview.refetch()} />;
  return (
    <Paper withBorder radius="md" p="md">
      <Stack gap="xs">
        <Title order={3} size="h5">
          {texts.previewTitle}
        </Title>
        <div role="status">{preview.data === undefined ? <Counting /> : <Numbers result={preview.data} />}</div>
      </Stack>
    </Paper>
  );
}

function Counting() {
  const { counting } = useTexts().devices.bulk;
  return <Skeleton h={22} w={280} aria-label={counting} role="img" />;
}

function Numbers({ result }: { readonly result: BulkResult }) {
  const texts = useTexts().devices.bulk;
  const { matched, affected, skipped, sample } = result;
  const named = sample.slice(0, NAMED_MAX);
  return (
    <Stack gap="xs">
      <Text fw={600}>{affected === 0 ? texts.touchesNone : texts.touches(affected, matched)}</Text>
      {skipped.length > 0 && (
        <div>
          <Text size="sm">{texts.skippedTitle}</Text>
          <List size="sm">
            {skipped.map(({ reason, count }) => (
              <List.Item key={reason}>{texts.skipped[reason](count)}</List.Item>
            ))}
          </List>
        </div>
      )}
      {named.length > 0 && (
        <div>
          <Text size="sm">{texts.including(named.length, affected)}</Text>
          <Text size="sm" c="dimmed">
            {named.map(({ name }) => name).join(', ')}
            {affected > named.length && ` ${texts.andMore(affected - named.length)}`}
          </Text>
        </div>
      )}
    </Stack>
  );
}
