/** Who did what, and when. */
import { Code, Collapse, Group, Text, TextInput, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { ChevronDown, ChevronRight, ScrollText } from 'lucide-react';
import { useTexts } from '../texts/texts-context.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { useListQuery } from '../ui/list-query.ts';
import { ListTable, type Column } from '../ui/list-table.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { SearchField } from '../ui/search-field.tsx';
import { formatDateTime } from '../ui/time-format.ts';
import { useUrlState } from '../ui/url-state.ts';

/** A line of the audit, as `GET /audit` has it. */
export interface AuditLine {
  readonly id: number;
  readonly username: string | null;
  readonly action: string;
  readonly entity: string;
  readonly entityId: number | null;
  readonly detail: unknown;
  readonly ip: string | null;
  readonly createdAt: string;
}

const VIEW = { username: '', action: '', from: '', to: '', entity: '', entityId: '', page: '1' };

/** A local date and time of a form as an instant of the API; undefined for none. */
function instantOf(local: string): string | undefined {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

export function AuditPage() {
  const { audit: texts, common } = useTexts();
  const [view, setView] = useUrlState(VIEW);
  const { from, to, ...rest } = view;
  const query = useListQuery<AuditLine>('audit', '/audit', {
    ...rest,
    from: instantOf(from),
    to: instantOf(to),
    limit: 50,
  });
  return (
    <Page title={texts.title} description={texts.description}>
      <Group align="flex-end">
        <SearchField
          label={texts.username}
          value={view.username}
          onChange={(username) => setView({ username, page: '1' })}
        />
        <SearchField
          label={texts.actionHint}
          value={view.action}
          onChange={(action) => setView({ action, page: '1' })}
        />
        <TextInput
          type="datetime-local"
          label={texts.from}
          value={from}
          onChange={(event) => setView({ from: event.currentTarget.value, page: '1' })}
        />
        <TextInput
          type="datetime-local"
          label={texts.to}
          value={to}
          onChange={(event) => setView({ to: event.currentTarget.value, page: '1' })}
        />
      </Group>
      <Loaded query={query} lines={10}>
        {(data) =>
          data.total === 0 ? (
            <EmptyState icon={ScrollText} title={common.nothingFound} hint={common.nothingFoundHint} />
          ) : (
            <ListTable
              label={texts.title}
              columns={columnsOf(texts)}
              data={data}
              rowKey={({ id }) => id}
              onPage={(page) => setView({ page: String(page) })}
            />
          )
        }
      </Loaded>
    </Page>
  );
}

function columnsOf(texts: ReturnType<typeof useTexts>['audit']): readonly Column<AuditLine>[] {
  return [
    {
      key: 'at',
      title: texts.at,
      render: ({ createdAt }) => <time dateTime={createdAt}>{formatDateTime(createdAt)}</time>,
    },
    { key: 'who', title: texts.who, render: ({ username }) => username ?? texts.byNobody },
    { key: 'action', title: texts.action, render: (line) => <Action line={line} /> },
    {
      key: 'what',
      title: texts.what,
      from: 'sm',
      render: ({ entity, entityId }) => (entityId === null ? entity : `${entity} ${entityId}`),
    },
    { key: 'ip', title: texts.address, from: 'md', render: ({ ip }) => ip ?? '' },
  ];
}

/** The action, and what it was in detail on demand. */
function Action({ line }: { readonly line: AuditLine }) {
  const { details } = useTexts().audit;
  const [opened, { toggle }] = useDisclosure(false);
  const hasDetail = line.detail !== null && JSON.stringify(line.detail) !== '{}';
  if (!hasDetail) return <Text size="sm">{line.action}</Text>;
  const Icon = opened ? ChevronDown : ChevronRight;
  return (
    <>
      <UnstyledButton onClick={toggle} aria-expanded={opened} aria-label={`${line.action}: ${details}`} fz="sm">
        <Group gap={4} wrap="nowrap">
          <Icon size={14} aria-hidden />
          {line.action}
        </Group>
      </UnstyledButton>
      <Collapse expanded={opened}>
        <Code block maw={560}>
          {JSON.stringify(line.detail, null, 2)}
        </Code>
      </Collapse>
    </>
  );
}
