/** Reads again what hangs on a ladder (its screens, its chart) as the feed tells of its changes, and not more often than every REST_MS. */
import { useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useLiveFeed } from '../live/live-context.tsx';
import type { LiveFeed } from '../live/live-feed.ts';

/** Changes gather this long, in milliseconds. */
const GATHER_MS = 200;
/** Least time between two readings, in milliseconds. */
const REST_MS = 2_000;

export function receiptsPath(deploymentId: number): string {
  return `/alerts/deployments/${deploymentId}/receipts`;
}

export function useReadWithLadder(deploymentId: number): void {
  const feed = useLiveFeed();
  const queries = useQueryClient();
  useEffect(() => readWithLadder(feed, queries, deploymentId), [feed, queries, deploymentId]);
}

/** Begins to listen; returns what ends it. */
function readWithLadder(feed: LiveFeed, queries: QueryClient, deploymentId: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lastMs = 0;
  let known = feed.picture.ladders.get(deploymentId);
  const read = (): void => {
    timer = undefined;
    lastMs = Date.now();
    void queries.invalidateQueries({ queryKey: ['alertDeployment', 'list', receiptsPath(deploymentId)] });
    void queries.invalidateQueries({ queryKey: ['alertDeployment', 'timeline', deploymentId] });
  };
  const end = feed.subscribe(() => {
    const next = feed.picture.ladders.get(deploymentId);
    if (next === known || next === undefined) return;
    known = next;
    timer ??= setTimeout(read, Math.max(GATHER_MS, lastMs + REST_MS - Date.now()));
  });
  return () => {
    end();
    clearTimeout(timer);
  };
}
