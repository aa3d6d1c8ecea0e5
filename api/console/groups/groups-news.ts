/** Keeps counts of groups and the presence of listed screens true while screens come and go. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { DeviceJson } from '../../devices/device-json.ts';
import type { DevicePresence } from '../live/live-feed.ts';
import { useLiveFeed } from '../live/live-context.tsx';
import type { Paged } from '../session/session.ts';

/** How often the tree is counted anew at most, in milliseconds: a busy fleet comes and goes all the time. */
const COUNT_EVERY_MS = 5_000;
/** What reaches a group from above, and is read again with it. */
const FROM_ABOVE: ReadonlySet<string> = new Set(['alertDeployment', 'schedule']);

/** A page of screens as they are now; the same one when none of them came or went. */
function withPresence(
  page: Paged<DeviceJson[]> | undefined,
  devices: readonly DevicePresence[],
): Paged<DeviceJson[]> | undefined {
  const news = new Map(devices.map((one) => [one.deviceId, one]));
  if (page === undefined || !page.items.some(({ id }) => news.has(id))) return page;
  const items = page.items.map((device) => {
    const mine = news.get(device.id);
    if (mine === undefined) return device;
    const { status, transport, lastSeen } = mine;
    return { ...device, status, transport, lastSeen };
  });
  return { ...page, items };
}

export function useGroupsNews(): void {
  const feed = useLiveFeed();
  const queries = useQueryClient();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const countSoon = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void queries.invalidateQueries({ queryKey: ['group'] });
      }, COUNT_EVERY_MS);
    };
    const ends = [
      feed.onPresence((devices) => {
        queries.setQueriesData<Paged<DeviceJson[]>>({ queryKey: ['device', 'list', '/devices'] }, (page) =>
          withPresence(page, devices),
        );
        if (devices.length > 0) countSoon();
      }),
      feed.onChanged((entities) => {
        if (entities.some(({ entity }) => FROM_ABOVE.has(entity))) countSoon();
      }),
    ];
    return () => {
      clearTimeout(timer);
      for (const end of ends) end();
    };
  }, [feed, queries]);
}
