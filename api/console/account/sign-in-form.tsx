/** Username and password. */
import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { CircleAlert } from 'lucide-react';
import { ApiFailure } from '../session/api-failure.ts';
import { useSession } from '../session/session-context.tsx';
import type { Texts } from '../texts/english.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { failureText } from '../ui/failure-notice.tsx';

export interface SignInFormProps {
  /** Who has to sign in again; anybody when left out. */
  readonly username?: string;
  readonly onSignedIn?: () => void;
}

export function SignInForm({ username, onSignedIn }: SignInFormProps) {
  const texts = useTexts();
  const session = useSession();
  const form = useForm({ mode: 'uncontrolled', initialValues: { username: username ?? '', password: '' } });
  const signIn = useMutation({
    mutationFn: (values: { username: string; password: string }) =>
      session.signIn(values.username.trim(), values.password),
    onSuccess: () => onSignedIn?.(),
  });
  return (
    <form onSubmit={form.onSubmit((values) => signIn.mutate(values))}>
      <Stack>
        {signIn.isError && (
          <Alert color="red" icon={<CircleAlert aria-hidden />} role="alert">
            {whyNot(signIn.error, texts)}
          </Alert>
        )}
        <TextInput
          key={form.key('username')}
          {...form.getInputProps('username')}
          label={texts.shell.username}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          withAsterisk={false}
          readOnly={username !== undefined}
          data-autofocus={username === undefined}
        />
        <PasswordInput
          key={form.key('password')}
          {...form.getInputProps('password')}
          label={texts.shell.password}
          name="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          data-autofocus={username !== undefined}
        />
        <Button type="submit" loading={signIn.isPending}>
          {texts.shell.signIn}
        </Button>
      </Stack>
    </form>
  );
}

function whyNot(cause: Error, texts: Texts): string {
  if (cause instanceof ApiFailure && cause.code === 'UNAUTHENTICATED') return texts.shell.wrongPassword;
  if (cause instanceof ApiFailure && cause.code === 'RATE_LIMITED')
    return texts.shell.tooManyTries(Math.ceil((cause.retryAfterMs ?? 60_000) / 1000));
  return failureText(cause, texts.common);
}
