/**
 * Moving groups and screens in the tree. Asked before it is done, because alerts and schedules of the new place apply at once. A group
 * stands where it was dropped while the API is asked, and goes back when the API says no.
 */
import { useQueryClient } from '@tanstack/react-query';
import type { DeviceJson } from '../../devices/device-json.ts';
import type { GroupJson } from '../../groups/group-json.ts';
import { notifications } from '@mantine/notifications';
import type { GroupForest } from '../pickers/groups.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { useConfirm } from '../ui/confirm-context.tsx';
import { useAction } from '../ui/use-action.ts';
import { moveRefusal, subtreeIds, withMoved } from './group-moves.ts';
import { MoveMessage } from './move-message.tsx';

const FOREST_KEY = ['group', 'all'];

interface MovedGroup {
  readonly group: GroupJson;
  readonly parentId: number | null;
}

interface MovedScreen {
  readonly device: DeviceJson;
  readonly groupId: number | null;
}

export interface Moves {
  /** Asks, and moves the group below another; null: to the top. What cannot be is said at once. */
  readonly moveGroup: (groupId: number, parentId: number | null) => void;
  readonly moveScreen: (device: DeviceJson, groupId: number | null) => void;
}

/** @param reveal shows where something went */
export function useMoves(forest: GroupForest, reveal: (groupId: number | null) => void): Moves {
  const texts = useTexts().groups.move;
  const confirm = useConfirm();
  const sendGroup = useSendGroup();
  const sendScreen = useSendScreen();
  const nameOf = (id: number | null): string => (id === null ? texts.top : (forest.byId.get(id)?.name ?? texts.top));
  const moveGroup = (groupId: number, parentId: number | null): void => {
    const group = forest.byId.get(groupId);
    const refusal = moveRefusal(forest, groupId, parentId);
    if (refusal !== null || group === undefined) {
      if (refusal !== 'already-there')
        notifications.show({ color: 'red', role: 'alert', message: texts.refused[refusal ?? 'below-itself'] });
      return;
    }
    const groups = subtreeIds(forest, groupId).size - 1;
    const what = texts.group(group.name, groups, group.deviceCount, nameOf(parentId), parentId === null);
    confirm({
      title: texts.groupTitle(group.name),
      message: <MoveMessage what={what} groupId={parentId} />,
      confirm: texts.confirm,
      danger: false,
      onConfirm: () => {
        reveal(parentId);
        sendGroup({ group, parentId });
      },
    });
  };
  const moveScreen = (device: DeviceJson, groupId: number | null): void => {
    if (device.groupId === groupId) return;
    confirm({
      title: texts.screenTitle(device.name),
      message: (
        <MoveMessage what={texts.screen(device.name, groupId === null ? null : nameOf(groupId))} groupId={groupId} />
      ),
      confirm: texts.confirm,
      danger: false,
      onConfirm: () => sendScreen({ device, groupId }),
    });
  };
  return { moveGroup, moveScreen };
}

function useSendGroup(): (move: MovedGroup) => void {
  const texts = useTexts().groups.move;
  const session = useSession();
  const queries = useQueryClient();
  const send = async ({ group, parentId }: MovedGroup): Promise<GroupJson> => {
    await queries.cancelQueries({ queryKey: FOREST_KEY });
    queries.setQueryData<GroupForest>(FOREST_KEY, (forest) => forest && withMoved(forest, group.id, parentId));
    try {
      const body = { parentId, version: group.version };
      return await session.call<GroupJson>('PUT', `/groups/${group.id}`, { body });
    } catch (cause) {
      // The tree may have changed meanwhile: this one move is taken back, whatever else is new.
      queries.setQueryData<GroupForest>(FOREST_KEY, (forest) => forest && withMoved(forest, group.id, group.parentId));
      void queries.invalidateQueries({ queryKey: FOREST_KEY });
      throw cause;
    }
  };
  const action = useAction(send, {
    changes: ['group', 'device', 'screen', 'audit'],
    done: ({ name }) => texts.done(name),
  });
  return (move) => action.mutate(move);
}

function useSendScreen(): (move: MovedScreen) => void {
  const texts = useTexts().groups.move;
  const session = useSession();
  const action = useAction(
    ({ device, groupId }: MovedScreen) =>
      session.call<DeviceJson>('PUT', `/devices/${device.id}`, { body: { groupId, version: device.version } }),
    { changes: ['device', 'group', 'screen', 'audit'], done: ({ name }) => texts.done(name) },
  );
  return (move) => action.mutate(move);
}
