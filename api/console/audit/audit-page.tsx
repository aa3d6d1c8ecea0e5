/** Who did what, and when. */
import { Group, TextInput } from '@mantine/core';
import { ScrollText } from 'lucide-react';
import { useTexts } from '../texts/texts-context.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { useListQuery } from '../ui/list-query.ts';
import { ListTable } from '../ui/list-table.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { SearchField } from '../ui/search-field.tsx';
import { useUrlState } from '../ui/url-state.ts';
import { auditColumns, type AuditLine } from './audit-columns.tsx';

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
              columns={auditColumns(texts)}
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
