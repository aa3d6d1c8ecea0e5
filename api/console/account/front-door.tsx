/** What stands before the console: finding the server, signing in, choosing a new password. */
import { Button, Center, Loader, Paper, Stack, Text, Title } from '@mantine/core';
import { useEffect, useState, type ReactNode } from 'react';
import { useSession, useSessionState } from '../session/session-context.tsx';
import { Mark } from '../shell/mark.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { FailureNotice } from '../ui/failure-notice.tsx';
import { PasswordForm } from './password-form.tsx';
import { SignInForm } from './sign-in-form.tsx';

/** How often a server that was not there is looked for, in milliseconds. */
const LOOK_AGAIN_MS = 5_000;

/** Lets in who is signed in and has a password of their own. */
export function FrontDoor({ children }: { readonly children: ReactNode }) {
  const state = useSessionState();
  const texts = useTexts().shell;
  useEffect(() => {
    if (state.phase === 'signed-out') document.title = texts.signInTitle;
  }, [state.phase, texts]);
  if (state.phase === 'starting') return <Starting />;
  if (state.phase === 'signed-out')
    return (
      <Porch title={texts.signInTitle}>
        <SignInForm />
      </Porch>
    );
  if (state.user.mustChangePassword)
    return (
      <Porch title={texts.newPasswordTitle}>
        <Text size="sm">{texts.newPasswordHint}</Text>
        <PasswordForm />
      </Porch>
    );
  return children;
}

function Starting() {
  const session = useSession();
  const texts = useTexts().shell;
  const [failure, setFailure] = useState<Error | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let over = false;
    const look = async (): Promise<void> => {
      const failed = await session.start();
      if (over) return;
      setFailure(failed);
      if (failed !== null) timer = setTimeout(() => void look(), LOOK_AGAIN_MS);
    };
    void look();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [session]);
  if (failure === null)
    return (
      <Center h="100vh" role="status" aria-label={texts.starting}>
        <Loader />
      </Center>
    );
  return (
    <Porch title={texts.startFailed}>
      <FailureNotice cause={failure} />
      <Button variant="default" onClick={() => void session.signOut()}>
        {texts.signOut}
      </Button>
    </Porch>
  );
}

function Porch({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder radius="md" p="xl" w={420} maw="100%" shadow="sm">
        <Stack>
          <Mark size={44} />
          <Title order={1} size="h3">
            {title}
          </Title>
          {children}
        </Stack>
      </Paper>
    </Center>
  );
}
