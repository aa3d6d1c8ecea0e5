/** The screens of a deployment: how each stands, and why those that have not confirmed have not. */
import { Group, SegmentedControl, Select, Stack, Text, Title } from '@mantine/core';
import { CircleCheck, CircleHelp, CircleMinus, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import type { ReceiptJson } from '../../alerts/deployment-receipts.ts';
import { groupPath, useGroups } from '../pickers/groups.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { Ago } from '../ui/ago.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { useListQuery } from '../ui/list-query.ts';
import { ListTable, type Column } from '../ui/list-table.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { SearchField } from '../ui/search-field.tsx';
import { formatDuration } from '../ui/time-format.ts';
import { useUrlState } from '../ui/url-state.ts';
import type { LadderStatus } from './ladder-steps.ts';
import { receiptsPath } from './read-with-ladder.ts';

const STAGES = ['unconfirmed', 'failed', 'displayed', 'received', 'cleared', 'all'] as const;
type Stage = (typeof STAGES)[number];
const VIEW = { stage: 'unconfirmed', q: '', sort: 'name', page: '1' };
const PAGE = 50;

export interface ReceiptsTableProps {
  readonly deploymentId: number;
  readonly startedAt: string;
  readonly status: LadderStatus;
}

export function ReceiptsTable({ deploymentId, startedAt, status }: ReceiptsTableProps) {
  const { alerts: texts, common } = useTexts();
  const [view, setView] = useUrlState(VIEW);
  const query = useListQuery<ReceiptJson>('alertDeployment', receiptsPath(deploymentId), { ...view, limit: PAGE });
  const columns = useColumns(startedAt, status);
  const pick = (stage: string | null): void => setView({ stage: stage ?? VIEW.stage, page: '1' });
  const stages = STAGES.map((stage) => ({ value: stage, label: texts.stages[stage] }));
  return (
    <Stack gap="sm" component="section" aria-labelledby="alert-screens">
      <Group justify="space-between" gap="sm">
        <Title order={2} size="h4" id="alert-screens">
          {texts.screens}
        </Title>
        <SearchField label={texts.searchScreens} value={view.q} onChange={(q) => setView({ q, page: '1' })} />
      </Group>
      <SegmentedControl
        visibleFrom="sm"
        aria-label={texts.stage}
        data={stages}
        value={view.stage}
        onChange={pick}
        style={{ alignSelf: 'flex-start' }}
      />
      <Select
        hiddenFrom="sm"
        aria-label={texts.stage}
        data={stages}
        value={view.stage}
        onChange={pick}
        allowDeselect={false}
      />
      <Loaded query={query} lines={6}>
        {(data) =>
          data.total === 0 ? (
            <Nothing stage={view.stage as Stage} isSearch={view.q !== ''} />
          ) : (
            <ListTable
              label={`${texts.screens}: ${texts.stages[view.stage as Stage] ?? common.all}`}
              columns={columns}
              data={data}
              rowKey={({ deviceId }) => deviceId}
              sort={view.sort}
              onSort={(sort) => setView({ sort, page: '1' })}
              onPage={(page) => setView({ page: String(page) })}
            />
          )
        }
      </Loaded>
    </Stack>
  );
}

function Nothing({ stage, isSearch }: { readonly stage: Stage; readonly isSearch: boolean }) {
  const { alerts: texts, common } = useTexts();
  if (isSearch) return <EmptyState icon={CircleHelp} title={common.nothingFound} hint={common.nothingFoundHint} />;
  if (stage === 'unconfirmed')
    return <EmptyState icon={CircleCheck} title={texts.noneUnconfirmed} hint={texts.noneUnconfirmedHint} />;
  return <EmptyState icon={CircleMinus} title={texts.noneAtStage} />;
}

function useColumns(startedAt: string, status: LadderStatus): readonly Column<ReceiptJson>[] {
  const { alerts: texts } = useTexts();
  const groups = useGroups();
  return [
    {
      key: 'name',
      title: texts.screen,
      sort: 'name',
      render: ({ deviceId, name }) =>
        name === null ? (
          texts.deletedScreen(deviceId)
        ) : (
          <AnchorLink to={`/devices/${deviceId}`} size="sm" fw={500}>
            {name}
          </AnchorLink>
        ),
    },
    {
      key: 'group',
      title: texts.group,
      from: 'sm',
      render: ({ groupId }) => (groupId === null || groups.data === undefined ? '' : groupPath(groups.data, groupId)),
    },
    {
      key: 'standing',
      title: texts.standing,
      render: (receipt) => <Standing receipt={receipt} startedAt={startedAt} status={status} />,
    },
    { key: 'seen', title: texts.lastSeen, from: 'sm', render: ({ lastSeen }) => <Ago at={lastSeen} /> },
  ];
}

interface StandingProps {
  readonly receipt: ReceiptJson;
  readonly startedAt: string;
  readonly status: LadderStatus;
}

function Standing({ receipt, startedAt, status }: StandingProps) {
  const { alerts: texts, common } = useTexts();
  const { why, displayedAt, clearedAt, failedAt, reason } = receipt;
  if (displayedAt === null && failedAt !== null)
    return (
      <Sign icon={TriangleAlert} color="red">
        {reason === null ? texts.standings.failedSilently : texts.standings.failed(reason)}
      </Sign>
    );
  if (why !== null)
    return (
      <Sign icon={CircleHelp} color="orange">
        {(status === 'active' ? texts.why : texts.whyOver)[why]}
      </Sign>
    );
  const afterMs = displayedAt === null ? null : Math.max(0, Date.parse(displayedAt) - Date.parse(startedAt));
  const word =
    clearedAt !== null
      ? texts.standings.cleared
      : status === 'active'
        ? texts.standings.displayed
        : texts.standings.shown;
  return (
    <Sign icon={CircleCheck} color="teal">
      {word}
      {afterMs !== null && (
        <Text span size="xs" c="dimmed">
          {' '}
          {texts.after(formatDuration(afterMs, common.duration))}
        </Text>
      )}
    </Sign>
  );
}

interface SignProps {
  readonly icon: typeof CircleCheck;
  readonly color: string;
  readonly children: ReactNode;
}

function Sign({ icon: Icon, color, children }: SignProps) {
  return (
    <Group gap={6} wrap="nowrap" align="flex-start">
      <Icon
        size={16}
        aria-hidden
        color={`var(--mantine-color-${color}-light-color)`}
        style={{ flex: 'none', marginTop: 2 }}
      />
      <Text size="sm" component="span">
        {children}
      </Text>
    </Group>
  );
}
