/** The chosen group: what stands in it, what it gets, and what one does with it. */
import { ActionIcon, Button, Card, Group, List, Menu, Stack, Tabs, Text, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { BellRing, EllipsisVertical, FolderInput, FolderPlus, Pencil, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { GroupJson } from '../../groups/group-json.ts';
import { forestOf, groupPath, type GroupForest } from '../pickers/groups.ts';
import { ApiFailure } from '../session/api-failure.ts';
import { useMay, useSession } from '../session/session-context.tsx';
import { useRaiseAlert } from '../shell/raise-alert-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { useConfirm } from '../ui/confirm-context.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { useUrlState } from '../ui/url-state.ts';
import { useAction } from '../ui/use-action.ts';
import type { Dragging } from './dragged.ts';
import { GroupApplies } from './group-applies.tsx';
import { NewGroupDialog, RenameGroupDialog } from './group-form.tsx';
import { findNode, moveRefusal, ownScreens } from './group-moves.ts';
import { GroupPeople } from './group-people.tsx';
import { GroupScreens } from './group-screens.tsx';
import { GroupSettings } from './group-settings.tsx';
import { MoveDialog } from './move-dialog.tsx';
import type { Moves } from './use-moves.tsx';

export interface GroupPanelProps {
  readonly group: GroupJson;
  readonly forest: GroupForest;
  readonly dragging: Dragging;
  readonly moves: Moves;
  readonly onSelect: (groupId: number | null) => void;
  /** A group was added below this one. */
  readonly onMade: (group: GroupJson) => void;
}

const VIEW = { tab: 'screens' };

export function GroupPanel(props: GroupPanelProps) {
  const { group, forest } = props;
  const { groups: texts } = useTexts();
  const { manage } = useMay();
  const raise = useRaiseAlert();
  const [adding, setAdding] = useState(false);
  return (
    <Card withBorder padding="md" component="section" aria-label={group.name}>
      <Stack>
        <Group justify="space-between" align="flex-start">
          <div>
            <Title order={2} size="h4">
              {group.name}
            </Title>
            {group.parentId !== null && forest.byId.has(group.parentId) && (
              <Text size="sm" c="dimmed">
                {texts.in(groupPath(forest, group.parentId))}
              </Text>
            )}
            <Text size="sm">{texts.countsInWords(group.onlineCount, group.deviceCount)}</Text>
          </div>
          {manage && (
            <Group gap="xs">
              <Button
                color="red"
                variant="light"
                leftSection={<BellRing size={16} aria-hidden />}
                onClick={() => raise({ groupIds: [group.id] })}
              >
                {texts.raiseHere}
              </Button>
              <Button
                variant="default"
                leftSection={<FolderPlus size={16} aria-hidden />}
                onClick={() => setAdding(true)}
              >
                {texts.addBelow}
              </Button>
              <GroupMenu {...props} />
            </Group>
          )}
        </Group>
        <PanelTabs {...props} />
      </Stack>
      {adding && <NewGroupDialog parentId={group.id} onClose={() => setAdding(false)} onMade={props.onMade} />}
    </Card>
  );
}

function PanelTabs({ group, forest, dragging, moves }: GroupPanelProps) {
  const texts = useTexts().groups;
  const { administer } = useMay();
  const [view, setView] = useUrlState(VIEW);
  const names = ['screens', 'settings', 'applies', ...(administer ? (['people'] as const) : [])] as const;
  const tab = names.find((name) => name === view.tab) ?? 'screens';
  return (
    <Tabs value={tab} onChange={(next) => setView({ tab: next ?? VIEW.tab })} keepMounted={false}>
      <Tabs.List aria-label={texts.tabsOf(group.name)} mb="md" style={{ flexWrap: 'nowrap', overflowX: 'auto' }}>
        {names.map((name) => (
          <Tabs.Tab key={name} value={name} style={{ flex: 'none' }}>
            {texts.tabs[name]}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value="screens">
        <GroupScreens key={group.id} group={group} forest={forest} dragging={dragging} moves={moves} />
      </Tabs.Panel>
      <Tabs.Panel value="settings">
        <GroupSettings key={group.id} group={group} />
      </Tabs.Panel>
      <Tabs.Panel value="applies">
        <GroupApplies group={group} />
      </Tabs.Panel>
      {administer && (
        <Tabs.Panel value="people">
          <GroupPeople group={group} forest={forest} />
        </Tabs.Panel>
      )}
    </Tabs>
  );
}

function GroupMenu({ group, forest, moves, onSelect }: GroupPanelProps) {
  const { groups: texts, common } = useTexts();
  const [doing, setDoing] = useState<'rename' | 'move' | null>(null);
  const [inTheWay, setInTheWay] = useState<string | null>(null);
  const remove = useRemoveGroup(group, () => onSelect(group.parentId), setInTheWay);
  const end = (): void => setDoing(null);
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" size={36} aria-label={`${common.actions}: ${group.name}`}>
            <EllipsisVertical size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Pencil size={16} aria-hidden />} onClick={() => setDoing('rename')}>
            {texts.rename}
          </Menu.Item>
          <Menu.Item leftSection={<FolderInput size={16} aria-hidden />} onClick={() => setDoing('move')}>
            {texts.moveTo}
          </Menu.Item>
          <Menu.Item color="red" leftSection={<Trash2 size={16} aria-hidden />} onClick={remove}>
            {common.delete}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {doing === 'rename' && <RenameGroupDialog group={group} onClose={end} />}
      {doing === 'move' && (
        <MoveDialog
          title={texts.move.groupTitle(group.name)}
          groupId={group.parentId}
          none={texts.move.top}
          refusal={(parentId) => {
            const why = moveRefusal(forest, group.id, parentId);
            return why === null ? null : texts.move.refused[why];
          }}
          onMove={(parentId) => moves.moveGroup(group.id, parentId)}
          onClose={end}
        />
      )}
      {inTheWay !== null && (
        <InTheWay group={group} forest={forest} reason={inTheWay} onClose={() => setInTheWay(null)} />
      )}
    </>
  );
}

/** Asks, and deletes the group; what the API has against it is handed on. */
function useRemoveGroup(group: GroupJson, onGone: () => void, onRefused: (reason: string) => void): () => void {
  const { groups: texts, common } = useTexts();
  const session = useSession();
  const confirm = useConfirm();
  const queries = useQueryClient();
  const remove = useAction(() => session.call('DELETE', `/groups/${group.id}`), {
    // Not the groups: what is shown of this one would be asked for once more. The feed has them read again in a moment.
    changes: ['audit'],
    done: texts.removed(group.name),
    onDone: () => {
      queries.setQueryData<GroupForest>(
        ['group', 'all'],
        (forest) => forest && forestOf([...forest.byId.values()].filter(({ id }) => id !== group.id)),
      );
      onGone();
    },
    onFailure: (cause) => {
      if (!(cause instanceof ApiFailure) || cause.code !== 'CONFLICT') return false;
      onRefused(cause.message);
      return true;
    },
  });
  return () =>
    confirm({
      title: texts.removeTitle(group.name),
      message: texts.removeMessage,
      confirm: common.delete,
      onConfirm: () => remove.mutate(),
    });
}

interface InTheWayProps {
  readonly group: GroupJson;
  readonly forest: GroupForest;
  /** In the API's words. */
  readonly reason: string;
  readonly onClose: () => void;
}

/** Why the group cannot be deleted, and where to clear the way. */
function InTheWay({ group, forest, reason, onClose }: InTheWayProps) {
  const { groups: texts } = useTexts();
  const node = findNode(forest.roots, group.id);
  const groups = node?.children.length ?? 0;
  const screens = node === null ? 0 : ownScreens(node);
  return (
    <Dialog title={texts.inTheWayTitle(group.name)} onClose={onClose}>
      <Stack gap="xs">
        <Text size="sm">{texts.inTheWay}</Text>
        <List size="sm">
          {groups > 0 && <List.Item>{texts.groupsInTheWay(groups)}</List.Item>}
          {screens > 0 && (
            <List.Item>
              <AnchorLink to={`/devices?groupId=${group.id}`} size="sm">
                {texts.screensInTheWay(screens)}
              </AnchorLink>
            </List.Item>
          )}
          {groups === 0 && screens === 0 && <List.Item>{reason}</List.Item>}
        </List>
      </Stack>
    </Dialog>
  );
}
