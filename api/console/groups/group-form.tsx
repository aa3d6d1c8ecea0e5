/** Making a group, and renaming one. */
import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import type { GroupJson } from '../../groups/group-json.ts';
import { ConflictNotice } from '../device-config/conflict-notice.tsx';
import { GroupSelect } from '../pickers/group-select.tsx';
import { ApiFailure } from '../session/api-failure.ts';
import { newKey } from '../session/new-key.ts';
import { useMay, useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { useAction } from '../ui/use-action.ts';
import { useSaveGroup } from './save-group.ts';

export interface NewGroupDialogProps {
  /** Where it is to stand; null: at the top. */
  readonly parentId: number | null;
  readonly onClose: () => void;
  readonly onMade: (group: GroupJson) => void;
}

export function NewGroupDialog({ parentId, onClose, onMade }: NewGroupDialogProps) {
  const { groups: texts, common } = useTexts();
  const { administer } = useMay();
  const session = useSession();
  const [key] = useState(newKey);
  const form = useForm({ initialValues: { name: '', parentId } });
  const make = useAction(
    (body: typeof form.values) => session.call<GroupJson>('POST', '/groups', { body, idempotencyKey: key }),
    {
      changes: ['group', 'audit'],
      done: ({ name }) => texts.made(name),
      onDone: (group) => {
        onClose();
        onMade(group);
      },
      onFailure: (cause) => {
        if (!(cause instanceof ApiFailure) || cause.details.length === 0) return false;
        form.setErrors(cause.byField());
        return true;
      },
    },
  );
  return (
    <Dialog title={texts.add} onClose={onClose}>
      <form onSubmit={form.onSubmit((values) => make.mutate(values))}>
        <Stack>
          <TextInput {...form.getInputProps('name')} label={common.name} required maxLength={120} data-autofocus />
          <GroupSelect
            label={texts.below}
            value={form.values.parentId}
            onChange={(id) => form.setFieldValue('parentId', id)}
            placeholder={texts.move.top}
            clearable={administer}
            error={form.errors['parentId']}
          />
          <FormButtons onClose={onClose} isPending={make.isPending} />
        </Stack>
      </form>
    </Dialog>
  );
}

export interface RenameGroupDialogProps {
  readonly group: GroupJson;
  readonly onClose: () => void;
}

export function RenameGroupDialog({ group, onClose }: RenameGroupDialogProps) {
  const { groups: texts, common } = useTexts();
  const [begun] = useState(group);
  const form = useForm({ initialValues: { name: begun.name } });
  const { save, conflict } = useSaveGroup(begun, { onSaved: onClose, onErrors: form.setErrors });
  return (
    <Dialog title={texts.renameTitle(group.name)} onClose={onClose}>
      <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
        <Stack>
          {conflict && <ConflictNotice onTheirs={() => form.setValues({ name: group.name })} />}
          <TextInput {...form.getInputProps('name')} label={common.name} required maxLength={120} data-autofocus />
          <FormButtons onClose={onClose} isPending={save.isPending} />
        </Stack>
      </form>
    </Dialog>
  );
}

interface FormButtonsProps {
  readonly onClose: () => void;
  readonly isPending: boolean;
}

function FormButtons({ onClose, isPending }: FormButtonsProps) {
  const texts = useTexts().common;
  return (
    <Group justify="flex-end">
      <Button variant="default" onClick={onClose}>
        {texts.cancel}
      </Button>
      <Button type="submit" loading={isPending}>
        {texts.save}
      </Button>
    </Group>
  );
}
