/** Where the screens are, once somebody has said so of one: a map, and a list of the same. */
import { Button, List, Skeleton, Text } from '@mantine/core';
import { useIntersection } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react';
import { useLocation } from 'wouter';
import type { PlacesJson } from '../../devices/device-places.ts';
import { useLiveFeed } from '../live/live-context.tsx';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { PresenceBadge } from '../ui/presence-badge.tsx';
import { Card } from './card.tsx';
import type { MapSpot } from './fleet-map.tsx';

const FleetMap = lazy(async () => {
  const { FleetMap: component } = await import('./fleet-map.tsx');
  return { default: component };
});

const MAP_KEY = ['device', 'places'];
const MAP_HEIGHT = 462;
/** Screens that the list shows. */
const LISTED_MAX = 200;

export function PlacesCard() {
  const places = usePlaces();
  return places === undefined || places.total === 0 ? null : <Places places={places} />;
}

/** The places, with presence as the feed tells it. A map that cannot be read is left out: the list of screens has all. */
function usePlaces(): PlacesJson | undefined {
  const session = useSession();
  const queries = useQueryClient();
  const feed = useLiveFeed();
  const { data } = useQuery({
    queryKey: MAP_KEY,
    queryFn: ({ signal }) => session.call<PlacesJson>('GET', '/devices/places', { signal }),
  });
  useEffect(
    () =>
      feed.onPresence((devices) => {
        const news = new Map(devices.map((device) => [device.deviceId, device]));
        queries.setQueryData<PlacesJson>(MAP_KEY, (before) => {
          if (before === undefined || !before.devices.some(({ deviceId }) => news.has(deviceId))) return before;
          return {
            ...before,
            devices: before.devices.map((one) => {
              const now = news.get(one.deviceId);
              return now === undefined ? one : { ...one, status: now.status, transport: now.transport };
            }),
          };
        });
      }),
    [feed, queries],
  );
  return data;
}

function spotsOf({ devices, clusters }: PlacesJson): MapSpot[] {
  return [
    ...devices.map(({ deviceId, latitude, longitude, status, transport }) => {
      const online = status === 'online' ? 1 : 0;
      return { deviceId, latitude, longitude, counts: { devices: 1, online, http: transport === 'http' ? online : 0 } };
    }),
    ...clusters.map(({ latitude, longitude, ...counts }) => ({ deviceId: null, latitude, longitude, counts })),
  ];
}

function Places({ places }: { readonly places: PlacesJson }) {
  const texts = useTexts().overview;
  const [, navigate] = useLocation();
  const { ref, entry } = useIntersection();
  const [wasSeen, setWasSeen] = useState(false);
  const [listed, setListed] = useState<ReadonlySet<number> | 'all' | null>(null);
  if (entry?.isIntersecting === true && !wasSeen) setWasSeen(true);
  const spots = useMemo(() => spotsOf(places), [places]);
  const choose = useCallback(
    (members: readonly MapSpot[]) => {
      const ids = members.flatMap(({ deviceId }) => (deviceId === null ? [] : [deviceId]));
      if (ids.length === 1) navigate(`/devices/${ids[0]}`);
      else if (ids.length > 1) setListed(new Set(ids));
    },
    [navigate],
  );
  const online = spots.reduce((sum, { counts }) => sum + counts.online, 0);
  const http = spots.reduce((sum, { counts }) => sum + counts.http, 0);
  return (
    <Card
      title={texts.map}
      actions={
        places.devices.length > 0 && (
          <Button
            variant="default"
            size="compact-sm"
            aria-expanded={listed !== null}
            onClick={() => setListed(listed === null ? 'all' : null)}
          >
            {listed === null ? texts.asList : texts.hideList}
          </Button>
        )
      }
    >
      {places.clusters.length > 0 && <Text size="sm">{texts.tooMany}</Text>}
      <div ref={ref} style={{ minHeight: MAP_HEIGHT }}>
        {wasSeen && (
          <Suspense fallback={<Skeleton h={MAP_HEIGHT} />}>
            <FleetMap label={texts.mapGist(places.total, online, http)} spots={spots} onChoose={choose} />
          </Suspense>
        )}
      </div>
      {listed !== null && (
        <PlaceList devices={places.devices.filter(({ deviceId }) => listed === 'all' || listed.has(deviceId))} />
      )}
    </Card>
  );
}

function PlaceList({ devices }: { readonly devices: PlacesJson['devices'] }) {
  const { overview: texts } = useTexts();
  return (
    <>
      <Text size="sm" c="dimmed" role="status">
        {devices.length > LISTED_MAX ? texts.listFirst(LISTED_MAX, devices.length) : texts.listHere(devices.length)}
      </Text>
      <List listStyleType="none" spacing={6} size="sm" mah={360} style={{ overflowY: 'auto' }}>
        {devices.slice(0, LISTED_MAX).map(({ deviceId, name, status, transport, latitude, longitude }) => (
          <List.Item key={deviceId}>
            <PresenceBadge status={status} transport={transport} />{' '}
            <AnchorLink to={`/devices/${deviceId}`} size="sm">
              {name}
            </AnchorLink>{' '}
            <Text span size="xs" c="dimmed">
              {texts.placeOf(latitude.toFixed(4), longitude.toFixed(4))}
            </Text>
          </List.Item>
        ))}
      </List>
    </>
  );
}
