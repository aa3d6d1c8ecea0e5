/** The uploads of this browser in a corner of every page, while there are any: in one line, or opened as a list. */
import { ActionIcon, Box, Button, Group, Paper, Stack, Title, VisuallyHidden } from '@mantine/core';
import { ChevronDown, CircleAlert, CircleCheck, CloudUpload, Pause, type LucideIcon } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useLiveFeed } from '../live/live-context.tsx';
import type { Texts } from '../texts/english.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { percentOf, UploadRow } from './upload-row.tsx';
import { useUploadQueue, useUploads } from './uploads.ts';
import type { UploadItem } from './upload-queue.ts';

export function UploadsIndicator() {
  const items = useUploads();
  const [chosen, setChosen] = useState<boolean | null>(null);
  useLookingAgain();
  if (items.length === 0) return null;
  // What one has just begun is shown; what is left from before only asks.
  const opened = chosen ?? items.some(({ phase }) => phase !== 'needs-file');
  return opened ? (
    <Opened items={items} onClose={() => setChosen(false)} onCleared={() => setChosen(null)} />
  ) : (
    <Closed items={items} onOpen={() => setChosen(true)} />
  );
}

/** The live feed tells when content was verified; the browser, when the network is back. */
function useLookingAgain(): void {
  const queue = useUploadQueue();
  const feed = useLiveFeed();
  useEffect(() => {
    const hurry = (): void => queue.hurry();
    const ends = [
      feed.onChanged((entities) => {
        for (const { entity, id } of entities) if (entity === 'content') void queue.lookAgain(id);
      }),
      feed.onResync(() => void queue.lookAgain()),
    ];
    addEventListener('online', hurry);
    return () => {
      removeEventListener('online', hurry);
      for (const end of ends) end();
    };
  }, [queue, feed]);
}

const CORNER = {
  position: 'fixed',
  bottom: 12,
  left: 'calc(var(--app-shell-navbar-offset, 0px) + 12px)',
  zIndex: 150,
  width: 'min(420px, calc(100vw - 24px))',
} as const;

interface ListProps {
  readonly items: readonly UploadItem[];
  readonly onClose: () => void;
  readonly onCleared: () => void;
}

function Opened({ items, onClose, onCleared }: ListProps) {
  const texts = useTexts().content.uploads;
  const queue = useUploadQueue();
  const canClear = items.some(({ phase }) => phase === 'ready' || phase === 'refused');
  return (
    <Paper component="section" aria-label={texts.title} withBorder shadow="md" radius="md" style={CORNER}>
      <Spoken items={items} />
      <Group justify="space-between" wrap="nowrap" px="sm" py={6}>
        <Title order={2} size="h6">
          {texts.title}
        </Title>
        <Group gap={4} wrap="nowrap">
          {canClear && (
            <Button
              size="compact-xs"
              variant="subtle"
              onClick={() => {
                queue.clearOver();
                onCleared();
              }}
            >
              {texts.clear}
            </Button>
          )}
          <ActionIcon variant="subtle" color="gray" aria-label={texts.hide} aria-expanded onClick={onClose}>
            <ChevronDown size={18} aria-hidden />
          </ActionIcon>
        </Group>
      </Group>
      <Box mah="min(320px, 45vh)" style={{ overflowY: 'auto' }} tabIndex={0} role="group" aria-label={texts.title}>
        <Stack gap="sm" component="ul" p="sm" pt={0} m={0} style={{ listStyle: 'none' }}>
          {items.map((item) => (
            <UploadRow key={item.key} item={item} />
          ))}
        </Stack>
      </Box>
    </Paper>
  );
}

function Closed({ items, onOpen }: { readonly items: readonly UploadItem[]; readonly onOpen: () => void }) {
  const texts = useTexts().content.uploads;
  const { icon: Icon, text, color } = summaryOf(items, texts);
  return (
    <Box component="section" aria-label={texts.title} style={{ ...CORNER, width: 'auto' }}>
      <Spoken items={items} />
      <Button
        color={color}
        leftSection={<Icon size={16} aria-hidden />}
        onClick={onOpen}
        aria-expanded={false}
        aria-label={`${texts.show}: ${text}`}
        style={{ boxShadow: 'var(--mantine-shadow-md)' }}
      >
        {text}
      </Button>
    </Box>
  );
}

interface Summary {
  readonly icon: LucideIcon;
  readonly text: string;
  readonly color: string;
}

/** What matters most of all of them. */
function summaryOf(items: readonly UploadItem[], texts: Texts['content']['uploads']): Summary {
  const of = (...phases: readonly UploadItem['phase'][]): UploadItem[] =>
    items.filter(({ phase }) => phases.includes(phase));
  const needing = of('needs-file', 'refused');
  const running = of('sending', 'waiting', 'interrupted');
  if (running.length > 0) {
    const sum = (name: 'sentBytes' | 'sizeBytes'): number => running.reduce((all, item) => all + item[name], 0);
    const percent = texts.percent(percentOf({ sentBytes: sum('sentBytes'), sizeBytes: sum('sizeBytes') }));
    return { icon: CloudUpload, text: `${texts.underWay(running.length)} · ${percent}`, color: 'indigo' };
  }
  if (needing.length > 0) return { icon: CircleAlert, text: texts.attention(needing.length), color: 'orange' };
  const verifying = of('verifying');
  if (verifying.length > 0) return { icon: CloudUpload, text: texts.verifying(verifying.length), color: 'indigo' };
  const paused = of('paused');
  if (paused.length > 0) return { icon: Pause, text: texts.paused(paused.length), color: 'indigo' };
  return { icon: CircleCheck, text: texts.finished(items.length), color: 'teal' };
}

/** Tells screen readers what has come to its end, and nothing of what goes on. */
function Spoken({ items }: { readonly items: readonly UploadItem[] }) {
  const texts = useTexts().content.uploads;
  const said = items.flatMap(({ phase, fileName }) =>
    phase === 'ready' ? [texts.isReady(fileName)] : phase === 'refused' ? [texts.isRefused(fileName)] : [],
  );
  return <VisuallyHidden role="status">{said.join('. ')}</VisuallyHidden>;
}
