/** Choosing where a schedule is to go, seeing what it meets there, and sending it. */
import { Button, Grid, Paper, Stack, Text, Title } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { Rocket } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useLocation } from 'wouter';
import type { Static } from 'typebox';
import type { DeployedSchedule } from '../../schedules/deploy-schedule.ts';
import type { ScheduleJson } from '../../schedules/schedule-json.ts';
import { DevicePicker } from '../pickers/device-picker.tsx';
import { GroupTreePicker } from '../pickers/group-tree-picker.tsx';
import { ApiFailure } from '../session/api-failure.ts';
import { newKey } from '../session/new-key.ts';
import type { Query } from '../session/session.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { useConfirm } from '../ui/confirm-context.tsx';
import { FailureNotice } from '../ui/failure-notice.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { useAction } from '../ui/use-action.ts';
import { ConflictList, type Conflicts } from './conflict-list.tsx';
import type { ScheduleTarget } from './deployed-places.tsx';

type Deployed = Static<typeof DeployedSchedule>;

interface Targets {
  readonly groupIds: readonly number[];
  readonly deviceIds: readonly number[];
}

/** A choice that changes is asked about when it has stood still for so long, in milliseconds. */
const PAUSE_MS = 300;

export interface DeployFormProps {
  readonly schedule: ScheduleJson;
  /** Where it is now: what one begins with. */
  readonly places: readonly ScheduleTarget[];
}

export function DeployForm({ schedule, places }: DeployFormProps) {
  const texts = useTexts().scheduleDeploy;
  const [chosen, setChosen] = useState<Targets | null>(null);
  const present = useMemo(() => targetsOf(places), [places]);
  const targets = chosen ?? present;
  const isEmpty = targets.groupIds.length + targets.deviceIds.length === 0;
  return (
    <Paper withBorder p="md">
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Stack gap="sm">
            <Title order={2} size="h4">
              {texts.title}
            </Title>
            <Text size="sm" c="dimmed">
              {texts.targetsHint}
            </Text>
            <GroupTreePicker
              label={texts.title}
              value={targets.groupIds}
              onChange={(groupIds) => setChosen({ ...targets, groupIds })}
            />
            <DevicePicker value={targets.deviceIds} onChange={(deviceIds) => setChosen({ ...targets, deviceIds })} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 7 }}>
          {isEmpty ? (
            <Text size="sm" c="dimmed">
              {texts.chooseTargets}
            </Text>
          ) : (
            <Outlook schedule={schedule} targets={targets} />
          )}
        </Grid.Col>
      </Grid>
    </Paper>
  );
}

function targetsOf(places: readonly ScheduleTarget[]): Targets {
  const idsOf = (kind: ScheduleTarget['kind']): number[] =>
    places.filter((place) => place.kind === kind).map(({ targetId }) => targetId);
  return { groupIds: idsOf('group'), deviceIds: idsOf('device') };
}

/** The targets as a query has them: a list of nothing is left out. */
function queryOf({ groupIds, deviceIds }: Targets): Query {
  return {
    groupIds: groupIds.length === 0 ? undefined : groupIds,
    deviceIds: deviceIds.length === 0 ? undefined : deviceIds,
  };
}

/** What it will reach and meet there, and the button that sends it. */
function Outlook({ schedule, targets }: { readonly schedule: ScheduleJson; readonly targets: Targets }) {
  const texts = useTexts().scheduleDeploy;
  const session = useSession();
  const confirm = useConfirm();
  const [settled] = useDebouncedValue(targets, PAUSE_MS);
  const query = useQuery({
    queryKey: ['schedule', schedule.id, 'conflicts', schedule.version, settled],
    queryFn: ({ signal }) =>
      session.call<Conflicts>('GET', `/schedules/${schedule.id}/conflicts`, { query: queryOf(settled), signal }),
    placeholderData: keepPreviousData,
  });
  const deploy = useDeploy(schedule);
  const ask = (devices: number): void => {
    const idempotencyKey = newKey();
    confirm({
      title: texts.confirmTitle(schedule.name),
      message: texts.confirmMessage(devices, schedule.version),
      confirm: texts.deploy,
      danger: false,
      onConfirm: () => deploy.send({ targets, idempotencyKey }),
    });
  };
  return (
    <Stack gap="sm">
      <Loaded query={query} lines={4}>
        {(found) => (
          <>
            <Text fw={600} role="status">
              {texts.reaches(found.devices)}
            </Text>
            <ConflictList conflicts={found} />
            {deploy.failure !== null && <FailureNotice cause={deploy.failure} />}
            <Button
              leftSection={<Rocket size={16} aria-hidden />}
              w="fit-content"
              loading={deploy.isPending}
              disabled={query.isPlaceholderData || settled !== targets}
              onClick={() => ask(found.devices)}
            >
              {texts.deployNow(found.devices)}
            </Button>
          </>
        )}
      </Loaded>
    </Stack>
  );
}

interface Sending {
  readonly targets: Targets;
  readonly idempotencyKey: string;
}

function useDeploy(schedule: ScheduleJson) {
  const texts = useTexts().scheduleDeploy;
  const session = useSession();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const [failure, setFailure] = useState<unknown>(null);
  const action = useAction(
    ({ targets, idempotencyKey }: Sending) =>
      session.call<Deployed>('POST', `/schedules/${schedule.id}/deploy`, {
        body: { ...targets, version: schedule.version },
        idempotencyKey,
      }),
    {
      changes: ['schedule'],
      done: ({ targets }) => texts.deployed(targets.total, targets.online),
      onDone: ({ deploymentId }) => navigate(`/schedules/${schedule.id}/deployments/${deploymentId}`),
      onFailure: (cause) => {
        if (!(cause instanceof ApiFailure)) return false;
        if (cause.code === 'VERSION_CONFLICT') {
          notifications.show({ color: 'orange', message: texts.versionMoved, role: 'alert' });
          void queries.invalidateQueries({ queryKey: ['schedule', schedule.id] });
          return true;
        }
        if (cause.details.length === 0) return false;
        setFailure(cause);
        return true;
      },
    },
  );
  return {
    isPending: action.isPending,
    failure,
    send: (sending: Sending) => {
      setFailure(null);
      action.mutate(sending);
    },
  };
}
