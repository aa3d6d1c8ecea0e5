/**
 * Choosing groups in their tree. What targets a group targets everything below it, so a group below a chosen one counts as
 * chosen and cannot be taken out by itself.
 */
import { Checkbox, Group, Text, Tree, UnstyledButton, useTree, getTreeExpandedState } from '@mantine/core';
import { ChevronDown, ChevronRight } from 'lucide-react';
import type { GroupJson } from '../../groups/group-json.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { groupTreeData } from './group-tree-data.tsx';
import { useGroups, type GroupForest } from './groups.ts';

export interface GroupTreePickerProps {
  readonly value: readonly number[];
  readonly onChange: (groupIds: number[]) => void;
  /** Name of the tree for screen readers. */
  readonly label: string;
}

export function GroupTreePicker(props: GroupTreePickerProps) {
  const groups = useGroups();
  const { noGroupsYet } = useTexts().common;
  return (
    <Loaded query={groups} lines={3}>
      {(forest) =>
        forest.roots.length === 0 ? (
          <Text size="sm" c="dimmed">
            {noGroupsYet}
          </Text>
        ) : (
          <GroupTree {...props} forest={forest} />
        )
      }
    </Loaded>
  );
}

/** Whether a group above this one is chosen. */
function isCovered(group: GroupJson, forest: GroupForest, chosen: ReadonlySet<number>): boolean {
  for (let id = group.parentId; id !== null; id = forest.byId.get(id)?.parentId ?? null)
    if (chosen.has(id)) return true;
  return false;
}

function GroupTree({ value, onChange, label, forest }: GroupTreePickerProps & { readonly forest: GroupForest }) {
  const texts = useTexts().common;
  const data = groupTreeData(forest.roots);
  const tree = useTree({
    initialExpandedState: getTreeExpandedState(
      data,
      forest.byId.size <= 30 ? '*' : forest.roots.map(({ group }) => String(group.id)),
    ),
  });
  const chosen = new Set(value);
  const toggle = (group: GroupJson): void => {
    const kept = value.filter((id) => id !== group.id);
    if (chosen.has(group.id)) return onChange(kept);
    const next = new Set([...kept, group.id]);
    // What is below is covered from now on; naming it as well would only confuse.
    onChange(
      [...next].filter((id) => {
        const one = forest.byId.get(id);
        return one === undefined || !isCovered(one, forest, next);
      }),
    );
  };
  return (
    <Tree
      data={data}
      tree={tree}
      aria-label={label}
      levelOffset={22}
      expandOnClick={false}
      expandOnSpace={false}
      renderNode={({ node, expanded, hasChildren, elementProps }) => {
        const group = forest.byId.get(Number(node.value));
        if (group === undefined) return null;
        const covered = isCovered(group, forest, chosen);
        return (
          <Group {...elementProps} gap={6} wrap="nowrap" py={3}>
            {hasChildren ? (
              <UnstyledButton
                tabIndex={-1}
                aria-label={expanded ? texts.collapse(group.name) : texts.expand(group.name)}
                onClick={() => tree.toggleExpanded(node.value)}
                h={24}
                w={24}
              >
                {expanded ? <ChevronDown size={18} aria-hidden /> : <ChevronRight size={18} aria-hidden />}
              </UnstyledButton>
            ) : (
              <span style={{ width: 24 }} />
            )}
            <Checkbox
              checked={covered || chosen.has(group.id)}
              disabled={covered}
              onChange={() => toggle(group)}
              label={
                <>
                  {group.name}{' '}
                  <Text span size="xs" c="dimmed">
                    {texts.devices(group.deviceCount)}
                  </Text>
                </>
              }
            />
          </Group>
        );
      }}
    />
  );
}
