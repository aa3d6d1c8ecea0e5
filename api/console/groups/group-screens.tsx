/** The screens of a group and of those below it. Each can be dragged to another group in the tree, or moved by its button. */
import { ActionIcon, Box, Group, Text } from '@mantine/core';
import { FolderInput, GripVertical, MonitorSmartphone } from 'lucide-react';
import { useState } from 'react';
import type { DeviceJson } from '../../devices/device-json.ts';
import type { GroupJson } from '../../groups/group-json.ts';
import { groupPath, type GroupForest } from '../pickers/groups.ts';
import { useMay } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { useListQuery } from '../ui/list-query.ts';
import { ListTable, type Column } from '../ui/list-table.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { PresenceBadge } from '../ui/presence-badge.tsx';
import type { Dragging } from './dragged.ts';
import { MoveDialog } from './move-dialog.tsx';
import type { Moves } from './use-moves.tsx';

export interface GroupScreensProps {
  readonly group: GroupJson;
  readonly forest: GroupForest;
  readonly dragging: Dragging;
  readonly moves: Moves;
}

const ROWS = 25;

export function GroupScreens({ group, forest, dragging, moves }: GroupScreensProps) {
  const { groups: texts, common } = useTexts();
  const { manage } = useMay();
  const [page, setPage] = useState(1);
  const [moving, setMoving] = useState<DeviceJson | null>(null);
  const query = useListQuery<DeviceJson>('device', '/devices', { groupId: group.id, sort: 'name', page, limit: ROWS });
  const columns: readonly Column<DeviceJson>[] = [
    { key: 'name', title: common.name, render: (device) => <ScreenName device={device} dragging={dragging} /> },
    {
      key: 'status',
      title: texts.presence,
      render: ({ status, transport }) => <PresenceBadge status={status} transport={transport} />,
    },
    {
      key: 'group',
      title: texts.group,
      from: 'md',
      render: ({ groupId }) =>
        groupId === null || groupId === group.id ? texts.thisGroup : groupPath(forest, groupId),
    },
    ...(manage ? [moveColumn(texts.moveScreen, common.actions, setMoving)] : []),
  ];
  return (
    <>
      <Loaded query={query} lines={5}>
        {(data) =>
          data.total === 0 ? (
            <EmptyState icon={MonitorSmartphone} title={texts.noScreens} hint={texts.noScreensHint} />
          ) : (
            <ListTable
              label={texts.screensOf(group.name)}
              columns={columns}
              data={data}
              rowKey={({ id }) => id}
              onPage={setPage}
            />
          )
        }
      </Loaded>
      <AnchorLink to={`/devices?groupId=${group.id}`} size="sm" mt="xs" display="inline-block">
        {texts.allScreens}
      </AnchorLink>
      {moving !== null && (
        <MoveDialog
          title={texts.move.screenTitle(moving.name)}
          groupId={moving.groupId}
          none={common.noGroup}
          refusal={() => null}
          onMove={(groupId) => moves.moveScreen(moving, groupId)}
          onClose={() => setMoving(null)}
        />
      )}
    </>
  );
}

function moveColumn(
  label: (name: string) => string,
  title: string,
  onMove: (device: DeviceJson) => void,
): Column<DeviceJson> {
  return {
    key: 'move',
    title,
    hideTitle: true,
    align: 'right',
    render: (device) => (
      <ActionIcon variant="subtle" color="gray" aria-label={label(device.name)} onClick={() => onMove(device)}>
        <FolderInput size={18} aria-hidden />
      </ActionIcon>
    ),
  };
}

interface ScreenNameProps {
  readonly device: DeviceJson;
  readonly dragging: Dragging;
}

function ScreenName({ device, dragging }: ScreenNameProps) {
  const texts = useTexts().groups;
  const { manage } = useMay();
  return (
    <Group gap={6} wrap="nowrap">
      {manage && (
        <Box
          draggable
          title={texts.dragScreen}
          onDragStart={(event) => {
            event.dataTransfer.effectAllowed = 'move';
            event.dataTransfer.setData('text/plain', device.name);
            dragging.setDragged({ kind: 'screen', device });
          }}
          onDragEnd={() => dragging.setDragged(null)}
          visibleFrom="sm"
          style={{ cursor: 'grab', lineHeight: 0 }}
          data-drag={device.name}
        >
          <GripVertical size={18} aria-hidden />
        </Box>
      )}
      <div>
        <AnchorLink to={`/devices/${device.id}`} size="sm">
          {device.name}
        </AnchorLink>
        {device.state === 'revoked' && (
          <Text size="xs" c="dimmed">
            {texts.revoked}
          </Text>
        )}
      </div>
    </Group>
  );
}
