/** The addresses that are told of alerts. */
import { ActionIcon, Badge, Menu, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { EllipsisVertical, KeyRound, Pencil, Send, Trash2, Webhook } from 'lucide-react';
import type { Static } from 'typebox';
import type { TestOutcome } from '../../notifications/test-webhook.ts';
import type { WebhookJson } from '../../notifications/webhook-json.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { useConfirm } from '../ui/confirm-context.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { useListQuery } from '../ui/list-query.ts';
import { ListTable, type Column } from '../ui/list-table.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { useAction } from '../ui/use-action.ts';

export interface WebhookActions {
  readonly onEdit: (webhook: WebhookJson) => void;
  /** A secret that is to be shown once. */
  readonly onSecret: (webhook: WebhookJson, secret: string) => void;
}

/** No tenant has more than twenty. */
const LIMIT = 20;

export function WebhookList({ onEdit, onSecret }: WebhookActions) {
  const { notifications: texts, common } = useTexts();
  const query = useListQuery<WebhookJson>('webhook', '/webhooks', { limit: LIMIT });
  const columns: readonly Column<WebhookJson>[] = [
    {
      key: 'name',
      title: texts.name,
      render: ({ name, url }) => (
        <>
          <Text size="sm" fw={500}>
            {name}
          </Text>
          <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {url}
          </Text>
        </>
      ),
    },
    {
      key: 'events',
      title: texts.events,
      from: 'sm',
      render: ({ events }) => events.map((kind) => texts.kinds[kind]).join(', '),
    },
    {
      key: 'state',
      title: texts.enable,
      render: ({ enabled }) => (
        <Badge color={enabled ? 'teal' : 'gray'} variant="light">
          {enabled ? texts.enabled : texts.disabled}
        </Badge>
      ),
    },
    {
      key: 'menu',
      title: common.actions,
      hideTitle: true,
      align: 'right',
      render: (webhook) => <WebhookMenu webhook={webhook} onEdit={onEdit} onSecret={onSecret} />,
    },
  ];
  return (
    <Loaded query={query} lines={3}>
      {(data) =>
        data.total === 0 ? (
          <EmptyState icon={Webhook} title={texts.none} hint={texts.noneHint} />
        ) : (
          <ListTable
            label={texts.webhooks}
            columns={columns}
            data={data}
            rowKey={({ id }) => id}
            onPage={() => undefined}
          />
        )
      }
    </Loaded>
  );
}

function useWebhookActions(webhook: WebhookJson, onSecret: WebhookActions['onSecret']) {
  const texts = useTexts().notifications;
  const session = useSession();
  const path = `/webhooks/${webhook.id}`;
  const test = useAction(() => session.call<Static<typeof TestOutcome>>('POST', `${path}/test`, { body: {} }), {
    onDone: ({ delivered, elapsedMs, error }) =>
      notifications.show(
        delivered
          ? { color: 'teal', message: texts.testWorked(elapsedMs) }
          : { color: 'red', message: texts.testFailed(error ?? ''), role: 'alert' },
      ),
  });
  const rotate = useAction(() => session.call<{ secret: string }>('POST', `${path}/rotate-secret`, { body: {} }), {
    changes: ['webhook'],
    onDone: ({ secret }) => onSecret(webhook, secret),
  });
  const remove = useAction(() => session.call('DELETE', path), {
    changes: ['webhook'],
    done: texts.removed(webhook.name),
  });
  return { test, rotate, remove };
}

function WebhookMenu({ webhook, onEdit, onSecret }: WebhookActions & { readonly webhook: WebhookJson }) {
  const { notifications: texts, common } = useTexts();
  const confirm = useConfirm();
  const { test, rotate, remove } = useWebhookActions(webhook, onSecret);
  const askToRotate = (): void =>
    confirm({
      title: texts.rotateTitle(webhook.name),
      message: texts.rotateMessage,
      confirm: texts.rotate,
      onConfirm: () => rotate.mutate(),
    });
  const askToRemove = (): void =>
    confirm({
      title: texts.removeTitle(webhook.name),
      message: texts.removeMessage,
      confirm: common.delete,
      onConfirm: () => remove.mutate(),
    });
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          loading={test.isPending}
          aria-label={`${common.actions}: ${webhook.name}`}
        >
          <EllipsisVertical size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<Send size={16} aria-hidden />} onClick={() => test.mutate()}>
          {texts.test}
        </Menu.Item>
        <Menu.Item leftSection={<Pencil size={16} aria-hidden />} onClick={() => onEdit(webhook)}>
          {common.edit}
        </Menu.Item>
        <Menu.Item leftSection={<KeyRound size={16} aria-hidden />} onClick={askToRotate}>
          {texts.rotate}
        </Menu.Item>
        <Menu.Item color="red" leftSection={<Trash2 size={16} aria-hidden />} onClick={askToRemove}>
          {common.delete}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
