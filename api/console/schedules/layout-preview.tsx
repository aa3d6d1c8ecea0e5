/** The layout as it goes by: zones with their items one after the other, by their pictures; and whether it would be on then. */
import { ActionIcon, Badge, Box, Group, Slider, Stack, Text, TextInput, VisuallyHidden } from '@mantine/core';
import { useElementSize, useInterval } from '@mantine/hooks';
import { Pause, Play } from 'lucide-react';
import { useState } from 'react';
import { activeAt } from '../../../protocol/schedule-timing.ts';
import type { Layout, Timing } from '../../../protocol/schedule.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { useContentMap } from './content-map.tsx';
import { ContentPicture } from './content-picture.tsx';
import { stacked } from './edit-layout.ts';
import { itemAt, loopMs } from './playlist.ts';
import { zoneName } from './problem-texts.ts';
import { viewersZone } from './time-words.ts';

export interface LayoutPreviewProps {
  readonly layout: Layout;
  readonly timing: Timing;
  readonly onClose: () => void;
}

/** One step of playing, in milliseconds. */
const TICK_MS = 250;
/** The slider goes this far, in milliseconds, where a round takes longer. */
const SHOWN_MS_MAX = 3_600_000;

/** An instant as a `datetime-local` field has it. */
function fieldOf(instantMs: number): string {
  const local = new Date(instantMs - new Date(instantMs).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

export function LayoutPreview({ layout, timing, onClose }: LayoutPreviewProps) {
  const texts = useTexts().schedules.preview;
  const { durationOf } = useContentMap();
  const [at, setAt] = useState(() => fieldOf(Date.now()));
  const [elapsedMs, setElapsedMs] = useState(0);
  const loopMsMax = Math.min(
    SHOWN_MS_MAX,
    Math.max(...layout.zones.map(({ items }) => loopMs(items, durationOf)), 1_000),
  );
  const clock = useInterval(() => setElapsedMs((before) => (before + TICK_MS) % loopMsMax), TICK_MS, {
    autoInvoke: true,
  });
  const instantMs = Date.parse(at);
  const isOn = Number.isFinite(instantMs) && activeAt(timing, instantMs, viewersZone()).active;
  const Icon = clock.active ? Pause : Play;
  return (
    <Dialog title={texts.title} onClose={onClose} size="xl">
      <Stack gap="sm">
        <Group align="flex-end" gap="sm">
          <TextInput
            type="datetime-local"
            label={texts.at}
            description={texts.atHint}
            value={at}
            onChange={(event) => setAt(event.currentTarget.value)}
          />
          <Badge size="lg" variant="light" color={isOn ? 'teal' : 'gray'} role="status">
            {isOn ? texts.isOn : texts.isOff}
          </Badge>
        </Group>
        <Stage layout={layout} elapsedMs={elapsedMs} />
        <Group wrap="nowrap">
          <ActionIcon
            size="lg"
            variant="default"
            aria-label={clock.active ? texts.pause : texts.play}
            onClick={clock.toggle}
          >
            <Icon size={18} aria-hidden />
          </ActionIcon>
          <Slider
            flex={1}
            label={(value) => String(Math.floor(value))}
            thumbLabel={texts.position}
            min={0}
            max={Math.ceil(loopMsMax / 1000)}
            step={1}
            value={elapsedMs / 1000}
            onChange={(seconds) => setElapsedMs(seconds * 1000)}
          />
        </Group>
        <Text size="xs" c="dimmed">
          {texts.note}
        </Text>
      </Stack>
    </Dialog>
  );
}

function Stage({ layout, elapsedMs }: { readonly layout: Layout; readonly elapsedMs: number }) {
  const { layout: words, preview: texts } = useTexts().schedules;
  const content = useContentMap();
  const { ref, width } = useElementSize<HTMLDivElement>();
  const scale = Math.min(width / layout.width, (window.innerHeight * 0.5) / layout.height);
  return (
    <div ref={ref}>
      <Box
        pos="relative"
        mx="auto"
        style={{
          width: layout.width * scale,
          height: layout.height * scale,
          background: layout.background ?? '#000000',
          overflow: 'hidden',
          color: '#ffffff',
        }}
      >
        {stacked(layout.zones).map((zone) => {
          const item = zone.items[itemAt(zone.items, elapsedMs, content.durationOf)];
          const shown = item === undefined ? undefined : content.get(item.contentId);
          const name = zoneName(layout.zones, zone.id, words);
          return (
            <Box
              key={zone.id}
              pos="absolute"
              style={{
                left: zone.x * scale,
                top: zone.y * scale,
                width: zone.width * scale,
                height: zone.height * scale,
                overflow: 'hidden',
              }}
            >
              {item !== undefined && <ContentPicture content={shown} fit={item.fit ?? 'contain'} iconSize={32} />}
              <VisuallyHidden>
                {shown === undefined ? texts.showsNothing(name) : texts.shows(name, shown.name)}
              </VisuallyHidden>
            </Box>
          );
        })}
      </Box>
    </div>
  );
}
