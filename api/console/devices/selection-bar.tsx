/** What can be done with the selected screens; stays in sight below the list. */
import { ActionIcon, Button, CloseButton, Group, Menu, Paper, Text } from '@mantine/core';
import {
  EllipsisVertical,
  FolderInput,
  SlidersHorizontal,
  SquareTerminal,
  Trash2,
  Unlink,
  type LucideIcon,
} from 'lucide-react';
import { useState } from 'react';
import { useTexts } from '../texts/texts-context.tsx';
import { BulkDialog } from './bulk-dialog.tsx';
import type { BulkKind } from './bulk-request.ts';
import type { DeviceSelection } from './device-selection.ts';
import classes from './devices.module.css';

const ACTIONS: readonly { readonly kind: BulkKind; readonly icon: LucideIcon; readonly danger?: true }[] = [
  { kind: 'move', icon: FolderInput },
  { kind: 'command', icon: SquareTerminal },
  { kind: 'configure', icon: SlidersHorizontal },
  { kind: 'revoke', icon: Unlink, danger: true },
  { kind: 'remove', icon: Trash2, danger: true },
];
/** Actions that have a button on a phone; the others are in a menu. */
const FIRST_ON_PHONE = 2;

export interface SelectionBarProps {
  readonly selection: DeviceSelection;
  readonly count: number;
  readonly onClear: () => void;
}

export function SelectionBar({ selection, count, onClear }: SelectionBarProps) {
  const { devices: texts } = useTexts();
  const [doing, setDoing] = useState<BulkKind | null>(null);
  const { selecting, bulk } = texts;
  return (
    <Paper
      withBorder
      shadow="lg"
      radius="md"
      p="sm"
      className={classes['bar'] ?? ''}
      component="section"
      aria-label={selecting.bar}
    >
      <Group justify="space-between" gap="xs">
        <Group gap={6} wrap="nowrap">
          <CloseButton aria-label={selecting.clear} onClick={onClear} />
          <Text size="sm" fw={600} role="status">
            {selection.kind === 'all' ? selecting.allSelected(count) : selecting.selected(count)}
          </Text>
        </Group>
        <Group gap="xs" visibleFrom="md">
          {ACTIONS.map(({ kind, icon: Icon, danger }) => (
            <Button
              key={kind}
              size="sm"
              variant="default"
              leftSection={<Icon size={16} aria-hidden {...(danger ? { color: 'var(--mantine-color-error)' } : {})} />}
              onClick={() => setDoing(kind)}
            >
              {bulk.actions[kind]}
            </Button>
          ))}
        </Group>
        <Group gap="xs" hiddenFrom="md" wrap="nowrap">
          {ACTIONS.slice(0, FIRST_ON_PHONE).map(({ kind }) => (
            <Button key={kind} size="sm" variant="default" onClick={() => setDoing(kind)}>
              {bulk.actions[kind]}
            </Button>
          ))}
          <More onDo={setDoing} />
        </Group>
      </Group>
      {doing !== null && (
        <BulkDialog
          kind={doing}
          selection={selection}
          count={count}
          onClose={() => setDoing(null)}
          onDone={() => {
            setDoing(null);
            onClear();
          }}
        />
      )}
    </Paper>
  );
}

function More({ onDo }: { readonly onDo: (kind: BulkKind) => void }) {
  const { selecting, bulk } = useTexts().devices;
  return (
    <Menu position="top-end">
      <Menu.Target>
        <ActionIcon size={36} variant="default" aria-label={selecting.more}>
          <EllipsisVertical size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {ACTIONS.slice(FIRST_ON_PHONE).map(({ kind, icon: Icon, danger }) => (
          <Menu.Item
            key={kind}
            leftSection={<Icon size={16} aria-hidden />}
            {...(danger ? { color: 'red' } : {})}
            onClick={() => onDo(kind)}
          >
            {bulk.actions[kind]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
