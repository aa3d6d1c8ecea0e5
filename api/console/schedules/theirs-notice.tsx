/** Somebody else has saved the schedule that is being edited: what they changed, and whose version to go on with. */
import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { GitMerge } from 'lucide-react';
import { useTexts } from '../texts/texts-context.tsx';
import { useConfirm } from '../ui/confirm-context.tsx';
import type { EditedDraft, Theirs } from './use-draft.ts';

export function TheirsNotice({ edited, theirs }: { readonly edited: EditedDraft; readonly theirs: Theirs }) {
  const { schedules, common } = useTexts();
  const texts = schedules.editor;
  const confirm = useConfirm();
  const named = (fields: Theirs['changed']): string => fields.map((field) => texts.fields[field]).join(', ');
  return (
    <Alert color="orange" icon={<GitMerge aria-hidden />} title={texts.theirsTitle} role="alert">
      <Stack gap="xs">
        <Text size="sm">
          {texts.theirsMessage} {theirs.changed.length > 0 && texts.theirsFields(named(theirs.changed))}{' '}
          {theirs.changedByBoth.length > 0 && texts.theirsBoth(named(theirs.changedByBoth))}
        </Text>
        <Group gap="xs">
          <Button
            size="xs"
            onClick={() => {
              edited.rebase();
              notifications.show({ color: 'teal', message: texts.keptMine });
            }}
          >
            {texts.keepMine}
          </Button>
          <Button
            size="xs"
            variant="default"
            onClick={() =>
              confirm({
                title: texts.discardTitle,
                message: texts.discardMessage,
                confirm: common.showTheirs,
                onConfirm: edited.discard,
              })
            }
          >
            {common.showTheirs}
          </Button>
        </Group>
      </Stack>
    </Alert>
  );
}
