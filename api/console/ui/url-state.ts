/** State that is in the address, so that a view can be shared, bookmarked and gone back to. */
import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'wouter';

export type UrlValues = Readonly<Record<string, string>>;

/**
 * Reads and writes the named parts of the address's query. What equals its default is left out of the address.
 * @param defaults names and default values; keep it constant
 */
export function useUrlState<T extends UrlValues>(defaults: T): [T, (change: Partial<Record<keyof T, string>>) => void] {
  const [search, setSearch] = useSearchParams();
  const state = useMemo(
    () => Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, search.get(name) ?? value])) as T,
    [defaults, search],
  );
  const change = useCallback(
    (next: Partial<Record<keyof T, string>>) => {
      setSearch(
        (before) => {
          const after = new URLSearchParams(before);
          for (const [name, value] of Object.entries(next)) {
            if (value === undefined || value === defaults[name]) after.delete(name);
            else after.set(name, value);
          }
          return after;
        },
        { replace: true },
      );
    },
    [setSearch, defaults],
  );
  return [state, change];
}
