/** Giving a command: those that the screen can carry out, each with its button. */
import { Button, Group, Select, SimpleGrid, Stack, Text } from '@mantine/core';
import {
  Camera,
  Cpu,
  Power,
  PowerOff,
  RefreshCw,
  RotateCcw,
  ScanEye,
  ScrollText,
  Sun,
  Trash2,
  Volume2,
  type LucideIcon,
} from 'lucide-react';
import { useState } from 'react';
import type { DeviceJson } from '../../devices/device-json.ts';
import type { CommandName } from '../../../protocol/desired-state.ts';
import { PercentField } from '../device-config/config-fields.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { useConfirm } from '../ui/confirm-context.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { orderOf, useGiveCommand } from './give-command.ts';

const ICON: Readonly<Record<CommandName, LucideIcon>> = {
  identify: ScanEye,
  screenshot: Camera,
  refresh: RefreshCw,
  set_volume: Volume2,
  set_brightness: Sun,
  power_on: Power,
  power_off: PowerOff,
  clear_cache: Trash2,
  upload_logs: ScrollText,
  restart_app: RotateCcw,
  reboot: Cpu,
};
const NAMES = Object.keys(ICON) as CommandName[];
/** What interrupts what people see. */
const DANGEROUS: ReadonlySet<CommandName> = new Set(['reboot', 'restart_app', 'clear_cache', 'power_off']);
/** The argument of a command that takes a percentage. */
const PERCENT = { set_volume: 'volume', set_brightness: 'brightness' } as const;
/** How long a command stands, in seconds. */
const LIVES = ['300', '3600', '86400'] as const;

function isPercent(name: CommandName): name is keyof typeof PERCENT {
  return name in PERCENT;
}

export function CommandForm({ device }: { readonly device: DeviceJson }) {
  const texts = useTexts().devicePage.commands;
  const [lives, setLives] = useState<string>(LIVES[0]);
  const [asking, setAsking] = useState<keyof typeof PERCENT | null>(null);
  const confirm = useConfirm();
  const give = useGiveCommand(device.id);
  const names = NAMES.filter((name) => device.capabilities.includes(name));
  if (device.state === 'revoked') return <Text size="sm">{texts.revoked}</Text>;
  if (names.length === 0) return <Text size="sm">{texts.cannotAny}</Text>;
  const send = (name: CommandName, args?: Readonly<Record<string, number>>): void =>
    give.mutate(orderOf(name, { expiresInSeconds: Number(lives), ...(args === undefined ? {} : { args }) }));
  const begin = (name: CommandName): void => {
    if (isPercent(name)) setAsking(name);
    else if (DANGEROUS.has(name))
      confirm({
        title: texts.confirmTitle(texts.names[name], device.name),
        message: texts.hints[name],
        confirm: texts.names[name],
        onConfirm: () => send(name),
      });
    else send(name);
  };
  return (
    <Stack>
      {device.status === 'offline' && <Text size="sm">{texts.offlineHint}</Text>}
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} spacing="xs">
        {names.map((name) => (
          <CommandButton key={name} name={name} onClick={() => begin(name)} disabled={give.isPending} />
        ))}
      </SimpleGrid>
      <Select
        label={texts.lives}
        description={texts.livesHint}
        data={LIVES.map((seconds) => ({ value: seconds, label: texts.livesFor[seconds] }))}
        value={lives}
        onChange={(seconds) => setLives(seconds ?? LIVES[0])}
        allowDeselect={false}
        maw={320}
      />
      {asking !== null && (
        <PercentDialog
          name={asking}
          onClose={() => setAsking(null)}
          onGive={(percent) => {
            setAsking(null);
            send(asking, { [PERCENT[asking]]: percent });
          }}
        />
      )}
    </Stack>
  );
}

interface CommandButtonProps {
  readonly name: CommandName;
  readonly onClick: () => void;
  readonly disabled: boolean;
}

function CommandButton({ name, onClick, disabled }: CommandButtonProps) {
  const texts = useTexts().devicePage.commands;
  const Icon = ICON[name];
  return (
    <Button
      variant="default"
      h="auto"
      mih={44}
      py={8}
      justify="flex-start"
      leftSection={<Icon size={18} aria-hidden />}
      onClick={onClick}
      disabled={disabled}
      title={texts.hints[name]}
      styles={{ label: { whiteSpace: 'normal', textAlign: 'left' } }}
    >
      {texts.names[name]}
    </Button>
  );
}

interface PercentDialogProps {
  readonly name: keyof typeof PERCENT;
  readonly onClose: () => void;
  readonly onGive: (percent: number) => void;
}

function PercentDialog({ name, onClose, onGive }: PercentDialogProps) {
  const { devicePage, common } = useTexts();
  const texts = devicePage.commands;
  const [percent, setPercent] = useState(50);
  return (
    <Dialog title={texts.names[name]} onClose={onClose}>
      <Stack>
        <Text size="sm">{texts.hints[name]}</Text>
        <PercentField label={devicePage.config.names[PERCENT[name]]} value={percent} onChange={setPercent} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {common.cancel}
          </Button>
          <Button onClick={() => onGive(percent)}>{texts.setTo(percent)}</Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
