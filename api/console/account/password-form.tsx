/** Changing one's own password. */
import { Button, PasswordInput, Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import { ApiFailure } from '../session/api-failure.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { useAction } from '../ui/use-action.ts';

export function PasswordForm({ onChanged }: { readonly onChanged?: () => void }) {
  const texts = useTexts().account;
  const session = useSession();
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { currentPassword: '', newPassword: '', repeated: '' },
    validate: { repeated: (value, { newPassword }) => (value === newPassword ? null : texts.passwordsDiffer) },
  });
  const change = useAction(
    (values: { currentPassword: string; newPassword: string }) =>
      session.changePassword(values.currentPassword, values.newPassword),
    {
      done: texts.passwordChanged,
      onDone: () => {
        form.reset();
        onChanged?.();
      },
      onFailure: (cause) => {
        if (!(cause instanceof ApiFailure) || cause.details.length === 0) return false;
        form.setErrors(cause.byField());
        return true;
      },
    },
  );
  return (
    <form onSubmit={form.onSubmit((values) => change.mutate(values))}>
      <Stack maw={420}>
        <PasswordInput
          key={form.key('currentPassword')}
          {...form.getInputProps('currentPassword')}
          label={texts.currentPassword}
          autoComplete="current-password"
          required
        />
        <PasswordInput
          key={form.key('newPassword')}
          {...form.getInputProps('newPassword')}
          label={texts.newPassword}
          description={texts.passwordRule}
          autoComplete="new-password"
          required
        />
        <PasswordInput
          key={form.key('repeated')}
          {...form.getInputProps('repeated')}
          label={texts.repeatPassword}
          autoComplete="new-password"
          required
        />
        <Button type="submit" loading={change.isPending} w="fit-content">
          {texts.changePassword}
        </Button>
      </Stack>
    </form>
  );
}
