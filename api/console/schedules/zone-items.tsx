/** What a zone plays, one after the other: added, put in order, timed. */
import { Stack, Text, Title } from '@mantine/core';
import { useRef, useState } from 'react';
import { ITEMS_MAX, type Zone, type ZoneItem } from '../../../protocol/schedule.ts';
import { ContentPicker } from '../pickers/content-picker.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { formatDuration } from '../ui/time-format.ts';
import { useContentMap } from './content-map.tsx';
import { moved } from './edit-layout.ts';
import { ItemRow } from './item-row.tsx';
import { loopMs } from './playlist.ts';

export interface ZoneItemsProps {
  readonly zone: Zone;
  readonly name: string;
  /** null: they are only looked at. */
  readonly onChange: ((items: readonly ZoneItem[], name: string | null) => void) | null;
}

/** Each item with a key of its own: the same content may be there more than once. */
function keyed(items: readonly ZoneItem[]): { readonly key: string; readonly item: ZoneItem }[] {
  const seen = new Map<number, number>();
  return items.map((item) => {
    const nth = (seen.get(item.contentId) ?? 0) + 1;
    seen.set(item.contentId, nth);
    return { key: `${item.contentId} ${nth}`, item };
  });
}

export function ZoneItems({ zone, name, onChange }: ZoneItemsProps) {
  const texts = useTexts().schedules.items;
  const content = useContentMap();
  const { items } = zone;
  const dragged = useRef<number | null>(null);
  const [over, setOver] = useState<number | null>(null);
  const drop = (to: number): void => {
    const from = dragged.current;
    dragged.current = null;
    setOver(null);
    if (from !== null && from !== to) onChange?.(moved(items, from, to), null);
  };
  return (
    <Stack gap="xs">
      <ListHead items={items} name={name} />
      <Stack gap={6} component="ol" aria-label={texts.list(name)} p={0} m={0} style={{ listStyle: 'none' }}>
        {keyed(items).map(({ key, item }, at) => (
          <ItemRow
            key={key}
            item={item}
            at={at}
            last={items.length - 1}
            isOver={over === at}
            editing={
              onChange === null
                ? null
                : {
                    onChange: (next, change) =>
                      onChange(
                        items.map((one, place) => (place === at ? next : one)),
                        change === null ? null : `${change} ${at} of ${zone.id}`,
                      ),
                    onMove: (to) => onChange(moved(items, at, to), null),
                    onRemove: () =>
                      onChange(
                        items.filter((_, place) => place !== at),
                        null,
                      ),
                    onDragStart: () => {
                      dragged.current = at;
                    },
                    onDragOver: () => {
                      if (dragged.current !== null) setOver(at);
                    },
                    onDrop: () => drop(at),
                    onDragEnd: () => setOver(null),
                  }
            }
          />
        ))}
      </Stack>
      {onChange !== null && items.length < ITEMS_MAX && (
        <ContentPicker
          label={texts.add}
          description={texts.addHint}
          value={null}
          onChange={(chosen) => {
            if (chosen === null) return;
            content.add(chosen);
            onChange([...items, { contentId: chosen.id }], null);
          }}
        />
      )}
    </Stack>
  );
}

function ListHead({ items, name }: { readonly items: readonly ZoneItem[]; readonly name: string }) {
  const { schedules, common } = useTexts();
  const texts = schedules.items;
  const content = useContentMap();
  return (
    <>
      <Title order={3} size="h5">
        {texts.title(name)}
      </Title>
      {items.length > 0 && (
        <Text size="sm" c="dimmed">
          {texts.total(items.length, formatDuration(loopMs(items, content.durationOf), common.duration))}
        </Text>
      )}
    </>
  );
}
