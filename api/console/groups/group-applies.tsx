/** Alerts and schedules that reach a group, its own and those from above. */
import { Group, Stack, Text, Title } from '@mantine/core';
import type { GroupJson } from '../../groups/group-json.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { SeverityBadge } from '../ui/severity-badge.tsx';
import { formatDateTime } from '../ui/time-format.ts';
import { useGroupStanding } from './group-standing.ts';

interface FromGroup {
  readonly groupName: string | null;
  readonly distance: number;
}

export function GroupApplies({ group }: { readonly group: GroupJson }) {
  const { groups: texts, devicePage } = useTexts();
  const standing = useGroupStanding(group.id);
  const from = ({ groupName, distance }: FromGroup): string =>
    distance === 0 ? texts.ofThisGroup : texts.fromGroup(groupName ?? devicePage.config.fromHidden);
  return (
    <Loaded query={standing} lines={4}>
      {({ alerts, schedules }) => (
        <Stack>
          <div>
            <Title order={3} size="h6" mb={4}>
              {texts.alerts}
            </Title>
            {alerts.length === 0 && <Text size="sm">{texts.noAlerts}</Text>}
            {alerts.map((alert) => (
              <Group key={alert.deploymentId} gap="xs" py={4}>
                <SeverityBadge severity={alert.severity} drill={alert.drill} />
                <AnchorLink to={`/alerts/${alert.deploymentId}`} size="sm">
                  {alert.title}
                </AnchorLink>
                <Text size="xs" c="dimmed">
                  {from(alert)}, {texts.until(formatDateTime(alert.expiresAt))}
                </Text>
              </Group>
            ))}
          </div>
          <div>
            <Title order={3} size="h6" mb={4}>
              {texts.schedules}
            </Title>
            {schedules.length === 0 && <Text size="sm">{texts.noSchedules}</Text>}
            {schedules.map((schedule) => (
              <Group key={schedule.scheduleId} gap="xs" py={4}>
                <AnchorLink to={`/schedules/${schedule.scheduleId}`} size="sm">
                  {schedule.name}
                </AnchorLink>
                <Text size="xs" c="dimmed">
                  {from(schedule)}, {devicePage.screen.priority(schedule.priority)}
                </Text>
              </Group>
            ))}
          </div>
        </Stack>
      )}
    </Loaded>
  );
}
