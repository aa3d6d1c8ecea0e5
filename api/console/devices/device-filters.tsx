/** What narrows the list of screens; all of it is in the address. */
import { Box, Group, Select } from '@mantine/core';
import { GroupSelect } from '../pickers/group-select.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { SearchField } from '../ui/search-field.tsx';
import { DEVICE_SORTS, filterOf, presenceOf, sortOf, withPresence, type DeviceView } from './device-view.ts';

export interface DeviceFiltersProps {
  readonly view: DeviceView;
  readonly onChange: (change: Partial<DeviceView>) => void;
}

const PRESENCES = ['online', 'websocket', 'http', 'offline'] as const;
const STATES = ['active', 'revoked'] as const;

export function DeviceFilters({ view, onChange }: DeviceFiltersProps) {
  const { devices: texts } = useTexts();
  const { groupId = null } = filterOf(view);
  return (
    <Group gap="sm">
      <Box flex={{ base: '1 1 100%', sm: '1 1 260px' }} maw={{ sm: 420 }}>
        <SearchField label={texts.search} value={view.q} onChange={(q) => onChange({ q })} />
      </Box>
      <Box flex="1 1 160px" maw={{ sm: 260 }}>
        <GroupSelect
          hideLabel
          label={texts.group}
          placeholder={texts.anyGroup}
          value={groupId}
          onChange={(id) => onChange({ groupId: id === null ? '' : String(id) })}
        />
      </Box>
      <Select
        flex="1 1 150px"
        maw={{ sm: 220 }}
        aria-label={texts.presence}
        placeholder={texts.anyPresence}
        data={PRESENCES.map((value) => ({ value, label: texts.presenceOf[value] }))}
        value={presenceOf(view)}
        onChange={(value) => onChange(withPresence(PRESENCES.find((one) => one === value) ?? null))}
        clearable
        clearButtonProps={{ 'aria-label': texts.anyPresence }}
      />
      <Select
        flex="1 1 120px"
        maw={{ sm: 160 }}
        aria-label={texts.state}
        placeholder={texts.anyState}
        data={STATES.map((value) => ({ value, label: texts.stateOf[value] }))}
        value={STATES.find((one) => one === view.state) ?? null}
        onChange={(state) => onChange({ state: state ?? '' })}
        clearable
        clearButtonProps={{ 'aria-label': texts.anyState }}
      />
      <Select
        hiddenFrom="sm"
        flex="1 1 150px"
        aria-label={texts.sort}
        data={DEVICE_SORTS.map((value) => ({ value, label: texts.sorts[value] }))}
        value={sortOf(view)}
        onChange={(sort) => onChange({ sort: sort ?? 'name' })}
        allowDeselect={false}
      />
    </Group>
  );
}
