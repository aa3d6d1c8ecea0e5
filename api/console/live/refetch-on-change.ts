/**
 * Reads queries again when the feed says that what they show has changed. A query's key begins with the entity it shows
 * (`['device', 'list', …]`), so that the feed's word finds it.
 *
 * News of one entity gather for a moment, and one entity is not read again more often than every REST_MS: a busy fleet must not
 * use up the requests that its operator has.
 */
import type { QueryClient } from '@tanstack/react-query';
import type { LiveEntity } from '../../live/live-messages.ts';
import type { LiveFeed } from './live-feed.ts';

/** News gather this long, in milliseconds. */
const GATHER_MS = 150;
/** Least time between two readings of one entity, in milliseconds. */
const REST_MS = 2_000;

/** What else shows an entity: its counts, its names. */
const ALSO: Partial<Record<LiveEntity, readonly string[]>> = {
  device: ['group', 'overview'],
  content: ['overview'],
  schedule: ['overview'],
  deadLetter: ['overview'],
  alertDeployment: ['audit', 'overview'],
};

/** Begins to listen; returns what ends it. */
export function refetchOnChange(feed: LiveFeed, queries: QueryClient): () => void {
  const lastMs = new Map<string, number>();
  const timers = new Map<string, ReturnType<typeof setTimeout>>();

  const readSoon = (entity: string): void => {
    if (timers.has(entity)) return;
    const restMs = (lastMs.get(entity) ?? 0) + REST_MS - Date.now();
    const timer = setTimeout(
      () => {
        timers.delete(entity);
        lastMs.set(entity, Date.now());
        void queries.invalidateQueries({ queryKey: [entity] });
      },
      Math.max(GATHER_MS, restMs),
    );
    timers.set(entity, timer);
  };

  const ends = [
    feed.onChanged((entities) => {
      for (const { entity } of entities) for (const one of [entity, ...(ALSO[entity] ?? [])]) readSoon(one);
    }),
    feed.onPresence((_devices, resync) => {
      if (resync) readSoon('device');
    }),
    feed.onResync(() => void queries.invalidateQueries()),
  ];
  return () => {
    for (const end of ends) end();
    for (const timer of timers.values()) clearTimeout(timer);
  };
}
