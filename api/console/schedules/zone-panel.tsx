/** The zone that is chosen: its name, place and layer, and what it plays. */
import { Group, NumberInput, Paper, SimpleGrid, Stack, Switch, Text, TextInput, Title } from '@mantine/core';
import { BringToFront, Copy, SendToBack, Trash2 } from 'lucide-react';
import { ZONES_MAX, type Layout, type Zone } from '../../../protocol/schedule.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { restacked, stacked, withoutZone, withTwin, withZone } from './edit-layout.ts';
import { IconButton, type IconButtonProps } from './icon-button.tsx';
import type { ChangeLayout } from './change-layout.ts';
import { zoneName } from './problem-texts.ts';
import { ZoneItems } from './zone-items.tsx';

export interface ZonePanelProps {
  readonly layout: Layout;
  readonly zone: Zone;
  /** null: it is only looked at. */
  readonly onChange: ChangeLayout | null;
  readonly onChosen: (zoneId: string) => void;
}

export function ZonePanel({ layout, zone, onChange, onChosen }: ZonePanelProps) {
  const texts = useTexts().schedules.layout;
  const name = zoneName(layout.zones, zone.id, texts);
  return (
    <Paper withBorder p="md">
      <Stack gap="md">
        <Group justify="space-between" wrap="nowrap">
          <Title order={2} size="h4">
            {name}
          </Title>
          {onChange !== null && <ZoneButtons layout={layout} zone={zone} onChange={onChange} onChosen={onChosen} />}
        </Group>
        {onChange === null ? (
          <Text size="sm" c="dimmed">
            {texts.zoneAt(name, zone.x, zone.y, zone.width, zone.height)}
          </Text>
        ) : (
          <ZoneFields layout={layout} zone={zone} onChange={onChange} />
        )}
        <ZoneItems
          zone={zone}
          name={name}
          onChange={
            onChange === null
              ? null
              : (items, change) => onChange(withZone(layout, zone.id, { items: [...items] }), change)
          }
        />
      </Stack>
    </Paper>
  );
}

interface PartProps {
  readonly layout: Layout;
  readonly zone: Zone;
  readonly onChange: ChangeLayout;
}

function ZoneButtons({ layout, zone, onChange, onChosen }: PartProps & Pick<ZonePanelProps, 'onChosen'>) {
  const texts = useTexts().schedules.layout;
  const place = stacked(layout.zones).findIndex(({ id }) => id === zone.id);
  const buttons: readonly IconButtonProps[] = [
    {
      label: texts.raise,
      icon: BringToFront,
      onClick: () => onChange(restacked(layout, zone.id, 1), null),
      disabled: place === layout.zones.length - 1,
    },
    {
      label: texts.lower,
      icon: SendToBack,
      onClick: () => onChange(restacked(layout, zone.id, -1), null),
      disabled: place === 0,
    },
    {
      label: texts.duplicate,
      icon: Copy,
      onClick: () => {
        const { layout: next, zoneId } = withTwin(layout, zone.id);
        onChange(next, null);
        onChosen(zoneId);
      },
      disabled: layout.zones.length >= ZONES_MAX,
    },
    {
      label: texts.removeZone,
      icon: Trash2,
      onClick: () => {
        const next = withoutZone(layout, zone.id);
        onChange(next, null);
        const [first] = next.zones;
        if (first !== undefined) onChosen(first.id);
      },
      disabled: layout.zones.length === 1,
      color: 'red',
    },
  ];
  return (
    <Group gap={4} wrap="nowrap">
      {buttons.map((button) => (
        <IconButton key={button.label} size="lg" {...button} />
      ))}
    </Group>
  );
}

function ZoneFields({ layout, zone, onChange }: PartProps) {
  const texts = useTexts().schedules.layout;
  const pixels = (label: string, key: 'x' | 'y' | 'width' | 'height', min: number, max: number) => (
    <NumberInput
      label={label}
      value={zone[key]}
      onChange={(value) => {
        if (typeof value === 'number' && value >= min && value !== zone[key])
          onChange(withZone(layout, zone.id, { [key]: value }), `${key} of ${zone.id}`);
      }}
      min={min}
      max={max}
      allowDecimal={false}
      clampBehavior="blur"
      step={10}
      size="sm"
    />
  );
  return (
    <>
      <TextInput
        label={texts.zoneName}
        value={zone.name ?? ''}
        placeholder={zoneName(layout.zones, zone.id, texts)}
        onChange={(event) => {
          const { name: _name, ...rest } = zone;
          const name = event.currentTarget.value;
          const next = name === '' ? rest : { ...rest, name };
          const zones = layout.zones.map((one) => (one.id === zone.id ? next : one));
          onChange({ ...layout, zones }, `name of ${zone.id}`);
        }}
        maxLength={120}
        size="sm"
      />
      <SimpleGrid cols={{ base: 2, xs: 4 }} spacing="xs">
        {pixels(texts.x, 'x', 0, layout.width - 1)}
        {pixels(texts.y, 'y', 0, layout.height - 1)}
        {pixels(texts.width, 'width', 1, layout.width)}
        {pixels(texts.height, 'height', 1, layout.height)}
      </SimpleGrid>
      <Switch
        size="sm"
        label={texts.shuffle}
        description={texts.shuffleHint}
        checked={zone.shuffle === true}
        onChange={(event) => onChange(withZone(layout, zone.id, { shuffle: event.currentTarget.checked }), null)}
      />
    </>
  );
}
