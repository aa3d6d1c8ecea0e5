/** Adding and editing a user. */
import { Button, Group, Radio, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useForm, type UseFormReturnType } from '@mantine/form';
import type { UserJson, UserWithPassword } from '../../users/user-json.ts';
import { GroupTreePicker } from '../pickers/group-tree-picker.tsx';
import { ApiFailure } from '../session/api-failure.ts';
import { useSession, useUser } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { useAction } from '../ui/use-action.ts';

const ROLES = ['user', 'manager', 'admin'] as const;

interface UserValues {
  username: string;
  displayName: string;
  role: UserJson['role'];
  groupIds: number[];
  enabled: boolean;
}

export interface UserFormProps {
  /** The user to edit; null adds one. */
  readonly user: UserJson | null;
  readonly onClose: () => void;
  /** Called with what has to be told once: the password that was made up. */
  readonly onPassword: (user: UserWithPassword) => void;
}

export function UserForm({ user, onClose, onPassword }: UserFormProps) {
  const { users: texts, common } = useTexts();
  const me = useUser();
  const form = useForm<UserValues>({
    initialValues: {
      username: user?.username ?? '',
      displayName: user?.displayName ?? '',
      role: user?.role ?? 'user',
      groupIds: [...(user?.groupIds ?? [])],
      enabled: user?.status !== 'disabled',
    },
  });
  const save = useSave(user, form, (saved) => {
    onClose();
    if (saved.generatedPassword !== undefined) onPassword(saved);
  });
  const isMe = user?.id === me.id;
  return (
    <Dialog onClose={onClose} size="lg" title={user === null ? texts.add : texts.edit(user.displayName)}>
      <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
        <Stack>
          <TextInput
            {...form.getInputProps('username')}
            label={texts.username}
            description={texts.usernameHint}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            required
            data-autofocus
          />
          <TextInput
            {...form.getInputProps('displayName')}
            label={texts.displayName}
            autoComplete="off"
            maxLength={120}
          />
          <RoleAndGroups form={form} roleIsFixed={isMe} />
          {user !== null && !isMe && (
            <Switch {...form.getInputProps('enabled', { type: 'checkbox' })} label={texts.enabled} />
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {common.cancel}
            </Button>
            <Button type="submit" loading={save.isPending}>
              {common.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

/** Creates or changes the user; what is wrong with a field is said at the field. */
function useSave(
  user: UserJson | null,
  form: UseFormReturnType<UserValues>,
  onSaved: (saved: UserWithPassword) => void,
) {
  const texts = useTexts().users;
  const session = useSession();
  return useAction(
    ({ username, displayName, role, groupIds, enabled }: UserValues) => {
      const fields = { username, role, groupIds, ...(displayName.trim() === '' ? {} : { displayName }) };
      if (user === null) return session.call<UserWithPassword>('POST', '/users', { body: fields });
      const body = { ...fields, status: enabled ? 'active' : 'disabled', version: user.version };
      return session.call<UserWithPassword>('PUT', `/users/${user.id}`, { body });
    },
    {
      changes: ['user'],
      done: ({ displayName }) => (user === null ? texts.created(displayName) : texts.saved(displayName)),
      onDone: onSaved,
      onFailure: (cause) => {
        if (!(cause instanceof ApiFailure) || cause.details.length === 0) return false;
        form.setErrors(cause.byField());
        return true;
      },
    },
  );
}

interface RoleAndGroupsProps {
  readonly form: UseFormReturnType<UserValues>;
  /** Nobody takes their own role away. */
  readonly roleIsFixed: boolean;
}

function RoleAndGroups({ form, roleIsFixed }: RoleAndGroupsProps) {
  const texts = useTexts().users;
  const { role, groupIds } = form.values;
  return (
    <>
      <Radio.Group {...form.getInputProps('role')} label={texts.role}>
        <Stack gap="xs" mt={4}>
          {ROLES.map((one) => (
            <Radio
              key={one}
              value={one}
              label={texts.roles[one]}
              description={texts.roleHints[one]}
              disabled={roleIsFixed}
            />
          ))}
        </Stack>
      </Radio.Group>
      {role !== 'admin' && (
        <div>
          <Text size="sm" fw={500}>
            {texts.groups}
          </Text>
          <GroupTreePicker
            label={texts.groups}
            value={groupIds}
            onChange={(ids) => form.setFieldValue('groupIds', ids)}
          />
          {groupIds.length === 0 && (
            <Text size="xs" c="dimmed">
              {texts.noGroups}
            </Text>
          )}
        </div>
      )}
    </>
  );
}
