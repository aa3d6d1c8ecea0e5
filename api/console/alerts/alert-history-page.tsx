/** Every alert that was raised, searched and filtered; the filters are in the address. */
import { Badge, Box, Button, Group, Select, Text, TextInput } from '@mantine/core';
import { History } from 'lucide-react';
import type { NamedDeploymentJson } from '../../alerts/deployment-names.ts';
import { useMay } from '../session/session-context.tsx';
import { useRaiseAlert } from '../shell/raise-alert-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { useListQuery } from '../ui/list-query.ts';
import { ListTable, type Column } from '../ui/list-table.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { SearchField } from '../ui/search-field.tsx';
import { SeverityBadge } from '../ui/severity-badge.tsx';
import { formatDateTime, formatDuration } from '../ui/time-format.ts';
import { useUrlState } from '../ui/url-state.ts';
import { AlertPages } from './alert-pages.tsx';

const VIEW = { q: '', severity: '', drill: '', status: '', from: '', to: '', sort: '-startedAt', page: '1' };

/** A local date and time of a form as an instant of the API; undefined for none. */
function instantOf(local: string): string | undefined {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

export function AlertHistoryPage() {
  const { alerts: texts } = useTexts();
  const [view, setView] = useUrlState(VIEW);
  const { from, to, ...rest } = view;
  const query = useListQuery<NamedDeploymentJson>('alertDeployment', '/alerts/deployments', {
    ...rest,
    from: instantOf(from),
    to: instantOf(to),
    limit: 50,
  });
  const columns = useColumns();
  const isFiltered = Object.entries(view).some(([name, value]) => name !== 'sort' && name !== 'page' && value !== '');
  return (
    <Page title={texts.historyTitle} description={texts.historyDescription} actions={<AlertPages />}>
      <Filters view={view} setView={setView} isFiltered={isFiltered} />
      <Loaded query={query} lines={8}>
        {(data) =>
          data.total === 0 ? (
            <Nothing isFiltered={isFiltered} />
          ) : (
            <ListTable
              label={texts.history}
              columns={columns}
              data={data}
              rowKey={({ deploymentId }) => deploymentId}
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

interface FiltersProps {
  readonly view: typeof VIEW;
  readonly setView: (change: Partial<typeof VIEW>) => void;
  readonly isFiltered: boolean;
}

function Filters({ view, setView, isFiltered }: FiltersProps) {
  const { alerts: texts, common } = useTexts();
  return (
    <Group align="flex-end" gap="sm">
      <SearchField label={texts.searchHistory} value={view.q} onChange={(q) => setView({ q, page: '1' })} />
      <Filter
        label={texts.severity}
        any={texts.anySeverity}
        value={view.severity}
        onChange={(severity) => setView({ severity, page: '1' })}
        options={common.severity}
      />
      <Filter
        label={texts.drills}
        any={texts.realAndDrills}
        value={view.drill}
        onChange={(drill) => setView({ drill, page: '1' })}
        options={{ false: texts.realOnly, true: texts.drillsOnly }}
      />
      <Filter
        label={texts.state}
        any={texts.anyStatus}
        value={view.status}
        onChange={(status) => setView({ status, page: '1' })}
        options={texts.status}
      />
      <TextInput
        type="datetime-local"
        label={texts.from}
        value={view.from}
        onChange={(event) => setView({ from: event.currentTarget.value, page: '1' })}
      />
      <TextInput
        type="datetime-local"
        label={texts.to}
        value={view.to}
        onChange={(event) => setView({ to: event.currentTarget.value, page: '1' })}
      />
      {isFiltered && (
        <Button variant="subtle" onClick={() => setView({ ...VIEW, sort: view.sort })}>
          {common.clearFilters}
        </Button>
      )}
    </Group>
  );
}

interface FilterProps {
  readonly label: string;
  /** What no filter is called. */
  readonly any: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly options: Readonly<Record<string, string>>;
}

function Filter({ label, any, value, onChange, options }: FilterProps) {
  return (
    <Select
      aria-label={label}
      placeholder={any}
      data={Object.entries(options).map(([option, name]) => ({ value: option, label: name }))}
      value={value === '' ? null : value}
      onChange={(picked) => onChange(picked ?? '')}
      clearable
      clearButtonProps={{ 'aria-label': any }}
      w={155}
    />
  );
}

function Nothing({ isFiltered }: { readonly isFiltered: boolean }) {
  const { alerts: texts, common } = useTexts();
  const raise = useRaiseAlert();
  const { manage } = useMay();
  if (isFiltered) return <EmptyState icon={History} title={common.nothingFound} hint={common.nothingFoundHint} />;
  return (
    <EmptyState
      icon={History}
      title={texts.noHistory}
      {...(manage
        ? { hint: texts.noHistoryHint, action: <Button onClick={() => raise({ drill: true })}>{texts.raise}</Button> }
        : {})}
    />
  );
}

function useColumns(): readonly Column<NamedDeploymentJson>[] {
  const { alerts: texts, common } = useTexts();
  return [
    {
      key: 'what',
      title: texts.what,
      render: ({ deploymentId, title, message, severity, drill }) => (
        <>
          <AnchorLink to={`/alerts/${deploymentId}`} fw={500} size="sm">
            {title}
          </AnchorLink>
          <Text size="xs" c="dimmed" lineClamp={1} visibleFrom="sm">
            {message}
          </Text>
          <Box hiddenFrom="xs">
            <SeverityBadge severity={severity} drill={drill} />
          </Box>
        </>
      ),
    },
    {
      key: 'severity',
      title: texts.severity,
      from: 'xs',
      render: ({ severity, drill }) => <SeverityBadge severity={severity} drill={drill} />,
    },
    {
      key: 'at',
      title: texts.raisedAt,
      sort: 'startedAt',
      render: ({ startedAt }) => <time dateTime={startedAt}>{formatDateTime(startedAt)}</time>,
    },
    {
      key: 'state',
      title: texts.state,
      from: 'sm',
      render: ({ status }) => (
        <Badge color={status === 'active' ? 'red' : 'gray'} variant="light">
          {texts.status[status]}
        </Badge>
      ),
    },
    { key: 'who', title: texts.who, from: 'md', render: ({ startedByName }) => startedByName ?? common.unknown },
    {
      key: 'targets',
      title: texts.targets,
      from: 'sm',
      align: 'right',
      render: ({ targets }) => common.count(targets.total),
    },
    {
      key: 'lasted',
      title: texts.lasted,
      from: 'md',
      align: 'right',
      render: (deployment) => {
        const end = endOf(deployment);
        return end === null ? '' : formatDuration(end - Date.parse(deployment.startedAt), common.duration);
      },
    },
  ];
}

function endOf({ status, stoppedAt, expiresAt }: NamedDeploymentJson): number | null {
  if (status === 'active') return null;
  return Date.parse(status === 'stopped' && stoppedAt !== null ? stoppedAt : expiresAt);
}
