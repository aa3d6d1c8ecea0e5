/** One's own profile, password and ways of working. */
import { Button, Fieldset, Stack, Switch, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { groupPath, useGroups } from '../pickers/groups.ts';
import { useSession, useUser } from '../session/session-context.tsx';
import { RAISE_KEY, useRaiseKey } from '../shell/raise-alert-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Facts } from '../ui/facts.tsx';
import { Page } from '../ui/page.tsx';
import { useAction } from '../ui/use-action.ts';
import { PasswordForm } from './password-form.tsx';

export function AccountPage() {
  const texts = useTexts().account;
  const [keyIsOn, setKeyIsOn] = useRaiseKey();
  return (
    <Page title={texts.title}>
      <Stack maw={640}>
        <Profile />
        <Fieldset legend={texts.password}>
          <PasswordForm />
        </Fieldset>
        <Fieldset legend={texts.keyboard}>
          <Switch
            checked={keyIsOn}
            onChange={(event) => setKeyIsOn(event.currentTarget.checked)}
            label={texts.shortcut}
            description={texts.shortcutHint(RAISE_KEY)}
          />
        </Fieldset>
      </Stack>
    </Page>
  );
}

function Profile() {
  const { account: texts, common, users } = useTexts();
  const session = useSession();
  const user = useUser();
  const groups = useGroups();
  const form = useForm({ mode: 'uncontrolled', initialValues: { displayName: user.displayName } });
  const save = useAction(
    async ({ displayName }: { displayName: string }) => {
      await session.call('PUT', '/auth/me', { body: { displayName } });
      await session.readUser();
    },
    { done: texts.profileSaved, changes: ['user'] },
  );
  const forest = groups.data;
  const groupNames =
    user.role === 'admin'
      ? texts.allGroups
      : forest === undefined
        ? common.loading
        : user.groupIds.map((id) => groupPath(forest, id)).join(', ') || common.none;
  return (
    <Fieldset legend={texts.profile}>
      <Stack>
        <Facts
          items={[
            { label: texts.username, value: user.username },
            { label: texts.role, value: users.roles[user.role] },
            { label: texts.organisation, value: user.tenantName },
            { label: texts.groups, value: groupNames },
          ]}
        />
        <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
          <Stack maw={420}>
            <TextInput
              key={form.key('displayName')}
              {...form.getInputProps('displayName')}
              label={texts.displayName}
              maxLength={120}
              autoComplete="name"
              required
            />
            <Button type="submit" loading={save.isPending} w="fit-content">
              {common.save}
            </Button>
          </Stack>
        </form>
      </Stack>
    </Fieldset>
  );
}
