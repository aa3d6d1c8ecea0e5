/** How many screens the chosen targets are, read again as they change. */
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import type { Static } from 'typebox';
import type { TargetsPreview } from '../../alerts/preview-targets.ts';
import { useSession } from '../session/session-context.tsx';
import type { Targets } from './raise-draft.ts';

export type TargetCount = Static<typeof TargetsPreview>;

export type CountState =
  | { readonly kind: 'none' }
  | { readonly kind: 'counting' }
  | { readonly kind: 'counted'; readonly count: TargetCount }
  /** Whoever raises does so without; `cause` is null when there are too many ids to ask about. */
  | { readonly kind: 'unknown'; readonly cause: unknown };

/** How long one has to pause before it is counted again, in milliseconds. */
const PAUSE_MS = 200;
/** A count is good for so long, in milliseconds. */
const FRESH_MS = 10_000;
/** Longest list of ids that the API takes, in characters. */
const IDS_CHARS_MAX = 6_000;

export function useTargetCount(targets: Targets): CountState {
  const session = useSession();
  const groupIds = targets.groupIds.join(',');
  const deviceIds = targets.deviceIds.join(',');
  const wanted = `${groupIds}|${deviceIds}`;
  const [asked] = useDebouncedValue(wanted, PAUSE_MS);
  const isNone = wanted === '|';
  const isTooLong = Math.max(groupIds.length, deviceIds.length) > IDS_CHARS_MAX;
  const query = useQuery({
    queryKey: ['device', 'alert-targets', groupIds, deviceIds],
    queryFn: ({ signal }) =>
      session.call<TargetCount>('GET', '/alerts/targets', { query: { groupIds, deviceIds }, signal }),
    enabled: !isNone && !isTooLong && asked === wanted,
    staleTime: FRESH_MS,
    retry: 1,
  });
  if (isNone) return { kind: 'none' };
  if (isTooLong) return { kind: 'unknown', cause: null };
  if (query.data !== undefined) return { kind: 'counted', count: query.data };
  return query.isError ? { kind: 'unknown', cause: query.error } : { kind: 'counting' };
}
