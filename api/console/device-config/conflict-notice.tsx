/** Says that what is being edited was changed by somebody else, and keeps what was typed. */
import { Alert, Button, Stack, Text } from '@mantine/core';
import { GitMerge } from 'lucide-react';
import { useTexts } from '../texts/texts-context.tsx';

export function ConflictNotice({ onTheirs }: { readonly onTheirs: () => void }) {
  const texts = useTexts().common;
  return (
    <Alert
      color="orange"
      variant="light"
      icon={<GitMerge aria-hidden />}
      role="alert"
      title={texts.failures.VERSION_CONFLICT}
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{texts.changedMeanwhile}</Text>
        <Button size="xs" variant="default" onClick={onTheirs}>
          {texts.showTheirs}
        </Button>
      </Stack>
    </Alert>
  );
}
