/** Schedules: what is shown where and when, and how each stands. */
import { Button, Group, Select, Text } from '@mantine/core';
import { CalendarClock, CalendarPlus } from 'lucide-react';
import { Link } from 'wouter';
import type { ScheduleListItem } from '../../schedules/schedule-json.ts';
import { GroupSelect } from '../pickers/group-select.tsx';
import { groupPath, useGroups } from '../pickers/groups.ts';
import { useMay } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Ago } from '../ui/ago.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { useListQuery } from '../ui/list-query.ts';
import { ListTable, type Column } from '../ui/list-table.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { SearchField } from '../ui/search-field.tsx';
import { useUrlState } from '../ui/url-state.ts';
import { NextTime } from './next-time.tsx';
import { ScheduleRowMenu } from './schedule-row-menu.tsx';
import { ScheduleState } from './schedule-state.tsx';

const VIEW = { q: '', status: '', groupId: '', sort: 'name', page: '1' };
const STATUSES = ['draft', 'published', 'archived'] as const;
/** Groups of one schedule that the list names; the rest is counted. */
const GROUPS_NAMED = 2;

export function SchedulesPage() {
  const { schedules: texts, common } = useTexts();
  const { manage } = useMay();
  const [view, setView] = useUrlState(VIEW);
  const query = useListQuery<ScheduleListItem>('schedule', '/schedules', { ...view, limit: 50 });
  const columns = useColumns(manage);
  const isFiltered = view.q !== '' || view.status !== '' || view.groupId !== '';
  const add = (
    <Button component={Link} href="/schedules/new" leftSection={<CalendarPlus size={16} aria-hidden />}>
      {texts.add}
    </Button>
  );
  return (
    <Page title={texts.title} description={texts.description} actions={manage && add}>
      <Group>
        <SearchField label={texts.search} value={view.q} onChange={(q) => setView({ q, page: '1' })} />
        <Select
          aria-label={texts.status}
          placeholder={texts.anyStatus}
          data={STATUSES.map((status) => ({ value: status, label: texts.statuses[status] }))}
          value={view.status === '' ? null : view.status}
          onChange={(status) => setView({ status: status ?? '', page: '1' })}
          clearable
          clearButtonProps={{ 'aria-label': texts.anyStatus }}
        />
        <GroupSelect
          label={texts.group}
          hideLabel
          placeholder={texts.anyGroup}
          value={view.groupId === '' ? null : Number(view.groupId)}
          onChange={(groupId) => setView({ groupId: groupId === null ? '' : String(groupId), page: '1' })}
        />
      </Group>
      <Loaded query={query} lines={8}>
        {(data) =>
          data.total === 0 ? (
            isFiltered ? (
              <EmptyState icon={CalendarClock} title={common.nothingFound} hint={common.nothingFoundHint} />
            ) : (
              <EmptyState icon={CalendarClock} title={texts.empty} hint={texts.emptyHint} action={manage && add} />
            )
          ) : (
            <ListTable
              label={texts.title}
              columns={columns}
              data={data}
              rowKey={({ id }) => id}
              sort={view.sort}
              onSort={(sort) => setView({ sort, page: '1' })}
              onPage={(page) => setView({ page: String(page) })}
            />
          )
        }
      </Loaded>
    </Page>
  );
}

function useColumns(manage: boolean): readonly Column<ScheduleListItem>[] {
  const { schedules: texts, common } = useTexts();
  const forest = useGroups().data;
  const ownerOf = (groupId: number | null): string =>
    groupId === null ? common.wholeTenant : forest === undefined ? '' : groupPath(forest, groupId);
  const placesOf = ({ groupIds, devices }: ScheduleListItem['deployedTo']): string => {
    if (groupIds.length === 0 && devices === 0) return texts.nowhere;
    const names = groupIds.slice(0, GROUPS_NAMED).map((id) => forest?.byId.get(id)?.name ?? `#${id}`);
    return texts.places(names, groupIds.length - names.length, devices);
  };
  const columns: Column<ScheduleListItem>[] = [
    {
      key: 'name',
      title: common.name,
      sort: 'name',
      render: (schedule) => (
        <>
          <AnchorLink to={`/schedules/${schedule.id}`} fw={500} size="sm">
            {schedule.name}
          </AnchorLink>
          <Text size="xs" c="dimmed">
            {ownerOf(schedule.groupId)}
          </Text>
        </>
      ),
    },
    { key: 'state', title: texts.status, render: (schedule) => <ScheduleState schedule={schedule} /> },
    { key: 'when', title: texts.when, from: 'sm', render: ({ timing }) => <NextTime timing={timing} /> },
    {
      key: 'where',
      title: texts.where,
      from: 'md',
      render: ({ deployedTo }) => <Text size="sm">{placesOf(deployedTo)}</Text>,
    },
    {
      key: 'content',
      title: texts.content,
      from: 'lg',
      render: ({ zones, contents }) => <Text size="sm">{texts.contains(zones, contents)}</Text>,
    },
    {
      key: 'priority',
      title: texts.priority,
      sort: 'priority',
      from: 'md',
      align: 'right',
      render: (one) => one.priority,
    },
    {
      key: 'changed',
      title: texts.changed,
      sort: 'updatedAt',
      from: 'lg',
      render: ({ updatedAt }) => <Ago at={updatedAt} />,
    },
  ];
  if (!manage) return columns;
  const menu: Column<ScheduleListItem> = {
    key: 'menu',
    title: common.actions,
    hideTitle: true,
    align: 'right',
    render: (schedule) => <ScheduleRowMenu schedule={schedule} />,
  };
  return [...columns, menu];
}
