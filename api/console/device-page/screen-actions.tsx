/** What one does to a screen from anywhere on its page. */
import { ActionIcon, Button, Menu } from '@mantine/core';
import { BellRing, EllipsisVertical, Pencil, ScanEye, Trash2, Unplug } from 'lucide-react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import type { DeviceJson } from '../../devices/device-json.ts';
import { useSession, useMay } from '../session/session-context.tsx';
import { useRaiseAlert } from '../shell/raise-alert-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { useConfirm } from '../ui/confirm-context.tsx';
import { useAction } from '../ui/use-action.ts';
import { orderOf, useGiveCommand } from './give-command.ts';
import { RenameDialog } from './rename-dialog.tsx';
import { SCREEN } from './screen-data.ts';

export function ScreenActions({ device }: { readonly device: DeviceJson }) {
  const texts = useTexts().devicePage;
  const { manage } = useMay();
  const give = useGiveCommand(device.id);
  if (!manage) return null;
  const canIdentify = device.state === 'active' && device.capabilities.includes('identify');
  return (
    <>
      {canIdentify && (
        <Button
          variant="default"
          leftSection={<ScanEye size={16} aria-hidden />}
          loading={give.isPending}
          onClick={() => give.mutate(orderOf('identify'))}
        >
          {texts.commands.names.identify}
        </Button>
      )}
      <ScreenMenu device={device} />
    </>
  );
}

function ScreenMenu({ device }: { readonly device: DeviceJson }) {
  const { devicePage: texts, common } = useTexts();
  const raise = useRaiseAlert();
  const [renaming, setRenaming] = useState(false);
  const confirm = useConfirm();
  const revoke = useRevoke(device);
  const remove = useRemove(device);
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" size={36} aria-label={`${common.actions}: ${device.name}`}>
            <EllipsisVertical size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Pencil size={16} aria-hidden />} onClick={() => setRenaming(true)}>
            {texts.rename}
          </Menu.Item>
          <Menu.Item leftSection={<BellRing size={16} aria-hidden />} onClick={() => raise({ deviceIds: [device.id] })}>
            {texts.raiseHere}
          </Menu.Item>
          {device.state === 'active' && (
            <Menu.Item color="red" leftSection={<Unplug size={16} aria-hidden />} onClick={revoke}>
              {texts.revoke}
            </Menu.Item>
          )}
          <Menu.Item
            color="red"
            leftSection={<Trash2 size={16} aria-hidden />}
            onClick={() =>
              confirm({
                title: texts.removeTitle(device.name),
                message: texts.removeMessage,
                confirm: common.delete,
                onConfirm: remove,
              })
            }
          >
            {common.delete}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {renaming && <RenameDialog device={device} onClose={() => setRenaming(false)} />}
    </>
  );
}

/** Asks, and takes the screen's credential away. */
export function useRevoke(device: DeviceJson): () => void {
  const texts = useTexts().devicePage;
  const session = useSession();
  const confirm = useConfirm();
  const revoke = useAction(() => session.call<DeviceJson>('POST', `/devices/${device.id}/revoke`, { body: {} }), {
    changes: [SCREEN, 'device', 'audit'],
    done: texts.revoked(device.name),
  });
  return () =>
    confirm({
      title: texts.revokeTitle(device.name),
      message: texts.revokeMessage,
      confirm: texts.revoke,
      onConfirm: () => revoke.mutate(),
    });
}

/** Deletes the screen and leaves its page. */
function useRemove(device: DeviceJson): () => void {
  const texts = useTexts().devicePage;
  const session = useSession();
  const [, navigate] = useLocation();
  const remove = useAction(() => session.call('DELETE', `/devices/${device.id}`), {
    changes: ['device', 'group'],
    done: texts.removed(device.name),
    onDone: () => navigate('/devices'),
  });
  return () => remove.mutate();
}
