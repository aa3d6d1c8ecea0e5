/** Choosing one thing by its name among more than fit into a list: the API searches. */
import { Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';

const SHOWN_MAX = 30;
const PAUSE_MS = 250;

interface Named {
  readonly id: number;
  readonly name: string;
}

export interface NamedSelectProps {
  readonly label: string;
  /** What stands there when nothing is chosen. */
  readonly placeholder: string;
  /** The live feed's word for what is listed. */
  readonly entity: string;
  /** Path of the list below the API's base. */
  readonly path: string;
  /** Id as text; empty for none. */
  readonly value: string;
  readonly onChange: (id: string) => void;
}

export function NamedSelect({ label, placeholder, entity, path, value, onChange }: NamedSelectProps) {
  const { common, reports } = useTexts();
  const session = useSession();
  const [typed, setTyped] = useState('');
  const [q] = useDebouncedValue(typed, PAUSE_MS);
  const [opened, setOpened] = useState(false);
  const chosen = useQuery({
    queryKey: [entity, 'named', path, value],
    queryFn: ({ signal }) => session.call<Named>('GET', `${path}/${value}`, { signal }),
    enabled: value !== '',
  });
  const name = value === '' ? null : (chosen.data?.name ?? reports.removed(Number(value)));
  // What stands in the field is no search for itself.
  const search = q === name ? '' : q;
  const found = useQuery({
    queryKey: [entity, 'named', path, 'search', search],
    queryFn: async ({ signal }) => {
      const { items } = await session.list<Named>(path, { q: search, limit: SHOWN_MAX, sort: 'name' }, signal);
      return items.map(({ id, name: word }) => ({ value: String(id), label: word }));
    },
    placeholderData: keepPreviousData,
    enabled: opened,
  });
  const options = found.data ?? [];
  const isThere = options.some((option) => option.value === value);
  return (
    <Select
      label={label}
      placeholder={placeholder}
      data={name === null || isThere ? options : [{ value, label: name }, ...options]}
      value={value === '' ? null : value}
      onChange={(id) => onChange(id ?? '')}
      searchable
      onSearchChange={setTyped}
      onDropdownOpen={() => setOpened(true)}
      // The API has searched already.
      filter={({ options: all }) => all}
      nothingFoundMessage={found.isFetching ? common.loading : common.nothingFound}
      clearable
      clearButtonProps={{ 'aria-label': common.none }}
      maxDropdownHeight={320}
    />
  );
}
