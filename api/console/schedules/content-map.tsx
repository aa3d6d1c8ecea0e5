/**
 * The content that a layout names, by id: what the schedule shows as it is saved, read at once, and what was chosen since. Only what
 * a draft from before names beyond that is read piece by piece.
 */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { createContext, useContext, useMemo, useState, type ReactNode } from 'react';
import type { Layout } from '../../../protocol/schedule.ts';
import type { ContentJson } from '../../content/content-json.ts';
import { ApiFailure } from '../session/api-failure.ts';
import { useSession } from '../session/session-context.tsx';
import { readAll } from '../ui/list-query.ts';

export interface ContentMap {
  readonly get: (contentId: number) => ContentJson | undefined;
  /** How long content lasts by itself, in milliseconds; null: it does not say. */
  readonly durationOf: (contentId: number) => number | null;
  /** Remembers what was chosen. */
  readonly add: (content: ContentJson) => void;
}

const ContentMapContext = createContext<ContentMap | null>(null);

/** Pieces read one by one. Past it: they are shown by their numbers. */
const SINGLE_MAX = 20;

export interface ContentMapProviderProps {
  /** null: the schedule is not saved yet. */
  readonly scheduleId: number | null;
  readonly version: number;
  readonly layout: Layout;
  readonly children: ReactNode;
}

export function ContentMapProvider({ scheduleId, version, layout, children }: ContentMapProviderProps) {
  const session = useSession();
  const [chosen, setChosen] = useState<ReadonlyMap<number, ContentJson>>(new Map());
  const saved = useQuery({
    queryKey: ['content', 'of-schedule', scheduleId, version],
    queryFn: ({ signal }) => readAll<ContentJson>(session, `/schedules/${scheduleId}/content`, {}, signal),
    enabled: scheduleId !== null,
    placeholderData: keepPreviousData,
  });
  const known = useMemo(
    () => new Map([...(saved.data ?? []).map((one) => [one.id, one] as const), ...chosen]),
    [saved.data, chosen],
  );
  const named = [...new Set(layout.zones.flatMap(({ items }) => items.map(({ contentId }) => contentId)))];
  const missing = named.filter((id) => !known.has(id)).slice(0, SINGLE_MAX);
  const single = useQuery({
    queryKey: ['content', 'single', missing],
    queryFn: () =>
      Promise.all(missing.map((id) => contentOrNull(() => session.call<ContentJson>('GET', `/content/${id}`)))),
    enabled: missing.length > 0 && (scheduleId === null || saved.isFetched),
  });
  const map = useMemo((): ContentMap => {
    const all = new Map(known);
    for (const one of single.data ?? []) if (one !== null) all.set(one.id, one);
    return {
      get: (contentId) => all.get(contentId),
      durationOf: (contentId) => all.get(contentId)?.durationMs ?? null,
      add: (content) => setChosen((before) => new Map(before).set(content.id, content)),
    };
  }, [known, single.data]);
  return <ContentMapContext.Provider value={map}>{children}</ContentMapContext.Provider>;
}

/** null for what is gone or belongs to others. */
async function contentOrNull(read: () => Promise<ContentJson>): Promise<ContentJson | null> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof ApiFailure && cause.code === 'NOT_FOUND') return null;
    throw cause;
  }
}

export function useContentMap(): ContentMap {
  const map = useContext(ContentMapContext);
  if (map === null) throw new Error('useContentMap outside of ContentMapProvider');
  return map;
}
