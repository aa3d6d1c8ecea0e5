/** What is done with the canvas as a whole: its size and colour, templates, another zone. */
import { Button, ColorInput, Group, Menu, NumberInput, Popover, Select, Stack, Switch } from '@mantine/core';
import { LayoutTemplate, Proportions, SquarePlus } from 'lucide-react';
import type { Layout } from '../../../protocol/schedule.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { arranged, resized, TEMPLATE_NAMES, templateRects, withNewZone, type TemplateName } from './edit-layout.ts';
import type { ChangeLayout } from './change-layout.ts';
import type { Size } from './zone-geometry.ts';

const SIZES: Readonly<Record<'landscape' | 'portrait', Size>> = {
  landscape: { width: 1920, height: 1080 },
  portrait: { width: 1080, height: 1920 },
};
/** Longest side of a canvas, in pixels, as the protocol has it. */
const SIDE_MAX = 16_384;
const BACKGROUND_DEFAULT = '#000000';

export interface LayoutToolbarProps {
  readonly layout: Layout;
  readonly onChange: ChangeLayout;
  readonly onChosen: (zoneId: string) => void;
  readonly isSnapping: boolean;
  readonly onSnapping: (on: boolean) => void;
}

export function LayoutToolbar({ layout, onChange, onChosen, isSnapping, onSnapping }: LayoutToolbarProps) {
  const texts = useTexts().schedules.layout;
  const add = (): void => {
    const { layout: next, zoneId } = withNewZone(layout);
    onChange(next, null);
    onChosen(zoneId);
  };
  const arrange = (name: TemplateName): void => {
    const next = arranged(layout, name);
    onChange(next, null);
    const [first] = next.zones;
    if (first !== undefined) onChosen(first.id);
  };
  return (
    <Group gap="xs">
      <Button variant="default" leftSection={<SquarePlus size={16} aria-hidden />} onClick={add}>
        {texts.addZone}
      </Button>
      <Menu position="bottom-start">
        <Menu.Target>
          <Button variant="default" leftSection={<LayoutTemplate size={16} aria-hidden />}>
            {texts.templates}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {TEMPLATE_NAMES.map((name) => (
            <Menu.Item
              key={name}
              leftSection={<TemplateIcon name={name} canvas={layout} />}
              onClick={() => arrange(name)}
            >
              {texts.templateNames[name]}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <CanvasSettings layout={layout} onChange={onChange} />
      <Switch
        size="sm"
        label={texts.snap}
        checked={isSnapping}
        onChange={(event) => onSnapping(event.currentTarget.checked)}
      />
    </Group>
  );
}

/** The template as it would lie on this canvas. */
function TemplateIcon({ name, canvas }: { readonly name: TemplateName; readonly canvas: Size }) {
  const side = Math.max(canvas.width, canvas.height);
  return (
    <svg width={28} height={28} viewBox={`0 0 ${side} ${side}`} aria-hidden>
      {templateRects(name, canvas).map(({ x, y, width, height }) => (
        <rect
          key={`${x} ${y}`}
          {...{ x, y, width, height }}
          fill="var(--mantine-color-body)"
          stroke="currentColor"
          strokeWidth={side / 24}
        />
      ))}
    </svg>
  );
}

function CanvasSettings({ layout, onChange }: { readonly layout: Layout; readonly onChange: ChangeLayout }) {
  const texts = useTexts().schedules.layout;
  const size = (['landscape', 'portrait'] as const).find(
    (name) => SIZES[name].width === layout.width && SIZES[name].height === layout.height,
  );
  const side = (label: string, key: 'width' | 'height') => (
    <NumberInput
      label={label}
      value={layout[key]}
      onChange={(value) => {
        if (typeof value === 'number' && value >= 1)
          onChange(resized(layout, { width: layout.width, height: layout.height, [key]: value }), `canvas ${key}`);
      }}
      min={1}
      max={SIDE_MAX}
      clampBehavior="strict"
      allowDecimal={false}
      hideControls
    />
  );
  return (
    <Popover width={280} position="bottom-start" trapFocus withRoles>
      <Popover.Target>
        <Button variant="default" leftSection={<Proportions size={16} aria-hidden />}>
          {texts.zonePlace(layout.width, layout.height)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={texts.canvas}>
        <Stack gap="sm">
          <Select
            label={texts.size}
            data={(['landscape', 'portrait', 'custom'] as const).map((name) => ({
              value: name,
              label: texts.sizes[name],
              disabled: name === 'custom',
            }))}
            value={size ?? 'custom'}
            onChange={(name) => {
              if (name === 'landscape' || name === 'portrait') onChange(resized(layout, SIZES[name]), null);
            }}
            allowDeselect={false}
            comboboxProps={{ withinPortal: false }}
          />
          <Group grow>
            {side(texts.canvasWidth, 'width')}
            {side(texts.canvasHeight, 'height')}
          </Group>
          <ColorInput
            label={texts.background}
            value={layout.background ?? BACKGROUND_DEFAULT}
            onChange={(background) => {
              if (/^#[0-9a-f]{6}$/i.test(background)) onChange({ ...layout, background }, 'background');
            }}
            format="hex"
            popoverProps={{ withinPortal: false }}
            eyeDropperButtonProps={{ 'aria-label': texts.background }}
          />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
