/** The live feed, for components: what it last said, and queries that are read again when it says that something changed. */
import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useState, useSyncExternalStore, type ReactNode } from 'react';
import type { LadderItem, PresenceCounts, ProgressItem } from '../../live/live-messages.ts';
import { useSession } from '../session/session-context.tsx';
import { LiveFeed, type LiveStatus } from './live-feed.ts';
import { refetchOnChange } from './refetch-on-change.ts';

const LiveContext = createContext<LiveFeed | null>(null);

function feedAddress(): string {
  const url = new URL('/api/v1/live', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

/** Opens the feed for who is signed in, and keeps the queries below it true. */
export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const session = useSession();
  const queries = useQueryClient();
  const [feed] = useState(
    () =>
      new LiveFeed({
        url: feedAddress(),
        accessToken: () => session.accessToken(),
        openSocket: (url, protocols) => new WebSocket(url, protocols),
        random: Math.random,
        nowMs: Date.now,
      }),
  );
  useEffect(() => {
    const stopRefetching = refetchOnChange(feed, queries);
    const hurry = (): void => feed.hurry();
    addEventListener('online', hurry);
    feed.start();
    return () => {
      removeEventListener('online', hurry);
      stopRefetching();
      feed.stop();
    };
  }, [feed, queries]);
  return <LiveContext.Provider value={feed}>{children}</LiveContext.Provider>;
}

export function useLiveFeed(): LiveFeed {
  const feed = useContext(LiveContext);
  if (feed === null) throw new Error('useLiveFeed outside of LiveProvider');
  return feed;
}

function useLive<T>(select: (feed: LiveFeed) => T): T {
  const feed = useLiveFeed();
  return useSyncExternalStore(
    (listener) => feed.subscribe(listener),
    () => select(feed),
  );
}

export function useLiveStatus(): LiveStatus {
  return useLive((feed) => feed.picture.status);
}

/** Devices online and offline now, over those that the user may see; null before the feed has said so. */
export function usePresenceCounts(): PresenceCounts | null {
  return useLive((feed) => feed.picture.counts);
}

/** The newest ladder of an alert deployment; undefined while the feed has said nothing of it. */
export function useLadder(deploymentId: number): LadderItem | undefined {
  return useLive((feed) => feed.picture.ladders.get(deploymentId));
}

/** The ladders of all deployments that the feed follows. */
export function useLadders(): ReadonlyMap<number, LadderItem> {
  return useLive((feed) => feed.picture.ladders);
}

/** How far the deployments of schedules that are under way have come, by deployment. */
export function useDeploymentProgress(): ReadonlyMap<number, ProgressItem> {
  return useLive((feed) => feed.picture.progress);
}
