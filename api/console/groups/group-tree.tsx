/**
 * The groups as a tree. One chooses a group with a click or with Enter; groups and screens are dragged onto a group to go below it.
 * The library's own dragging is between siblings, whose order means nothing here, so the nodes take drops themselves.
 */
import {
  Button,
  Group,
  Stack,
  Text,
  Tree,
  getTreeExpandedState,
  type RenderTreeNodePayload,
  type UseTreeReturnType,
} from '@mantine/core';
import { Building2, ChevronsDownUp, ChevronsUpDown } from 'lucide-react';
import type { KeyboardEvent } from 'react';
import { groupTreeData } from '../pickers/group-tree-data.tsx';
import type { GroupForest } from '../pickers/groups.ts';
import { useMay } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { SearchField } from '../ui/search-field.tsx';
import type { Dragging } from './dragged.ts';
import { DropPlace } from './drop-place.tsx';
import { GroupNodeRow } from './group-node-row.tsx';
import { canDrop, moveRefusal, searchNodes } from './group-moves.ts';
import type { Moves } from './use-moves.tsx';

export interface GroupTreeProps {
  readonly tree: UseTreeReturnType;
  readonly forest: GroupForest;
  readonly search: string;
  readonly onSearch: (search: string) => void;
  readonly selected: number | null;
  readonly onSelect: (groupId: number) => void;
  readonly dragging: Dragging;
  readonly moves: Moves;
}

export function GroupTree(props: GroupTreeProps) {
  const { tree, forest, search, onSearch } = props;
  const { groups: texts, common } = useTexts();
  const found = searchNodes(forest.roots, search);
  return (
    <Stack gap="xs">
      <SearchField label={texts.search} value={search} onChange={onSearch} />
      <Group gap="xs">
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<ChevronsUpDown size={14} aria-hidden />}
          onClick={() => tree.expandAllNodes()}
        >
          {texts.expandAll}
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<ChevronsDownUp size={14} aria-hidden />}
          onClick={() => tree.collapseAllNodes()}
        >
          {texts.collapseAll}
        </Button>
      </Group>
      <TopPlace {...props} />
      {found.length === 0 ? (
        <Text size="sm" role="status">
          {common.nothingFound}
        </Text>
      ) : (
        <Nodes {...props} found={found} />
      )}
    </Stack>
  );
}

/** The organisation itself: what is dropped here goes to the top, or into no group. Administrators alone may. */
function TopPlace({ forest, dragging, moves }: GroupTreeProps) {
  const { groups: texts, common } = useTexts();
  const { administer } = useMay();
  if (!administer) return null;
  const { dragged } = dragging;
  const accepts =
    dragged !== null &&
    (dragged.kind === 'screen' ? dragged.device.groupId !== null : canDrop(moveRefusal(forest, dragged.groupId, null)));
  return (
    <DropPlace
      accepts={accepts}
      onDrop={() => {
        if (dragged?.kind === 'group') moves.moveGroup(dragged.groupId, null);
        if (dragged?.kind === 'screen') moves.moveScreen(dragged.device, null);
      }}
    >
      {/* One line, whatever it says: what moves while somebody drags is not hit. */}
      <Group gap={6} wrap="nowrap" px={6} h={36}>
        <Building2 size={18} aria-hidden style={{ flex: 'none' }} />
        <Text size="sm" fw={600} style={{ flex: 'none' }}>
          {common.wholeTenant}
        </Text>
        {accepts && (
          <Text size="xs" c="dimmed" truncate>
            {dragged?.kind === 'group' ? texts.dropAtTop : texts.dropInNone}
          </Text>
        )}
      </Group>
    </DropPlace>
  );
}

interface NodesProps extends GroupTreeProps {
  readonly found: ReturnType<typeof searchNodes>;
}

function Nodes({ found, tree, forest, search, selected, onSelect, dragging, moves }: NodesProps) {
  const texts = useTexts().groups;
  const data = groupTreeData(found);
  // What was searched for is to be seen, whatever was folded before.
  const shown = search === '' ? tree : { ...tree, expandedState: getTreeExpandedState(data, '*') };
  const choose = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || !(event.target instanceof HTMLElement) || event.target.role !== 'treeitem') return;
    const { value } = event.target.dataset;
    if (value !== undefined) onSelect(Number(value));
  };
  const renderNode = (payload: RenderTreeNodePayload) => {
    const group = forest.byId.get(Number(payload.node.value));
    if (group === undefined) return null;
    return (
      <GroupNodeRow
        group={group}
        forest={forest}
        payload={payload}
        isSelected={group.id === selected}
        onSelect={() => onSelect(group.id)}
        dragging={dragging}
        moves={moves}
      />
    );
  };
  return (
    <Tree
      data={data}
      tree={{ ...shown, selectedState: selected === null ? [] : [String(selected)] }}
      aria-label={texts.title}
      levelOffset={20}
      expandOnClick={false}
      allowRangeSelection={false}
      onKeyDown={choose}
      renderNode={renderNode}
    />
  );
}
