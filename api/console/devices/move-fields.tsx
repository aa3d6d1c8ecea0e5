/** Where screens are moved to. */
import { Checkbox, Stack } from '@mantine/core';
import { useState } from 'react';
import type { BulkAction } from '../../devices/bulk-actions.ts';
import { GroupSelect } from '../pickers/group-select.tsx';
import { useMay } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';

export function MoveFields({ onChange }: { readonly onChange: (action: BulkAction | null) => void }) {
  const texts = useTexts().devices.bulk;
  const { administer } = useMay();
  const [groupId, setGroupId] = useState<number | null>(null);
  const [toNone, setToNone] = useState(false);
  const tell = (id: number | null, none: boolean): void =>
    onChange(none ? { kind: 'move', groupId: null } : id === null ? null : { kind: 'move', groupId: id });
  return (
    <Stack gap="sm">
      <GroupSelect
        label={texts.target}
        value={groupId}
        disabled={toNone}
        onChange={(id) => {
          setGroupId(id);
          tell(id, toNone);
        }}
      />
      {administer && (
        <Checkbox
          label={texts.noGroup}
          description={texts.noGroupHint}
          checked={toNone}
          onChange={(event) => {
            setToNone(event.currentTarget.checked);
            tell(groupId, event.currentTarget.checked);
          }}
        />
      )}
    </Stack>
  );
}
