/**
 * Reading one screen, and reading it again when something about it changed.
 *
 * Its queries begin with `screen` and not with the feed's word `device`: a fleet changes all the time, and an operator's hundred
 * requests a minute must not go into reading this page again for every other screen. `useScreenNews` picks what concerns this one.
 */
import { useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { DeviceJson } from '../../devices/device-json.ts';
import type { ChangedEntity } from '../../live/live-messages.ts';
import { useLiveFeed } from '../live/live-context.tsx';
import { useSession } from '../session/session-context.tsx';

/** First part of the keys of everything about single screens. */
export const SCREEN = 'screen';
/** News gather this long, in milliseconds. */
const GATHER_MS = 200;
/** Least time between two readings because of news, in milliseconds. */
const REST_MS = 2_000;
/** What a screen says of itself when it connects is written down a moment later than that it did; so long after, in milliseconds. */
const SAID_MS = 2_500;

export function screenKey(deviceId: number, ...parts: readonly unknown[]): readonly unknown[] {
  return [SCREEN, deviceId, ...parts];
}

/** The screen's own record. */
export function useScreen(deviceId: number): UseQueryResult<DeviceJson> {
  const session = useSession();
  return useQuery({
    queryKey: screenKey(deviceId, 'record'),
    queryFn: () => session.call<DeviceJson>('GET', `/devices/${deviceId}`),
  });
}

/** Alerts, schedules and groups reach a screen from above, and the feed does not say which screens. */
const FROM_ABOVE: ReadonlySet<string> = new Set(['alertDeployment', 'schedule', 'group']);

function concerns({ entity, id }: ChangedEntity, deviceId: number): boolean {
  return FROM_ABOVE.has(entity) || (entity === 'device' && (id === undefined || id === deviceId));
}

/** Keeps everything that is shown of the screen true. */
export function useScreenNews(deviceId: number): void {
  const feed = useLiveFeed();
  const queries = useQueryClient();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let late: ReturnType<typeof setTimeout> | undefined;
    let lastMs = 0;
    const readSoon = (): void => {
      if (timer !== undefined) return;
      timer = setTimeout(
        () => {
          timer = undefined;
          lastMs = Date.now();
          void queries.invalidateQueries({ queryKey: screenKey(deviceId) });
        },
        Math.max(GATHER_MS, lastMs + REST_MS - Date.now()),
      );
    };
    const ends = [
      feed.onChanged((entities) => {
        if (entities.some((one) => concerns(one, deviceId))) readSoon();
      }),
      feed.onPresence((devices, resync) => {
        const mine = devices.find((one) => one.deviceId === deviceId);
        if (mine !== undefined) {
          const { status, transport, lastSeen } = mine;
          queries.setQueryData<DeviceJson>(
            screenKey(deviceId, 'record'),
            (record) => record && { ...record, status, transport, lastSeen },
          );
        }
        if (mine === undefined && !resync) return;
        readSoon();
        clearTimeout(late);
        late = setTimeout(readSoon, SAID_MS);
      }),
    ];
    return () => {
      clearTimeout(timer);
      clearTimeout(late);
      for (const end of ends) end();
    };
  }, [deviceId, feed, queries]);
}
