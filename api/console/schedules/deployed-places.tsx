/** Where a schedule is deployed now, and taking it back from there. */
import { Badge, Button, Group, Paper, Table, Text, Title } from '@mantine/core';
import { FolderTree, MonitorPlay, Undo2 } from 'lucide-react';
import type { Static } from 'typebox';
import type { ScheduleTargetJson } from '../../schedules/read-schedule-places.ts';
import type { ScheduleJson } from '../../schedules/schedule-json.ts';
import { newKey } from '../session/new-key.ts';
import { useMay, useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Ago } from '../ui/ago.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { useConfirm } from '../ui/confirm-context.tsx';
import { useAction } from '../ui/use-action.ts';

export type ScheduleTarget = Static<typeof ScheduleTargetJson>;

export interface DeployedPlacesProps {
  readonly schedule: ScheduleJson;
  readonly places: readonly ScheduleTarget[];
}

interface Withdrawal {
  /** null: from everywhere. */
  readonly place: ScheduleTarget | null;
  readonly idempotencyKey: string;
}

export function DeployedPlaces({ schedule, places }: DeployedPlacesProps) {
  const texts = useTexts().scheduleDeploy;
  const session = useSession();
  const confirm = useConfirm();
  const { manage } = useMay();
  const withdraw = useAction(
    ({ place, idempotencyKey }: Withdrawal) => {
      const ids = place === null ? {} : { [`${place.kind}Ids`]: [place.targetId] };
      return session.call('POST', `/schedules/${schedule.id}/withdraw`, { body: ids, idempotencyKey });
    },
    { changes: ['schedule'], done: texts.withdrawn },
  );
  const ask = (place: ScheduleTarget | null): void => {
    const idempotencyKey = newKey();
    confirm({
      title: place === null ? texts.withdrawAllTitle : texts.withdrawTitle(place.name),
      message: texts.withdrawMessage,
      confirm: texts.withdraw,
      onConfirm: () => withdraw.mutate({ place, idempotencyKey }),
    });
  };
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h4">
          {texts.where}
        </Title>
        {manage && places.length > 1 && (
          <Button variant="default" size="xs" leftSection={<Undo2 size={14} aria-hidden />} onClick={() => ask(null)}>
            {texts.withdrawAll}
          </Button>
        )}
      </Group>
      <Table aria-label={texts.whereList} verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{texts.target}</Table.Th>
            <Table.Th>{texts.version}</Table.Th>
            <Table.Th visibleFrom="sm">{texts.since}</Table.Th>
            {manage && <Table.Th ta="right">{texts.withdraw}</Table.Th>}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {places.map((place) => (
            <PlaceRow
              key={`${place.kind} ${place.targetId}`}
              schedule={schedule}
              place={place}
              onWithdraw={manage ? () => ask(place) : null}
            />
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}

interface PlaceRowProps {
  readonly schedule: ScheduleJson;
  readonly place: ScheduleTarget;
  /** null: it may not be taken back. */
  readonly onWithdraw: (() => void) | null;
}

function PlaceRow({ schedule, place, onWithdraw }: PlaceRowProps) {
  const texts = useTexts().scheduleDeploy;
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap={6} wrap="nowrap">
          {place.kind === 'group' ? <FolderTree size={16} aria-hidden /> : <MonitorPlay size={16} aria-hidden />}
          <Text size="sm">{place.name}</Text>
          <Text size="xs" c="dimmed" visibleFrom="xs">
            {texts.kinds[place.kind]}
          </Text>
        </Group>
      </Table.Td>
      <Table.Td>
        <AnchorLink to={`/schedules/${schedule.id}/deployments/${place.deploymentId}`} size="sm">
          {texts.versionOf(place.scheduleVersion)}
        </AnchorLink>{' '}
        {place.scheduleVersion !== schedule.version && (
          <Badge size="xs" color="orange" variant="light">
            {texts.versionOld}
          </Badge>
        )}
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <Ago at={place.deployedAt} />
      </Table.Td>
      {onWithdraw !== null && (
        <Table.Td ta="right">
          <Button
            variant="subtle"
            color="red"
            size="compact-sm"
            aria-label={texts.withdrawFrom(place.name)}
            onClick={onWithdraw}
          >
            {texts.withdraw}
          </Button>
        </Table.Td>
      )}
    </Table.Tr>
  );
}
