/** What uses a piece of content, with the ways there. */
import { List, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { useEffect, type ReactNode } from 'react';
import type { Usage } from '../../content/content-usage.ts';
import type { LiveEntity } from '../../live/live-messages.ts';
import { useLiveFeed } from '../live/live-context.tsx';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';

/** What may begin or end to use content. */
const USERS: ReadonlySet<LiveEntity> = new Set(['schedule', 'alert', 'alertDeployment']);

/** What uses the content now; kept true by the live feed. */
export function useUsage(contentId: number): UseQueryResult<Usage> {
  const session = useSession();
  const queries = useQueryClient();
  const feed = useLiveFeed();
  useEffect(
    () =>
      feed.onChanged((entities) => {
        if (entities.some(({ entity }) => USERS.has(entity)))
          void queries.invalidateQueries({ queryKey: ['content', contentId, 'usage'] });
      }),
    [feed, queries, contentId],
  );
  return useQuery({
    queryKey: ['content', contentId, 'usage'],
    queryFn: ({ signal }) => session.call<Usage>('GET', `/content/${contentId}/usage`, { signal }),
  });
}

export function isUsed({ schedules, deployments, alerts, activeAlerts, hidden }: Usage): boolean {
  return schedules.length + deployments.length + alerts.length + activeAlerts.length + hidden > 0;
}

export function UsageList({ usage }: { readonly usage: Usage }) {
  const texts = useTexts().content.usage;
  if (!isUsed(usage)) return <Text size="sm">{texts.nowhere}</Text>;
  const names = new Map(usage.schedules.map(({ id, name }) => [id, name]));
  return (
    <Stack gap="sm">
      <Uses title={texts.schedules} items={usage.schedules}>
        {({ id, name }) => (
          <AnchorLink size="sm" to={`/schedules/${id}`}>
            {name}
          </AnchorLink>
        )}
      </Uses>
      <Uses title={texts.deployments} items={usage.deployments}>
        {({ id, scheduleId }) => (
          <AnchorLink size="sm" to={`/schedules/${scheduleId}/deployments/${id}`}>
            {[names.get(scheduleId), texts.deployment(id)].filter((text) => text !== undefined).join(' · ')}
          </AnchorLink>
        )}
      </Uses>
      <Uses title={texts.alerts} items={usage.alerts}>
        {({ title }) => (
          <AnchorLink size="sm" to="/alerts/prepared">
            {title}
          </AnchorLink>
        )}
      </Uses>
      <Uses title={texts.activeAlerts} items={usage.activeAlerts.map((id) => ({ id }))}>
        {({ id }) => (
          <AnchorLink size="sm" to={`/alerts/${id}`}>
            {texts.activeAlert(id)}
          </AnchorLink>
        )}
      </Uses>
      {usage.hidden > 0 && <Text size="sm">{texts.hidden(usage.hidden)}</Text>}
    </Stack>
  );
}

interface UsesProps<T> {
  readonly title: string;
  readonly items: readonly T[];
  readonly children: (item: T) => ReactNode;
}

function Uses<T extends { readonly id: number }>({ title, items, children }: UsesProps<T>) {
  if (items.length === 0) return null;
  return (
    <div>
      <Text size="sm" fw={500}>
        {title}
      </Text>
      <List size="sm">
        {items.map((item) => (
          <List.Item key={item.id}>{children(item)}</List.Item>
        ))}
      </List>
    </div>
  );
}
