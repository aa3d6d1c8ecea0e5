/** Something that is shown this once: a password, a key. */
import { Button, Code, CopyButton, Group, Stack, Text } from '@mantine/core';
import { useTexts } from '../texts/texts-context.tsx';
import { Dialog } from './dialog.tsx';

export interface SecretOnceProps {
  readonly title: string;
  /** Whom to give it to, and that it does not come again. */
  readonly hint: string;
  readonly secret: string;
  readonly onClose: () => void;
}

export function SecretOnce({ title, hint, secret, onClose }: SecretOnceProps) {
  const { common } = useTexts();
  return (
    <Dialog onClose={onClose} closeOnClickOutside={false} title={title}>
      <Stack>
        <Text size="sm">{hint}</Text>
        <Group>
          <Code fz="md" style={{ overflowWrap: 'anywhere' }}>
            {secret}
          </Code>
          {/* Clipboards are for secure contexts alone; elsewhere it is selected and copied by hand. */}
          {'clipboard' in navigator && (
            <CopyButton value={secret}>
              {({ copied, copy }) => (
                <Button variant="default" size="xs" onClick={copy}>
                  {copied ? common.copied : common.copy}
                </Button>
              )}
            </CopyButton>
          )}
        </Group>
      </Stack>
    </Dialog>
  );
}
