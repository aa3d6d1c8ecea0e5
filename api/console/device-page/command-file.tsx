/** The file that came back from a command: a picture is shown, anything can be saved. */
import { Button, Group, Stack } from '@mantine/core';
import { Download, Eye } from 'lucide-react';
import { useState } from 'react';
import type { CommandJson } from '../../devices/command-json.ts';
import type { DeviceJson } from '../../devices/device-json.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Ago } from '../ui/ago.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { useAction } from '../ui/use-action.ts';
import { ResultPicture } from './result-picture.tsx';

export interface CommandFileProps {
  readonly command: CommandJson;
  readonly device: DeviceJson;
}

export function CommandFile({ command, device }: CommandFileProps) {
  const { devicePage, common } = useTexts();
  const [looking, setLooking] = useState(false);
  const session = useSession();
  const { deviceId, commandId, fileType } = command;
  const save = useAction(() => session.file(`/devices/${deviceId}/commands/${commandId}/file`), {
    onDone: ({ blob, name }) => saveFile(blob, name ?? `command-${commandId}`),
  });
  const isPicture = fileType?.startsWith('image/') === true;
  const { alt, taken } = devicePage.screenshot;
  return (
    <Group gap={4}>
      {isPicture && (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<Eye size={14} aria-hidden />}
          onClick={() => setLooking(true)}
        >
          {devicePage.commands.look}
        </Button>
      )}
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<Download size={14} aria-hidden />}
        loading={save.isPending}
        onClick={() => save.mutate()}
      >
        {common.download}
      </Button>
      {looking && (
        <Dialog title={devicePage.screenshot.title} onClose={() => setLooking(false)} size="xl">
          <Stack>
            <ResultPicture
              command={command}
              alt={alt(device.name)}
              caption={
                <>
                  {taken} <Ago at={command.finishedAt} />
                </>
              }
            />
          </Stack>
        </Dialog>
      )}
    </Group>
  );
}

/** Hands a file to the browser to be saved. */
function saveFile(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser has begun to read it when the click has been dealt with.
  setTimeout(() => URL.revokeObjectURL(address), 0);
}
