/** Which screens the list shows, and in which order: what is in the address, and what the API is asked. Pure. */
import type { Query } from '../session/session.ts';

/** Names and defaults of the view's parts in the address. */
export const DEVICE_VIEW = { q: '', groupId: '', status: '', transport: '', state: '', sort: 'name' };
export type DeviceView = typeof DEVICE_VIEW;

/** A filter as `POST /devices/bulk` takes it. */
export interface DeviceFilter {
  readonly q?: string;
  readonly groupId?: number;
  readonly status?: 'online' | 'offline';
  readonly transport?: 'websocket' | 'http';
  readonly state?: 'active' | 'revoked';
}

function oneOf<T extends string>(value: string, allowed: readonly T[]): T | undefined {
  return allowed.find((one) => one === value);
}

/** The view's filter; what somebody wrote into the address that is no filter is left out. */
export function filterOf(view: DeviceView): DeviceFilter {
  const groupId = Number(view.groupId);
  const status = oneOf(view.status, ['online', 'offline']);
  const transport = oneOf(view.transport, ['websocket', 'http']);
  const state = oneOf(view.state, ['active', 'revoked']);
  const q = view.q.trim();
  return {
    ...(q === '' ? {} : { q }),
    ...(view.groupId !== '' && Number.isSafeInteger(groupId) && groupId > 0 ? { groupId } : {}),
    ...(status === undefined ? {} : { status }),
    ...(transport === undefined ? {} : { transport }),
    ...(state === undefined ? {} : { state }),
  };
}

export const DEVICE_SORTS = [
  'name',
  '-name',
  '-status',
  'status',
  '-lastSeen',
  'lastSeen',
  '-createdAt',
  'playerId',
] as const;
export type DeviceSort = (typeof DEVICE_SORTS)[number];

export function sortOf(view: DeviceView): DeviceSort {
  return oneOf(view.sort, DEVICE_SORTS) ?? 'name';
}

/** The query of `GET /devices` for one page of the view. */
export function queryOf(view: DeviceView, page: number, limit: number): Query {
  return { ...filterOf(view), sort: sortOf(view), page, limit };
}

/** What the one choice of presence stands for. */
export type Presence = 'online' | 'websocket' | 'http' | 'offline';

export function presenceOf({ status, transport }: DeviceView): Presence | null {
  return oneOf<Presence>(transport, ['websocket', 'http']) ?? oneOf<Presence>(status, ['online', 'offline']) ?? null;
}

export function withPresence(presence: Presence | null): Pick<DeviceView, 'status' | 'transport'> {
  if (presence === null) return { status: '', transport: '' };
  if (presence === 'online' || presence === 'offline') return { status: presence, transport: '' };
  return { status: 'online', transport: presence };
}
