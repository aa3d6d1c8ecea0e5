/** One item of a zone: its picture, how long it is shown, its place; its lesser options on demand. */
import {
  Badge,
  Box,
  Collapse,
  Group,
  NumberInput,
  Paper,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  Text,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { ArrowDown, ArrowUp, GripVertical, SlidersHorizontal, X } from 'lucide-react';
import { FITS, TRANSITIONS, type ZoneItem } from '../../../protocol/schedule.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { formatDuration } from '../ui/time-format.ts';
import { useContentMap } from './content-map.tsx';
import { ContentPicture } from './content-picture.tsx';
import { withItemFields } from './edit-layout.ts';
import { IconButton } from './icon-button.tsx';
import { itemMs } from './playlist.ts';

export interface ItemEditing {
  /** @param change what of it was changed, for undo; null is a step of its own */
  readonly onChange: (item: ZoneItem, change: string | null) => void;
  readonly onMove: (to: number) => void;
  readonly onRemove: () => void;
  readonly onDragStart: () => void;
  readonly onDragOver: () => void;
  readonly onDrop: () => void;
  readonly onDragEnd: () => void;
}

export interface ItemRowProps {
  readonly item: ZoneItem;
  readonly at: number;
  /** The place of the last item. */
  readonly last: number;
  /** Something is held over it. */
  readonly isOver: boolean;
  /** null: it is only looked at. */
  readonly editing: ItemEditing | null;
}

/** Shortest and longest time of an item, in seconds, as the protocol has it. */
const SECONDS_MIN = 0.5;
const SECONDS_MAX = 86_400;

export function ItemRow({ item, at, last, isOver, editing }: ItemRowProps) {
  const texts = useTexts().schedules.items;
  const content = useContentMap().get(item.contentId);
  const [opened, { toggle }] = useDisclosure(false);
  const name = content?.name ?? texts.unknown(item.contentId);
  return (
    <Paper
      component="li"
      withBorder
      p={6}
      {...(isOver ? { bd: '2px solid var(--mantine-primary-color-filled)' } : {})}
      onDragOver={(event) => {
        event.preventDefault();
        editing?.onDragOver();
      }}
      onDrop={(event) => {
        event.preventDefault();
        editing?.onDrop();
      }}
    >
      <Group gap="xs">
        {editing !== null && (
          <Box
            draggable
            onDragStart={editing.onDragStart}
            onDragEnd={editing.onDragEnd}
            visibleFrom="sm"
            style={{ cursor: 'grab', display: 'flex' }}
            aria-hidden
          >
            <GripVertical size={16} />
          </Box>
        )}
        <Box w={56} h={36} flex="none" bg="dark.7" c="white" style={{ borderRadius: 4, overflow: 'hidden' }}>
          <ContentPicture content={content} />
        </Box>
        <ItemWords item={item} name={name} />
        {editing !== null && (
          <Group gap="xs" wrap="nowrap">
            <Seconds item={item} name={name} editing={editing} />
            <Group gap={0} wrap="nowrap">
              <IconButton
                label={texts.up(name)}
                icon={ArrowUp}
                disabled={at === 0}
                onClick={() => editing.onMove(at - 1)}
              />
              <IconButton
                label={texts.down(name)}
                icon={ArrowDown}
                disabled={at === last}
                onClick={() => editing.onMove(at + 1)}
              />
              <IconButton label={texts.options(name)} icon={SlidersHorizontal} expanded={opened} onClick={toggle} />
              <IconButton label={texts.remove(name)} icon={X} color="red" onClick={editing.onRemove} />
            </Group>
          </Group>
        )}
      </Group>
      {editing !== null && (
        <Collapse expanded={opened}>{opened && <ItemOptions item={item} editing={editing} />}</Collapse>
      )}
    </Paper>
  );
}

function ItemWords({ item, name }: { readonly item: ZoneItem; readonly name: string }) {
  const { schedules, common } = useTexts();
  const texts = schedules.items;
  const { get, durationOf } = useContentMap();
  const content = get(item.contentId);
  return (
    <Stack gap={0} flex="1 1 130px" miw={0}>
      <Text size="sm" truncate title={name}>
        {name}
      </Text>
      <Group gap={6}>
        <Text size="xs" c="dimmed">
          {content === undefined ? '' : texts.types[content.type]} ·{' '}
          {formatDuration(itemMs(item, durationOf), common.duration)}
        </Text>
        {content !== undefined && content.status !== 'ready' && (
          <Badge size="xs" color="orange" variant="light">
            {texts.notReady}
          </Badge>
        )}
      </Group>
    </Stack>
  );
}

interface PartProps {
  readonly item: ZoneItem;
  readonly editing: ItemEditing;
}

/** How long it is shown; empty for as long as it lasts by itself. */
function Seconds({ item, name, editing }: PartProps & { readonly name: string }) {
  const texts = useTexts().schedules.items;
  const { durationOf } = useContentMap();
  return (
    <NumberInput
      aria-label={texts.seconds(name)}
      value={item.durationMs === undefined ? '' : item.durationMs / 1000}
      placeholder={String(itemMs({ contentId: item.contentId }, durationOf) / 1000)}
      onChange={(value) => {
        const durationMs = typeof value === 'number' && value >= SECONDS_MIN ? Math.round(value * 1000) : undefined;
        if (durationMs !== item.durationMs) editing.onChange(withItemFields(item, { durationMs }), 'seconds');
      }}
      min={SECONDS_MIN}
      max={SECONDS_MAX}
      decimalScale={3}
      hideControls
      suffix=" s"
      size="xs"
      w={68}
    />
  );
}

function ItemOptions({ item, editing }: PartProps) {
  const texts = useTexts().schedules.items;
  const content = useContentMap().get(item.contentId);
  const set = (change: Parameters<typeof withItemFields>[1], name: string | null = null): void =>
    editing.onChange(withItemFields(item, change), name);
  const hasSound = content === undefined || content.type === 'video' || content.type === 'stream';
  const { transition } = item;
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" pt="xs">
      <Select
        size="xs"
        label={texts.fit}
        data={FITS.map((fit) => ({ value: fit, label: texts.fits[fit] }))}
        value={item.fit ?? 'contain'}
        onChange={(fit) => set({ fit: FITS.find((one) => one === fit && one !== 'contain') })}
        allowDeselect={false}
      />
      <Select
        size="xs"
        label={texts.transition}
        data={TRANSITIONS.map((type) => ({ value: type, label: texts.transitions[type] }))}
        value={transition?.type ?? 'none'}
        onChange={(picked) => {
          const type = TRANSITIONS.find((one) => one === picked && one !== 'none');
          set({ transition: type === undefined ? undefined : { ...transition, type } });
        }}
        allowDeselect={false}
      />
      {transition !== undefined && transition.type !== 'none' && (
        <NumberInput
          size="xs"
          label={texts.transitionMs}
          value={transition.durationMs ?? ''}
          onChange={(value) => {
            const { type } = transition;
            set({ transition: typeof value === 'number' ? { type, durationMs: value } : { type } }, 'transition');
          }}
          min={0}
          max={10_000}
          step={100}
          clampBehavior="strict"
          allowDecimal={false}
        />
      )}
      {hasSound && (
        <NumberInput
          size="xs"
          label={texts.volume}
          value={item.volume ?? 100}
          onChange={(value) => set({ volume: typeof value === 'number' ? value : undefined }, 'volume')}
          min={0}
          max={100}
          clampBehavior="strict"
          allowDecimal={false}
          disabled={item.muted === true}
        />
      )}
      {hasSound && (
        <Switch
          size="xs"
          label={texts.muted}
          checked={item.muted === true}
          onChange={(event) => set({ muted: event.currentTarget.checked || undefined })}
        />
      )}
    </SimpleGrid>
  );
}
