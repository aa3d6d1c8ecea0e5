/** Adding and editing a user. */
import { Button, Group, Radio, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import type { UserJson, UserWithPassword } from '../../users/user-json.ts';
import { GroupTreePicker } from '../pickers/group-tree-picker.tsx';
import { ApiFailure } from '../session/api-failure.ts';
import { useSession, useUser } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { useAction } from '../ui/use-action.ts';

const ROLES = ['user', 'manager', 'admin'] as const;

export interface UserFormProps {
  /** The user to edit; null adds one. */
  readonly user: UserJson | null;
  readonly onClose: () => void;
  /** Called with what has to be told once: the password that was made up. */
  readonly onPassword: (user: UserWithPassword) => void;
}

export function UserForm({ user, onClose, onPassword }: UserFormProps) {
  const { users: texts, common } = useTexts();
  const session = useSession();
  const me = useUser();
  const form = useForm({
    initialValues: {
      username: user?.username ?? '',
      displayName: user?.displayName ?? '',
      role: user?.role ?? 'user',
      groupIds: [...(user?.groupIds ?? [])],
      enabled: user?.status !== 'disabled',
    },
  });
  const save = useAction(
    ({ enabled, ...values }: typeof form.values) => {
      const { username, displayName, role, groupIds } = values;
      const fields = { username, role, groupIds, ...(displayName.trim() === '' ? {} : { displayName }) };
      return user === null
        ? session.call<UserWithPassword>('POST', '/users', { body: fields })
        : session.call<UserWithPassword>('PUT', `/users/${user.id}`, {
            body: { ...fields, status: enabled ? 'active' : 'disabled', version: user.version },
          });
    },
    {
      changes: ['user'],
      done: (saved) => (user === null ? texts.created(saved.displayName) : texts.saved(saved.displayName)),
      onDone: (saved) => {
        onClose();
        if (saved.generatedPassword !== undefined) onPassword(saved);
      },
      onFailure: (cause) => {
        if (!(cause instanceof ApiFailure) || cause.details.length === 0) return false;
        form.setErrors(cause.byField());
        return true;
      },
    },
  );
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
          <Radio.Group {...form.getInputProps('role')} label={texts.role}>
            <Stack gap="xs" mt={4}>
              {ROLES.map((role) => (
                <Radio
                  key={role}
                  value={role}
                  label={texts.roles[role]}
                  description={texts.roleHints[role]}
                  disabled={isMe}
                />
              ))}
            </Stack>
          </Radio.Group>
          {form.values.role !== 'admin' && (
            <div>
              <Text size="sm" fw={500}>
                {texts.groups}
              </Text>
              <GroupTreePicker
                label={texts.groups}
                value={form.values.groupIds}
                onChange={(groupIds) => form.setFieldValue('groupIds', groupIds)}
              />
              {form.values.groupIds.length === 0 && (
                <Text size="xs" c="dimmed">
                  {texts.noGroups}
                </Text>
              )}
            </div>
          )}
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
