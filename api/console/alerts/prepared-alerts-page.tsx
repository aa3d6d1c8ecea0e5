/** Alerts that are ready to be raised: written, changed and thrown away in quiet times. */
import { ActionIcon, Badge, Button, Group, Menu, Select, Text } from '@mantine/core';
import { BookMarked, EllipsisVertical, Pencil, Plus, Siren, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { AlertJson } from '../../alerts/alert-json.ts';
import { groupPath, useGroups } from '../pickers/groups.ts';
import { useMay, useSession } from '../session/session-context.tsx';
import { useRaiseAlert } from '../shell/raise-alert-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { useConfirm } from '../ui/confirm-context.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { useListQuery } from '../ui/list-query.ts';
import { ListTable, type Column } from '../ui/list-table.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { SearchField } from '../ui/search-field.tsx';
import { SeverityBadge } from '../ui/severity-badge.tsx';
import { formatDuration } from '../ui/time-format.ts';
import { useUrlState } from '../ui/url-state.ts';
import { useAction } from '../ui/use-action.ts';
import { AlertPages } from './alert-pages.tsx';
import { PreparedAlertForm } from './prepared-alert-form.tsx';

const VIEW = { q: '', severity: '', sort: 'name', page: '1' };
const SEVERITIES = ['critical', 'warning', 'info'] as const;

export function PreparedAlertsPage() {
  const { alerts: texts, common } = useTexts();
  const [view, setView] = useUrlState(VIEW);
  const [editing, setEditing] = useState<AlertJson | 'new' | null>(null);
  const { manage } = useMay();
  const query = useListQuery<AlertJson>('alert', '/alerts', { ...view, limit: 50 });
  const columns = useColumns(setEditing);
  const isFiltered = view.q !== '' || view.severity !== '';
  const prepare = manage && (
    <Button leftSection={<Plus size={16} aria-hidden />} onClick={() => setEditing('new')}>
      {texts.prepare}
    </Button>
  );
  return (
    <Page title={texts.preparedTitle} description={texts.preparedDescription} actions={<AlertPages />}>
      <Group justify="space-between" gap="sm">
        <Group gap="sm">
          <SearchField label={texts.searchPreparedList} value={view.q} onChange={(q) => setView({ q, page: '1' })} />
          <Select
            aria-label={texts.severity}
            placeholder={texts.anySeverity}
            data={SEVERITIES.map((severity) => ({ value: severity, label: common.severity[severity] }))}
            value={view.severity === '' ? null : view.severity}
            onChange={(severity) => setView({ severity: severity ?? '', page: '1' })}
            clearable
            clearButtonProps={{ 'aria-label': texts.anySeverity }}
            w={180}
          />
        </Group>
        {prepare}
      </Group>
      <Loaded query={query} lines={6}>
        {(data) => {
          if (data.total === 0 && isFiltered)
            return <EmptyState icon={BookMarked} title={common.nothingFound} hint={common.nothingFoundHint} />;
          if (data.total === 0)
            return (
              <EmptyState
                icon={BookMarked}
                title={texts.noPrepared}
                hint={manage ? texts.noPreparedHint : texts.noPreparedReader}
              />
            );
          return (
            <ListTable
              label={texts.prepared}
              columns={columns}
              data={data}
              rowKey={({ id }) => id}
              sort={view.sort}
              onSort={(sort) => setView({ sort, page: '1' })}
              onPage={(page) => setView({ page: String(page) })}
            />
          );
        }}
      </Loaded>
      {editing !== null && (
        <PreparedAlertForm alert={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />
      )}
    </Page>
  );
}

function useColumns(onEdit: (alert: AlertJson) => void): readonly Column<AlertJson>[] {
  const { alerts: texts, common } = useTexts();
  const groups = useGroups();
  const { manage } = useMay();
  const usualTargets = ({ groupIds, deviceIds }: AlertJson): string => {
    if (groupIds.length + deviceIds.length === 0) return texts.usualNowhere;
    const forest = groups.data;
    const names = forest === undefined ? [] : groupIds.map((id) => groupPath(forest, id));
    return texts.usualGroups(names.join(', '), deviceIds.length);
  };
  return [
    {
      key: 'name',
      title: common.name,
      sort: 'name',
      render: (alert) => (
        <>
          <Text size="sm" fw={600}>
            {alert.name}
          </Text>
          <Text size="xs" c="dimmed" lineClamp={2}>
            {alert.title === alert.name ? alert.message : `${alert.title}. ${alert.message}`}
          </Text>
        </>
      ),
    },
    {
      key: 'severity',
      title: texts.severity,
      from: 'xs',
      render: ({ severity, drill }) => <SeverityBadge severity={severity} drill={drill} />,
    },
    { key: 'targets', title: texts.usualTargets, from: 'sm', render: usualTargets },
    {
      key: 'length',
      title: texts.usualLength,
      from: 'md',
      render: ({ expiresInSeconds }) =>
        expiresInSeconds === null ? (
          <Badge color="gray" variant="light">
            {texts.noProposal}
          </Badge>
        ) : (
          formatDuration(expiresInSeconds * 1000, common.duration)
        ),
    },
    ...(manage
      ? [
          {
            key: 'menu',
            title: common.actions,
            hideTitle: true,
            align: 'right',
            render: (alert: AlertJson) => <PreparedActions alert={alert} onEdit={onEdit} />,
          } as const,
        ]
      : []),
  ];
}

interface PreparedActionsProps {
  readonly alert: AlertJson;
  readonly onEdit: (alert: AlertJson) => void;
}

function PreparedActions({ alert, onEdit }: PreparedActionsProps) {
  const { alerts: texts, common } = useTexts();
  const session = useSession();
  const confirm = useConfirm();
  const raise = useRaiseAlert();
  const remove = useAction(() => session.call('DELETE', `/alerts/${alert.id}`), {
    changes: ['alert'],
    done: texts.preparedDeleted(alert.name),
  });
  return (
    <Group gap={4} wrap="nowrap" justify="flex-end">
      <Button
        size="compact-sm"
        color="red"
        variant="light"
        leftSection={<Siren size={14} aria-hidden />}
        aria-label={texts.raisePrepared(alert.name)}
        onClick={() => raise({ alertId: alert.id })}
      >
        {texts.raiseShort}
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`${common.actions}: ${alert.name}`}>
            <EllipsisVertical size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Pencil size={16} aria-hidden />} onClick={() => onEdit(alert)}>
            {common.edit}
          </Menu.Item>
          <Menu.Item
            color="red"
            leftSection={<Trash2 size={16} aria-hidden />}
            onClick={() =>
              confirm({
                title: texts.deleteTitle(alert.name),
                message: texts.deleteMessage,
                confirm: common.delete,
                onConfirm: () => remove.mutate(),
              })
            }
          >
            {common.delete}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}
