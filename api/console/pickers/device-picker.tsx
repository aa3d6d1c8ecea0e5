/** Choosing single screens by name. */
import { MultiSelect } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import type { DeviceJson } from '../../devices/device-json.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';

export interface DevicePickerProps {
  readonly value: readonly number[];
  readonly onChange: (deviceIds: number[]) => void;
  readonly label?: string;
  readonly description?: ReactNode;
}

const FOUND_MAX = 30;

export function DevicePicker({ value, onChange, label, description }: DevicePickerProps) {
  const texts = useTexts().common;
  const [typed, setTyped] = useState('');
  const [opened, setOpened] = useState(false);
  const [q] = useDebouncedValue(typed, 250);
  const names = useNames(value);
  const found = useFound(q, opened);
  const foundIds = new Set((found.data ?? []).map(({ id }) => String(id)));
  const options = new Map([
    ...value.map((id) => [String(id), names.get(id) ?? `#${id}`] as const),
    ...(found.data ?? []).map(({ id, name }) => [String(id), name] as const),
  ]);
  return (
    <MultiSelect
      label={label ?? texts.pickDevices}
      description={description}
      placeholder={texts.pickDevicesPlaceholder}
      data={[...options].map(([id, name]) => ({ value: id, label: name }))}
      value={value.map(String)}
      onChange={(picked) => onChange(picked.map(Number))}
      searchable
      searchValue={typed}
      onSearchChange={setTyped}
      onDropdownOpen={() => setOpened(true)}
      // The API has searched already; here only what it found is offered.
      filter={({ options: all }) => all.filter((option) => 'value' in option && foundIds.has(option.value))}
      nothingFoundMessage={found.isFetching ? texts.loading : texts.nothingFound}
      hidePickedOptions
    />
  );
}

/** Names of the chosen screens; those that were found here are known already. */
function useNames(deviceIds: readonly number[]): ReadonlyMap<number, string> {
  const session = useSession();
  const devices = useQueries({
    queries: deviceIds.map((id) => ({
      queryKey: ['device', id],
      queryFn: () => session.call<DeviceJson>('GET', `/devices/${id}`),
    })),
  });
  return new Map(devices.flatMap(({ data }) => (data === undefined ? [] : [[data.id, data.name] as const])));
}

function useFound(q: string, enabled: boolean) {
  const session = useSession();
  const queries = useQueryClient();
  return useQuery({
    queryKey: ['device', 'pick', q],
    queryFn: async ({ signal }) => {
      const query = { q, state: 'active', limit: FOUND_MAX, sort: 'name' };
      const { items } = await session.list<DeviceJson>('/devices', query, signal);
      for (const device of items) queries.setQueryData(['device', device.id], device);
      return items;
    },
    placeholderData: keepPreviousData,
    enabled,
  });
}
