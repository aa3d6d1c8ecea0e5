/** One group in the tree: its name, how many of its screens are online, and a place to drop what is to go below it. */
import { Group, Text, UnstyledButton, VisuallyHidden, type RenderTreeNodePayload } from '@mantine/core';
import { ChevronDown, ChevronRight, Folder, FolderOpen } from 'lucide-react';
import type { GroupJson } from '../../groups/group-json.ts';
import type { GroupForest } from '../pickers/groups.ts';
import { useMay } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import type { Dragging } from './dragged.ts';
import { DropPlace } from './drop-place.tsx';
import { canDrop, moveRefusal } from './group-moves.ts';
import type { Moves } from './use-moves.tsx';

export interface GroupNodeRowProps {
  readonly group: GroupJson;
  readonly forest: GroupForest;
  readonly payload: RenderTreeNodePayload;
  readonly isSelected: boolean;
  readonly onSelect: () => void;
  readonly dragging: Dragging;
  readonly moves: Moves;
}

export function GroupNodeRow({ group, forest, payload, isSelected, onSelect, dragging, moves }: GroupNodeRowProps) {
  const { expanded, hasChildren, elementProps, tree, node } = payload;
  const { manage } = useMay();
  const { dragged, setDragged } = dragging;
  const accepts =
    dragged !== null &&
    (dragged.kind === 'screen'
      ? dragged.device.groupId !== group.id
      : canDrop(moveRefusal(forest, dragged.groupId, group.id)));
  const drop = (): void => {
    if (dragged?.kind === 'group') moves.moveGroup(dragged.groupId, group.id);
    if (dragged?.kind === 'screen') moves.moveScreen(dragged.device, group.id);
  };
  const Icon = expanded && hasChildren ? FolderOpen : Folder;
  return (
    <DropPlace accepts={accepts} onDrop={drop}>
      <Group
        {...elementProps}
        onClick={(event) => {
          elementProps.onClick(event);
          onSelect();
        }}
        draggable={manage}
        onDragStart={(event) => {
          event.stopPropagation();
          event.dataTransfer.effectAllowed = 'move';
          event.dataTransfer.setData('text/plain', group.name);
          setDragged({ kind: 'group', groupId: group.id });
        }}
        onDragEnd={() => setDragged(null)}
        gap={6}
        wrap="nowrap"
        py={4}
        pr={6}
        mih={36}
        style={{
          ...elementProps.style,
          cursor: 'pointer',
          borderRadius: 'var(--mantine-radius-sm)',
          background: isSelected ? 'var(--mantine-primary-color-light)' : undefined,
          opacity: dragged?.kind === 'group' && dragged.groupId === group.id ? 0.5 : 1,
        }}
      >
        {hasChildren ? (
          <Fold name={group.name} expanded={expanded} onToggle={() => tree.toggleExpanded(node.value)} />
        ) : (
          <span style={{ width: 24, flex: 'none' }} />
        )}
        <Icon size={18} aria-hidden style={{ flex: 'none' }} />
        <Text size="sm" fw={isSelected ? 600 : 400} style={{ flex: 1, minWidth: 0 }} truncate>
          {group.name}
        </Text>
        <Counts group={group} />
      </Group>
    </DropPlace>
  );
}

interface FoldProps {
  readonly name: string;
  readonly expanded: boolean;
  readonly onToggle: () => void;
}

function Fold({ name, expanded, onToggle }: FoldProps) {
  const { common } = useTexts();
  return (
    <UnstyledButton
      tabIndex={-1}
      aria-label={expanded ? common.collapse(name) : common.expand(name)}
      onClick={(event) => {
        event.stopPropagation();
        onToggle();
      }}
      h={24}
      w={24}
      style={{ flex: 'none', display: 'flex', alignItems: 'center', justifyContent: 'center' }}
    >
      {expanded ? <ChevronDown size={18} aria-hidden /> : <ChevronRight size={18} aria-hidden />}
    </UnstyledButton>
  );
}

function Counts({ group }: { readonly group: GroupJson }) {
  const texts = useTexts().groups;
  return (
    <Text size="xs" c="dimmed" style={{ flex: 'none' }}>
      <span aria-hidden>{texts.counts(group.onlineCount, group.deviceCount)}</span>
      <VisuallyHidden>{texts.countsInWords(group.onlineCount, group.deviceCount)}</VisuallyHidden>
    </Text>
  );
}
