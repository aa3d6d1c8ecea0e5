/** Renaming a screen, and moving it to another group. */
import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import type { DeviceJson } from '../../devices/device-json.ts';
import { ConflictNotice } from '../device-config/conflict-notice.tsx';
import { GroupSelect } from '../pickers/group-select.tsx';
import { useMay } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { useSaveScreen } from './save-screen.ts';

export interface RenameDialogProps {
  readonly device: DeviceJson;
  readonly onClose: () => void;
}

export function RenameDialog({ device, onClose }: RenameDialogProps) {
  const { devicePage: texts, common } = useTexts();
  const { administer } = useMay();
  const [begun] = useState(device);
  const form = useForm({ initialValues: { name: begun.name, groupId: begun.groupId } });
  const { save, conflict } = useSaveScreen(begun, { onSaved: onClose, onErrors: form.setErrors });
  return (
    <Dialog title={texts.renameTitle(device.name)} onClose={onClose}>
      <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
        <Stack>
          {conflict && (
            <ConflictNotice onTheirs={() => form.setValues({ name: device.name, groupId: device.groupId })} />
          )}
          <TextInput {...form.getInputProps('name')} label={common.name} required maxLength={120} data-autofocus />
          <GroupSelect
            value={form.values.groupId}
            onChange={(groupId) => form.setFieldValue('groupId', groupId)}
            clearable={administer}
            placeholder={common.noGroup}
            error={form.errors['groupId']}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {common.cancel}
            </Button>
            <Button type="submit" loading={save.isPending}>
              {common.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
