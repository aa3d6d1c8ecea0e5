/** Deployments of schedules that not every screen has yet. */
import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ScheduleListItem } from '../../schedules/schedule-json.ts';
import { BarList } from '../charts/bar-list.tsx';
import { useDeploymentProgress } from '../live/live-context.tsx';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { LIST_LIMIT_MAX } from '../ui/list-query.ts';
import { Card } from './card.tsx';

export function ScheduleProgress() {
  const texts = useTexts().overview;
  const session = useSession();
  const underWay = [...useDeploymentProgress().values()].filter(
    ({ progress }) => progress.pending + progress.received > 0,
  );
  const names = useQuery({
    queryKey: ['schedule', 'names'],
    queryFn: async ({ signal }) => {
      const query = { status: 'published', limit: LIST_LIMIT_MAX };
      const { items } = await session.list<ScheduleListItem>('/schedules', query, signal);
      return new Map(items.map(({ id, name }) => [id, name]));
    },
    enabled: underWay.length > 0,
  });
  return (
    <Card title={texts.deployments}>
      {underWay.length === 0 ? (
        <Text size="sm" c="dimmed">
          {texts.noDeployments}
        </Text>
      ) : (
        <BarList
          label={texts.deployments}
          full={1}
          bars={underWay.map(({ deploymentId, scheduleId, progress: { targeted, applied, failed } }) => ({
            key: deploymentId,
            name: (
              <AnchorLink to={`/schedules/${scheduleId}/deployments/${deploymentId}`} size="sm">
                {names.data?.get(scheduleId) ?? texts.schedule(scheduleId)}
              </AnchorLink>
            ),
            text:
              failed === 0
                ? texts.applied(applied, targeted)
                : `${texts.applied(applied, targeted)} · ${texts.failed(failed)}`,
            parts: [
              { key: 'applied', colour: 'online' as const, amount: targeted === 0 ? 0 : applied / targeted },
              { key: 'failed', colour: 'bad' as const, amount: targeted === 0 ? 0 : failed / targeted },
            ],
          }))}
        />
      )}
    </Card>
  );
}
