/** Where an alert goes: groups in their tree, and single screens. */
import { Button, Group, ScrollArea, Stack, Text } from '@mantine/core';
import { DevicePicker } from '../pickers/device-picker.tsx';
import { GroupTreePicker } from '../pickers/group-tree-picker.tsx';
import { useGroups } from '../pickers/groups.ts';
import { useTexts } from '../texts/texts-context.tsx';
import type { Targets } from './raise-draft.ts';

/** More single screens than this are told by their number. */
const NAMED_MAX = 20;

export interface TargetsFieldsProps {
  readonly value: Targets;
  readonly onChange: (targets: Targets) => void;
}

export function TargetsFields({ value, onChange }: TargetsFieldsProps) {
  const texts = useTexts().alerts;
  const groups = useGroups();
  const { groupIds, deviceIds } = value;
  const roots = groups.data?.roots.map(({ group }) => group.id) ?? [];
  const isAll = roots.length > 0 && roots.every((id) => groupIds.includes(id));
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="xs">
        <Text size="sm" fw={500}>
          {texts.where}
        </Text>
        {roots.length > 1 && (
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => onChange({ groupIds: isAll ? [] : roots, deviceIds })}
          >
            {isAll ? texts.noGroups : texts.allGroups}
          </Button>
        )}
      </Group>
      <ScrollArea.Autosize mah={300} type="auto">
        <GroupTreePicker
          label={texts.groups}
          value={groupIds}
          onChange={(next) => onChange({ groupIds: next, deviceIds })}
        />
      </ScrollArea.Autosize>
      {deviceIds.length > NAMED_MAX ? (
        <Group gap="xs">
          <Text size="sm">{texts.manyDevices(deviceIds.length)}</Text>
          <Button size="compact-sm" variant="default" onClick={() => onChange({ groupIds, deviceIds: [] })}>
            {texts.clearDevices}
          </Button>
        </Group>
      ) : (
        <DevicePicker value={deviceIds} onChange={(next) => onChange({ groupIds, deviceIds: next })} />
      )}
    </Stack>
  );
}
