/** Which command, with what, and for how long it is tried. */
import { Group, NumberInput, Select } from '@mantine/core';
import { useState } from 'react';
import { COMMAND_NAMES, type CommandName } from '../../../protocol/desired-state.ts';
import type { BulkAction } from '../../devices/bulk-actions.ts';
import { useTexts } from '../texts/texts-context.tsx';

const ARGUMENT: Partial<Record<CommandName, 'volume' | 'brightness'>> = {
  set_volume: 'volume',
  set_brightness: 'brightness',
};
const EXPIRES = ['300', '3600', '28800', '86400'] as const;
type Expires = (typeof EXPIRES)[number];

interface Draft {
  readonly name: CommandName | null;
  readonly percent: number | string;
  readonly expires: Expires;
}

function actionOf({ name, percent, expires }: Draft): BulkAction | null {
  if (name === null) return null;
  const argument = ARGUMENT[name];
  if (argument === undefined) return { kind: 'command', name, expiresInSeconds: Number(expires) };
  if (typeof percent !== 'number' || !Number.isInteger(percent) || percent < 0 || percent > 100) return null;
  return { kind: 'command', name, args: { [argument]: percent }, expiresInSeconds: Number(expires) };
}

export function CommandFields({ onChange }: { readonly onChange: (action: BulkAction | null) => void }) {
  const texts = useTexts().devices.bulk;
  const [draft, setDraft] = useState<Draft>({ name: null, percent: '', expires: '300' });
  const change = (part: Partial<Draft>): void => {
    const next = { ...draft, ...part };
    setDraft(next);
    onChange(actionOf(next));
  };
  const argument = draft.name === null ? undefined : ARGUMENT[draft.name];
  return (
    <Group align="flex-start" gap="sm">
      <Select
        flex="2 1 220px"
        label={texts.command}
        placeholder={texts.chooseCommand}
        data={COMMAND_NAMES.map((name) => ({ value: name, label: texts.commands[name] }))}
        value={draft.name}
        onChange={(value) => change({ name: COMMAND_NAMES.find((name) => name === value) ?? null })}
        allowDeselect={false}
        maxDropdownHeight={320}
      />
      {argument !== undefined && (
        <NumberInput
          flex="1 1 140px"
          label={texts[argument]}
          min={0}
          max={100}
          allowDecimal={false}
          value={draft.percent}
          onChange={(percent) => change({ percent })}
          required
        />
      )}
      <Select
        flex="1 1 140px"
        label={texts.expires}
        data={EXPIRES.map((value) => ({ value, label: texts.expiresOf[value] }))}
        value={draft.expires}
        onChange={(value) => change({ expires: EXPIRES.find((one) => one === value) ?? '300' })}
        allowDeselect={false}
      />
    </Group>
  );
}
