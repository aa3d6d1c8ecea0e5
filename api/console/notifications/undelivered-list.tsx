/** Events that could not be delivered, and another try. */
import { Button, Text } from '@mantine/core';
import { MailCheck } from 'lucide-react';
import type { Static } from 'typebox';
import type { DeadLetterJson } from '../../notifications/dead-letters.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Ago } from '../ui/ago.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { useListQuery } from '../ui/list-query.ts';
import { ListTable, type Column } from '../ui/list-table.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { useUrlState } from '../ui/url-state.ts';
import { useAction } from '../ui/use-action.ts';

type DeadLetter = Static<typeof DeadLetterJson>;

const VIEW = { page: '1' };

export function UndeliveredList() {
  const { notifications: texts, common } = useTexts();
  const [view, setView] = useUrlState(VIEW);
  const query = useListQuery<DeadLetter>('deadLetter', '/notifications/dead-letters', { ...view, limit: 25 });
  const columns: readonly Column<DeadLetter>[] = [
    { key: 'at', title: texts.at, render: ({ diedAt }) => <Ago at={diedAt} /> },
    { key: 'kind', title: texts.kind, render: ({ kind }) => texts.kinds[kind] },
    {
      key: 'to',
      title: texts.to,
      from: 'sm',
      render: ({ channel, webhookName }) => (channel === 'sns' ? texts.topic : (webhookName ?? common.unknown)),
    },
    { key: 'why', title: texts.why, render: ({ lastError }) => <Text size="sm">{lastError}</Text> },
    { key: 'attempts', title: texts.attempts, from: 'sm', align: 'right', render: ({ attempts }) => attempts },
    {
      key: 'retry',
      title: common.actions,
      hideTitle: true,
      align: 'right',
      render: ({ id }) => <Retry id={id} />,
    },
  ];
  return (
    <Loaded query={query} lines={3}>
      {(data) =>
        data.total === 0 ? (
          <EmptyState icon={MailCheck} title={texts.nothingUndelivered} hint={texts.nothingUndeliveredHint} />
        ) : (
          <ListTable
            label={texts.undelivered}
            columns={columns}
            data={data}
            rowKey={({ id }) => id}
            onPage={(page) => setView({ page: String(page) })}
          />
        )
      }
    </Loaded>
  );
}

function Retry({ id }: { readonly id: number }) {
  const texts = useTexts().notifications;
  const session = useSession();
  const retry = useAction(() => session.call('POST', `/notifications/dead-letters/${id}/retry`, { body: {} }), {
    changes: ['deadLetter'],
    done: texts.retried,
  });
  return (
    <Button size="compact-sm" variant="default" loading={retry.isPending} onClick={() => retry.mutate()}>
      {texts.retry}
    </Button>
  );
}
