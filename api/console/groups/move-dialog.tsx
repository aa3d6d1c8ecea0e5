/** Where a group or a screen is to go, without a mouse. */
import { Button, Group, Stack } from '@mantine/core';
import { useState } from 'react';
import { GroupSelect } from '../pickers/group-select.tsx';
import { useMay } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Dialog } from '../ui/dialog.tsx';

export interface MoveDialogProps {
  readonly title: string;
  /** Where it stands. */
  readonly groupId: number | null;
  /** What the field says when no group is chosen, e.g. "At the top". */
  readonly none: string;
  /** Why it cannot go there; null when it can. */
  readonly refusal: (groupId: number | null) => string | null;
  readonly onMove: (groupId: number | null) => void;
  readonly onClose: () => void;
}

export function MoveDialog({ title, groupId, none, refusal, onMove, onClose }: MoveDialogProps) {
  const { groups: texts, common } = useTexts();
  const { administer } = useMay();
  const [chosen, setChosen] = useState(groupId);
  const why = chosen === groupId ? null : refusal(chosen);
  return (
    <Dialog title={title} onClose={onClose}>
      <Stack>
        <GroupSelect
          label={texts.move.where}
          value={chosen}
          onChange={setChosen}
          placeholder={none}
          clearable={administer}
          error={why}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {common.cancel}
          </Button>
          <Button
            disabled={chosen === groupId || why !== null}
            onClick={() => {
              onClose();
              onMove(chosen);
            }}
          >
            {texts.move.goOn}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
