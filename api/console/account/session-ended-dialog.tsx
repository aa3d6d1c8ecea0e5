/** The session has ended while somebody was at work: they sign in again over their page, and nothing of it is lost. */
import { Stack, Text } from '@mantine/core';
import { useSessionState } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { SignInForm } from './sign-in-form.tsx';

export function SessionEndedDialog() {
  const texts = useTexts().shell;
  const state = useSessionState();
  if (state.phase !== 'expired') return null;
  return (
    <Dialog title={texts.sessionEnded} onClose={() => undefined} closable={false}>
      <Stack>
        <Text size="sm">{texts.sessionEndedHint}</Text>
        <SignInForm username={state.user.username} />
      </Stack>
    </Dialog>
  );
}
