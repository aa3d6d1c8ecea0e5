/** Stands below the page while there is something to save. */
import { Button, Group, List, Paper, Stack, Text } from '@mantine/core';
import { Save } from 'lucide-react';
import { useTexts } from '../texts/texts-context.tsx';
import { useConfirm } from '../ui/confirm-context.tsx';
import type { EditedDraft } from './use-draft.ts';
import type { Saving } from './use-save.ts';

export interface SaveBarProps {
  readonly edited: EditedDraft;
  readonly isNew: boolean;
  readonly save: Saving;
}

export function SaveBar({ edited, isNew, save }: SaveBarProps) {
  const { schedules, common } = useTexts();
  const texts = schedules.editor;
  const confirm = useConfirm();
  return (
    <Paper withBorder shadow="md" p="sm" pos="sticky" bottom={8} style={{ zIndex: 50 }}>
      <Stack gap="xs">
        {save.blocked.length > 0 && (
          <div role="alert">
            <Text size="sm" fw={600}>
              {texts.cannotSave}
            </Text>
            <List size="sm">
              {save.blocked.map((problem) => (
                <List.Item key={problem}>{problem}</List.Item>
              ))}
            </List>
          </div>
        )}
        <Group justify="space-between" gap="xs">
          <Text size="sm" fw={500}>
            {isNew ? texts.unsavedNew : texts.unsaved}
          </Text>
          <Group gap="xs">
            {edited.isDirty && (
              <Button
                variant="default"
                onClick={() =>
                  confirm({
                    title: texts.discardTitle,
                    message: texts.discardMessage,
                    confirm: texts.discard,
                    onConfirm: edited.discard,
                  })
                }
              >
                {texts.discard}
              </Button>
            )}
            <Button leftSection={<Save size={16} aria-hidden />} onClick={save.save} loading={save.isPending}>
              {common.save}
            </Button>
          </Group>
        </Group>
      </Stack>
    </Paper>
  );
}
