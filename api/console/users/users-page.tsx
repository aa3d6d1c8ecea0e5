/** The people who may sign in, and what they may do. */
import { ActionIcon, Badge, Button, Group, Menu, Select, Text } from '@mantine/core';
import { EllipsisVertical, KeyRound, Pencil, Trash2, UserPlus, Users } from 'lucide-react';
import { useState } from 'react';
import type { UserJson, UserWithPassword } from '../../users/user-json.ts';
import { groupPath, useGroups } from '../pickers/groups.ts';
import { useSession, useUser } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Ago } from '../ui/ago.tsx';
import { useConfirm } from '../ui/confirm-context.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { useListQuery } from '../ui/list-query.ts';
import { ListTable, type Column } from '../ui/list-table.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { SecretOnce } from '../ui/secret-once.tsx';
import { SearchField } from '../ui/search-field.tsx';
import { useUrlState } from '../ui/url-state.ts';
import { useAction } from '../ui/use-action.ts';
import { UserForm } from './user-form.tsx';

const VIEW = { q: '', role: '', sort: 'username', page: '1' };

export function UsersPage() {
  const { users: texts, common } = useTexts();
  const [view, setView] = useUrlState(VIEW);
  const [editing, setEditing] = useState<UserJson | 'new' | null>(null);
  const [told, setTold] = useState<UserWithPassword | null>(null);
  const query = useListQuery<UserJson>('user', '/users', { ...view, limit: 50 });
  const columns = useColumns(setEditing, setTold);
  return (
    <Page
      title={texts.title}
      description={texts.description}
      actions={
        <Button leftSection={<UserPlus size={16} aria-hidden />} onClick={() => setEditing('new')}>
          {texts.add}
        </Button>
      }
    >
      <Group>
        <SearchField label={texts.search} value={view.q} onChange={(q) => setView({ q, page: '1' })} />
        <Select
          aria-label={texts.role}
          placeholder={texts.anyRole}
          data={(['admin', 'manager', 'user'] as const).map((role) => ({ value: role, label: texts.roles[role] }))}
          value={view.role === '' ? null : view.role}
          onChange={(role) => setView({ role: role ?? '', page: '1' })}
          clearable
          clearButtonProps={{ 'aria-label': texts.anyRole }}
        />
      </Group>
      <Loaded query={query} lines={8}>
        {(data) =>
          data.total === 0 ? (
            <EmptyState icon={Users} title={common.nothingFound} hint={common.nothingFoundHint} />
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
      {editing !== null && (
        <UserForm user={editing === 'new' ? null : editing} onClose={() => setEditing(null)} onPassword={setTold} />
      )}
      {told !== null && (
        <SecretOnce
          title={texts.passwordOf(told.displayName)}
          hint={texts.passwordOnce}
          secret={told.generatedPassword ?? ''}
          onClose={() => setTold(null)}
        />
      )}
    </Page>
  );
}

function useColumns(
  onEdit: (user: UserJson) => void,
  onPassword: (user: UserWithPassword) => void,
): readonly Column<UserJson>[] {
  const { users: texts, common } = useTexts();
  const me = useUser();
  const groups = useGroups();
  const groupsOf = (user: UserJson): string => {
    if (user.role === 'admin') return texts.allGroups;
    const forest = groups.data;
    return forest === undefined ? '' : user.groupIds.map((id) => groupPath(forest, id)).join(', ');
  };
  return [
    {
      key: 'name',
      title: texts.displayName,
      sort: 'displayName',
      render: (user) => (
        <>
          <Text size="sm" fw={500}>
            {user.displayName} {user.id === me.id && <Badge size="xs">{texts.you}</Badge>}
          </Text>
          <Text size="xs" c="dimmed">
            {user.username}
          </Text>
        </>
      ),
    },
    { key: 'role', title: texts.role, sort: 'role', render: ({ role }) => texts.roles[role] },
    { key: 'groups', title: texts.groups, from: 'md', render: groupsOf },
    {
      key: 'state',
      title: texts.state,
      from: 'sm',
      render: ({ status }) => (
        <Badge color={status === 'active' ? 'teal' : 'gray'} variant="light">
          {texts.status[status]}
        </Badge>
      ),
    },
    {
      key: 'login',
      title: texts.lastLogin,
      sort: 'lastLoginAt',
      from: 'sm',
      render: ({ lastLoginAt }) => <Ago at={lastLoginAt} />,
    },
    {
      key: 'menu',
      title: common.actions,
      hideTitle: true,
      align: 'right',
      render: (user) => <UserMenu user={user} onEdit={onEdit} onPassword={onPassword} />,
    },
  ];
}

interface UserMenuProps {
  readonly user: UserJson;
  readonly onEdit: (user: UserJson) => void;
  readonly onPassword: (user: UserWithPassword) => void;
}

function UserMenu({ user, onEdit, onPassword }: UserMenuProps) {
  const { users: texts, common } = useTexts();
  const session = useSession();
  const confirm = useConfirm();
  const me = useUser();
  const reset = useAction(
    () => session.call<UserWithPassword>('POST', `/users/${user.id}/reset-password`, { body: {} }),
    { changes: ['user'], onDone: onPassword },
  );
  const remove = useAction(() => session.call('DELETE', `/users/${user.id}`), {
    changes: ['user'],
    done: texts.removed(user.displayName),
  });
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`${common.actions}: ${user.displayName}`}>
          <EllipsisVertical size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<Pencil size={16} aria-hidden />} onClick={() => onEdit(user)}>
          {common.edit}
        </Menu.Item>
        {user.id !== me.id && (
          <>
            <Menu.Item
              leftSection={<KeyRound size={16} aria-hidden />}
              onClick={() =>
                confirm({
                  title: texts.resetTitle(user.displayName),
                  message: texts.resetMessage,
                  confirm: texts.resetPassword,
                  onConfirm: () => reset.mutate(),
                })
              }
            >
              {texts.resetPassword}
            </Menu.Item>
            <Menu.Item
              color="red"
              leftSection={<Trash2 size={16} aria-hidden />}
              onClick={() =>
                confirm({
                  title: texts.removeTitle(user.displayName),
                  message: texts.removeMessage,
                  confirm: common.delete,
                  onConfirm: () => remove.mutate(),
                })
              }
            >
              {common.delete}
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
