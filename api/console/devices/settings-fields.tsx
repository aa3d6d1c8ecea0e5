/** Which settings of many screens are changed, and to what. */
import { Group, NumberInput, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { ORIENTATIONS } from '../../../protocol/desired-state.ts';
import type { BulkAction } from '../../devices/bulk-actions.ts';
import { useTexts } from '../texts/texts-context.tsx';
import {
  configureAction,
  NUMBER_LIMITS,
  SETTINGS,
  UNTOUCHED,
  type SettingDraft,
  type SettingName,
  type SettingsDraft,
} from './bulk-request.ts';

const MODES = ['leave', 'set', 'clear'] as const;
const POWERS = ['on', 'off'] as const;

export function SettingsFields({ onChange }: { readonly onChange: (action: BulkAction | null) => void }) {
  const [draft, setDraft] = useState<SettingsDraft>(UNTOUCHED);
  const change = (name: SettingName, part: Partial<SettingDraft>): void => {
    const next = { ...draft, [name]: { ...draft[name], ...part } };
    setDraft(next);
    onChange(configureAction(next));
  };
  return (
    <Stack gap="xs">
      {SETTINGS.map((name) => (
        <Setting key={name} name={name} draft={draft[name]} onChange={(part) => change(name, part)} />
      ))}
    </Stack>
  );
}

interface SettingProps {
  readonly name: SettingName;
  readonly draft: SettingDraft;
  readonly onChange: (part: Partial<SettingDraft>) => void;
}

function Setting({ name, draft, onChange }: SettingProps) {
  const texts = useTexts().devices.bulk;
  const label = texts.settings[name];
  return (
    <Group gap="sm" wrap="wrap">
      <Text size="sm" w={110} fw={500}>
        {label}
      </Text>
      <Select
        w={150}
        aria-label={texts.modeOf(label)}
        data={MODES.map((value) => ({ value, label: texts.modes[value] }))}
        value={draft.mode}
        onChange={(value) => onChange({ mode: MODES.find((mode) => mode === value) ?? 'leave' })}
        allowDeselect={false}
      />
      {draft.mode === 'set' && <Value name={name} draft={draft} onChange={onChange} />}
    </Group>
  );
}

function Value({ name, draft, onChange }: SettingProps) {
  const texts = useTexts().devices.bulk;
  const label = texts.valueOf(texts.settings[name]);
  const limits = NUMBER_LIMITS[name];
  if (limits !== undefined)
    return (
      <NumberInput
        flex="1 1 160px"
        aria-label={label}
        placeholder={name === 'statusSeconds' ? texts.everySeconds : texts.percent}
        min={limits[0]}
        max={limits[1]}
        allowDecimal={false}
        value={draft.value}
        onChange={(value) => onChange({ value })}
      />
    );
  const data =
    name === 'orientation'
      ? ORIENTATIONS.map((value) => ({ value, label: texts.orientations[value] }))
      : name === 'power'
        ? POWERS.map((value) => ({ value, label: texts.powers[value] }))
        : Intl.supportedValuesOf('timeZone').map((value) => ({ value, label: value.replaceAll('_', ' ') }));
  return (
    <Select
      flex="1 1 160px"
      aria-label={label}
      data={data}
      value={draft.value === '' ? null : String(draft.value)}
      onChange={(value) => onChange({ value: value ?? '' })}
      searchable={name === 'timezone'}
      limit={50}
      allowDeselect={false}
    />
  );
}
