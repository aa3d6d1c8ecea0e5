/**
 * The rows of a list of thousands: only the pages that are looked at are asked for. Who
 * came and went is put into the rows as the live feed says it, so that a busy fleet costs no requests.
 */
import { keepPreviousData, useQueries, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { DeviceJson } from '../../devices/device-json.ts';
import type { DevicePresence } from '../live/live-feed.ts';
import { useLiveFeed } from '../live/live-context.tsx';
import { useSession } from '../session/session-context.tsx';
import type { Paged, Session } from '../session/session.ts';
import { queryOf, type DeviceView } from './device-view.ts';

/** Screens of one page: the most that the API gives, because requests are what operators have few of. */
export const PAGE_ROWS = 200;

const ROWS_KEY = ['device', 'rows'] as const;
type DevicePage = Paged<DeviceJson[]>;

export interface DevicePages {
  /** How many screens match; null before it is known. */
  readonly total: number | null;
  /** The screen at a place of the list; undefined while it is not here. */
  readonly at: (index: number) => DeviceJson | undefined;
  /** What is shown is of the view before. */
  readonly isOld: boolean;
  /** Why there is nothing, or not the newest. */
  readonly failure: unknown;
  readonly retry: () => void;
}

function pageQuery(session: Session, view: DeviceView, page: number) {
  return {
    queryKey: [...ROWS_KEY, queryOf(view, page, PAGE_ROWS)],
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      session.list<DeviceJson>('/devices', queryOf(view, page, PAGE_ROWS), signal),
  };
}

/** The pages that hold the places from `first` to `last`. Pure. */
export function pagesOf(first: number, last: number): number[] {
  const from = Math.floor(Math.max(0, first) / PAGE_ROWS);
  const to = Math.floor(Math.max(0, last) / PAGE_ROWS);
  return Array.from({ length: to - from + 1 }, (_, at) => from + at + 1);
}

/** Reads what the places from `first` to `last` of the view need. */
export function useDevicePages(view: DeviceView, first: number, last: number): DevicePages {
  const session = useSession();
  const queries = useQueryClient();
  usePresenceInRows();
  // The first page always: it says how many there are, and stands while the next view is on its way.
  const head = useQuery({ ...pageQuery(session, view, 1), placeholderData: keepPreviousData });
  const wanted = pagesOf(first, last).filter((page) => page > 1);
  const others = useQueries({
    queries: head.isPlaceholderData ? [] : wanted.map((page) => pageQuery(session, view, page)),
  });
  const byPage = new Map(wanted.map((page, at) => [page, others[at]?.data]));
  byPage.set(1, head.data);
  // What was read before is at hand while one scrolls past it.
  const pageAt = (page: number): DevicePage | undefined => {
    if (!byPage.has(page)) byPage.set(page, queries.getQueryData<DevicePage>(pageQuery(session, view, page).queryKey));
    return byPage.get(page);
  };
  const failed = [head, ...others].find(({ isError }) => isError);
  return {
    total: head.data?.total ?? null,
    at: (index) => pageAt(Math.floor(index / PAGE_ROWS) + 1)?.items[index % PAGE_ROWS],
    isOld: head.isPlaceholderData,
    failure: failed?.error ?? null,
    retry: () => void failed?.refetch(),
  };
}

/** Reads the ids at the places from `first` to `last`, for selecting a range over rows that were not looked at. Throws ApiFailure. */
export async function idsBetween(
  session: Session,
  queries: QueryClient,
  view: DeviceView,
  first: number,
  last: number,
): Promise<number[]> {
  const pages = await Promise.all(
    pagesOf(first, last).map((page) => queries.ensureQueryData(pageQuery(session, view, page))),
  );
  const start = Math.floor(first / PAGE_ROWS) * PAGE_ROWS;
  return pages
    .flatMap(({ items }) => items)
    .slice(first - start, last - start + 1)
    .map(({ id }) => id);
}

/** The page with what the feed says of its screens; the same object when it says nothing of them. Pure. */
export function withPresence(page: DevicePage, presences: ReadonlyMap<number, DevicePresence>): DevicePage {
  if (!page.items.some(({ id }) => presences.has(id))) return page;
  return {
    ...page,
    items: page.items.map((device) => {
      const presence = presences.get(device.id);
      if (presence === undefined) return device;
      const { status, transport, lastSeen } = presence;
      return { ...device, status, transport, lastSeen: lastSeen ?? device.lastSeen };
    }),
  };
}

function usePresenceInRows(): void {
  const feed = useLiveFeed();
  const queries = useQueryClient();
  useEffect(
    () =>
      feed.onPresence((devices) => {
        if (devices.length === 0) return;
        const presences = new Map(devices.map((device) => [device.deviceId, device]));
        queries.setQueriesData<DevicePage>({ queryKey: ROWS_KEY }, (page) =>
          page === undefined ? page : withPresence(page, presences),
        );
      }),
    [feed, queries],
  );
}
