/** Choosing single screens by name. */
import { MultiSelect } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useRef, useState, type ReactNode } from 'react';
import type { DeviceJson } from '../../devices/device-json.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';

export interface DevicePickerProps {
  readonly value: readonly number[];
  readonly onChange: (deviceIds: number[]) => void;
  readonly label?: string;
  readonly description?: ReactNode;
}

const SHOWN_MAX = 30;

export function DevicePicker({ value, onChange, label, description }: DevicePickerProps) {
  const texts = useTexts().common;
  const session = useSession();
  const [typed, setTyped] = useState('');
  const [q] = useDebouncedValue(typed, 250);
  const [opened, setOpened] = useState(false);
  /** Names of what was found once, because a chosen screen has to keep its name when it is not found any more. */
  const names = useRef(new Map<number, string>());
  const missing = value.filter((id) => !names.current.has(id));
  const chosen = useQuery({
    queryKey: ['device', 'names', missing],
    queryFn: async () => {
      const devices = await Promise.all(
        missing.slice(0, 20).map((id) => session.call<DeviceJson>('GET', `/devices/${id}`)),
      );
      for (const { id, name } of devices) names.current.set(id, name);
      return devices.length;
    },
    enabled: missing.length > 0,
  });
  const found = useQuery({
    queryKey: ['device', 'pick', q],
    queryFn: async ({ signal }) => {
      const page = await session.list<DeviceJson>(
        '/devices',
        { q, state: 'active', limit: SHOWN_MAX, sort: 'name' },
        signal,
      );
      for (const { id, name } of page.items) names.current.set(id, name);
      return page.items.map(({ id }) => id);
    },
    placeholderData: keepPreviousData,
    enabled: opened,
  });
  const ids = [...new Set([...value, ...(found.data ?? [])])];
  return (
    <MultiSelect
      label={label ?? texts.pickDevices}
      description={description}
      placeholder={texts.pickDevicesPlaceholder}
      data={ids.map((id) => ({ value: String(id), label: names.current.get(id) ?? `#${id}` }))}
      value={value.map(String)}
      onChange={(picked) => onChange(picked.map(Number))}
      searchable
      searchValue={typed}
      onSearchChange={setTyped}
      onDropdownOpen={() => setOpened(true)}
      // The API has searched already; here only what it found is offered.
      filter={({ options }) =>
        options.filter((option) => 'value' in option && (found.data ?? []).includes(Number(option.value)))
      }
      nothingFoundMessage={found.isFetching || chosen.isFetching ? texts.loading : texts.nothingFound}
      hidePickedOptions
    />
  );
}
