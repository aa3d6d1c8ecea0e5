/** Commands to one screen: giving them, and following them until they are done. */
import { keepPreviousData, useQuery, type UseMutationResult, type UseQueryResult } from '@tanstack/react-query';
import type { CommandJson } from '../../devices/command-json.ts';
import type { CommandName } from '../../../protocol/desired-state.ts';
import { newKey } from '../session/new-key.ts';
import { useSession } from '../session/session-context.tsx';
import type { Paged, Query } from '../session/session.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { useAction } from '../ui/use-action.ts';
import { SCREEN, screenKey } from './screen-data.ts';

/** How often a command that is under way is asked after, in milliseconds: that a screen has taken it is not on the live feed. */
const FOLLOW_MS = 2_500;

export interface Order {
  readonly name: CommandName;
  readonly args?: Readonly<Record<string, number>>;
  readonly expiresInSeconds?: number;
  /** Names this one act, so that it is done once however often it is sent. */
  readonly key: string;
}

/** An order as it is meant now. */
export function orderOf(name: CommandName, rest: Omit<Order, 'name' | 'key'> = {}): Order {
  return { name, ...rest, key: newKey() };
}

export function useGiveCommand(deviceId: number): UseMutationResult<CommandJson, unknown, Order> {
  const session = useSession();
  const texts = useTexts().devicePage.commands;
  return useAction(
    ({ key, ...body }: Order) =>
      session.call<CommandJson>('POST', `/devices/${deviceId}/commands`, { body, idempotencyKey: key }),
    { changes: [SCREEN, 'audit'], done: ({ name }) => texts.given(texts.names[name]) },
  );
}

export function isOpen({ state }: Pick<CommandJson, 'state'>): boolean {
  return state === 'pending' || state === 'acknowledged';
}

/** The screen's commands; asked after again while one of them is under way. */
export function useCommands(deviceId: number, query: Query): UseQueryResult<Paged<CommandJson[]>> {
  const session = useSession();
  return useQuery({
    queryKey: screenKey(deviceId, 'commands', query),
    queryFn: ({ signal }) => session.list<CommandJson>(`/devices/${deviceId}/commands`, query, signal),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (state.data?.items.some(isOpen) === true ? FOLLOW_MS : false),
  });
}
