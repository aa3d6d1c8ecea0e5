/**
 * Settings that groups and screens have: each is set here or left to come from above. The same fields stand on a screen's page, on a
 * group's, and where many screens are set at once.
 */
import { NumberInput, SegmentedControl, Select, Slider, Stack, Switch, Text } from '@mantine/core';
import type { SettingsStep } from '../../groups/group-standing.ts';
import type { Config } from '../../../protocol/desired-state.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { inheritedSetting, SETTING_KEYS, withSetting, type SettingKey } from './inherited-settings.ts';
import { useSettingWords } from './setting-words.ts';

export interface ConfigFieldsProps {
  /** What is set here; a key that is absent is inherited. */
  readonly value: Config;
  readonly onChange: (config: Config) => void;
  /** The places above, the nearest first; null where what comes from above differs or does not matter. */
  readonly above: readonly SettingsStep[] | null;
  /** What is said under a setting that is not set here; default: what comes from above. */
  readonly unset?: string;
  /** What is wrong, by field as the API names it, e.g. `config.timezone`. */
  readonly errors?: Readonly<Record<string, unknown>>;
}

/** What a setting begins with when it is set here and nothing comes from above. */
const FIRST: Required<Config> = {
  volume: 50,
  brightness: 80,
  orientation: 'landscape',
  timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  power: 'on',
  statusSeconds: 60,
};

const ORIENTATIONS = ['landscape', 'portrait', 'landscape-flipped', 'portrait-flipped'] as const;

export function ConfigFields(props: ConfigFieldsProps) {
  return (
    <Stack gap="lg">
      {SETTING_KEYS.map((key) => (
        <Setting key={key} name={key} {...props} />
      ))}
    </Stack>
  );
}

function Setting({
  name,
  value,
  onChange,
  above,
  unset,
  errors = {},
}: ConfigFieldsProps & { readonly name: SettingKey }) {
  const texts = useTexts().devicePage.config;
  const words = useSettingWords();
  const inherited = above === null ? null : inheritedSetting(above, name);
  const isSet = value[name] !== undefined;
  const hint = (): string => {
    if (inherited === null) return unset ?? (isSet ? texts.setHere : texts.leftToPlayer);
    const what = words.value(name, inherited.value);
    const where = words.source(inherited.from);
    return isSet ? texts.instead(what, where) : texts.inherits(what, where);
  };
  const error = errors[`config.${name}`];
  return (
    <Stack gap={6}>
      <Switch
        label={texts.names[name]}
        description={isSet && inherited === null ? texts.setHere : hint()}
        checked={isSet}
        onChange={(event) =>
          onChange(
            withSetting(value, name, event.currentTarget.checked ? (inherited?.value ?? FIRST[name]) : undefined),
          )
        }
      />
      {isSet && <SettingInput name={name} config={value} onChange={onChange} />}
      {typeof error === 'string' && (
        <Text size="xs" c="red" role="alert">
          {error}
        </Text>
      )}
    </Stack>
  );
}

interface SettingInputProps {
  readonly name: SettingKey;
  readonly config: Config;
  readonly onChange: (config: Config) => void;
}

function SettingInput({ name, config, onChange }: SettingInputProps) {
  const texts = useTexts().devicePage.config;
  const label = texts.names[name];
  switch (name) {
    case 'volume':
    case 'brightness':
      return (
        <PercentField
          label={label}
          value={config[name] ?? 0}
          onChange={(percent) => onChange(withSetting(config, name, percent))}
        />
      );
    case 'orientation':
      return (
        <Select
          aria-label={label}
          data={ORIENTATIONS.map((one) => ({ value: one, label: texts.orientations[one] }))}
          value={config.orientation ?? null}
          onChange={(one) => one !== null && onChange(withSetting(config, name, one))}
          allowDeselect={false}
          maw={320}
        />
      );
    case 'timezone':
      return (
        <Select
          aria-label={label}
          data={Intl.supportedValuesOf('timeZone')}
          value={config.timezone ?? null}
          onChange={(zone) => zone !== null && onChange(withSetting(config, name, zone))}
          searchable
          allowDeselect={false}
          limit={100}
          nothingFoundMessage={texts.noSuchZone}
          maw={320}
        />
      );
    case 'power':
      return (
        <SegmentedControl
          aria-label={label}
          data={(['on', 'off'] as const).map((one) => ({ value: one, label: texts.powers[one] }))}
          value={config.power ?? 'on'}
          onChange={(one) => onChange(withSetting(config, name, one))}
          maw={320}
        />
      );
    case 'statusSeconds':
      return (
        <NumberInput
          aria-label={label}
          value={config.statusSeconds ?? ''}
          onChange={(seconds) => typeof seconds === 'number' && onChange(withSetting(config, name, seconds))}
          min={5}
          max={3600}
          clampBehavior="blur"
          allowDecimal={false}
          suffix={texts.secondsSuffix}
          maw={320}
        />
      );
  }
}

export interface PercentFieldProps {
  readonly label: string;
  /** 0 to 100. */
  readonly value: number;
  readonly onChange: (percent: number) => void;
}

/** A percentage by slider: with the mouse, a finger or the arrow keys. */
export function PercentField({ label, value, onChange }: PercentFieldProps) {
  const texts = useTexts().devicePage.config;
  return (
    <Slider
      value={value}
      onChange={onChange}
      min={0}
      max={100}
      label={(percent) => texts.percent(percent)}
      thumbLabel={label}
      thumbValueText={(percent) => texts.percent(percent)}
      thumbSize={24}
      marks={[0, 25, 50, 75, 100].map((percent) => ({ value: percent, label: texts.percent(percent) }))}
      mb="lg"
      mx={12}
      maw={420}
    />
  );
}
