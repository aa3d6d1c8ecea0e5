/** A password that was made up, shown this once. */
import { Button, Code, CopyButton, Group, Stack, Text } from '@mantine/core';
import type { UserWithPassword } from '../../users/user-json.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { Dialog } from '../ui/dialog.tsx';

export function PasswordOnce({ user, onClose }: { readonly user: UserWithPassword; readonly onClose: () => void }) {
  const { users: texts, common } = useTexts();
  const password = user.generatedPassword ?? '';
  return (
    <Dialog onClose={onClose} closeOnClickOutside={false} title={texts.passwordOf(user.displayName)}>
      <Stack>
        <Text size="sm">{texts.passwordOnce}</Text>
        <Group>
          <Code fz="lg">{password}</Code>
          <CopyButton value={password}>
            {({ copied, copy }) => (
              <Button variant="default" size="xs" onClick={copy}>
                {copied ? common.copied : common.copy}
              </Button>
            )}
          </CopyButton>
        </Group>
      </Stack>
    </Dialog>
  );
}
