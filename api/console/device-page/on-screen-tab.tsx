/** What is on the screen now, or at any other time, and why. */
import { Alert, Button, Grid, Group, Stack, Text, TextInput } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { CalendarClock, MonitorOff, SkipForward } from 'lucide-react';
import type { DeviceJson } from '../../devices/device-json.ts';
import type { PreviewJson } from '../../schedules/preview.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { formatDateTime } from '../ui/time-format.ts';
import { useUrlState } from '../ui/url-state.ts';
import { CandidatesTable } from './candidates-table.tsx';
import { instantOf, localOf } from './local-instant.ts';
import { screenKey } from './screen-data.ts';
import { ScreenPicture } from './screen-picture.tsx';
import { Section } from './section.tsx';
import { ZoneTable } from './zone-table.tsx';

const VIEW = { at: '' };
/** Bounds of the time after which what is on now is read again, in milliseconds: items may change twice a second. */
const FOLLOW_MIN_MS = 5_000;
const FOLLOW_MAX_MS = 60_000;

/** When what is on now may be something else, in milliseconds from now. */
function followMs(preview: PreviewJson | undefined): number {
  const ends = (preview?.zones ?? []).map(({ endsAt }) => Date.parse(endsAt));
  if (preview?.changesAt != null) ends.push(Date.parse(preview.changesAt));
  return Math.min(FOLLOW_MAX_MS, Math.max(FOLLOW_MIN_MS, Math.min(Infinity, ...ends) - Date.now() + 200));
}

export function OnScreenTab({ device }: { readonly device: DeviceJson }) {
  const session = useSession();
  const [{ at }, setView] = useUrlState(VIEW);
  const query = useQuery({
    queryKey: screenKey(device.id, 'preview', at),
    queryFn: ({ signal }) =>
      session.call<PreviewJson>('GET', `/devices/${device.id}/preview`, { query: { at }, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (at === '' ? followMs(state.data) : false),
  });
  return (
    <Stack>
      <TimeChooser at={at} preview={query.data} onChange={(next) => setView({ at: next })} />
      <Loaded query={query} lines={8}>
        {(preview) => <Shown preview={preview} />}
      </Loaded>
    </Stack>
  );
}

interface TimeChooserProps {
  /** Instant; empty for now. */
  readonly at: string;
  readonly preview: PreviewJson | undefined;
  readonly onChange: (at: string) => void;
}

function TimeChooser({ at, preview, onChange }: TimeChooserProps) {
  const changesAt = preview?.changesAt ?? null;
  const shownAt = at === '' ? preview?.at : at;
  const texts = useTexts().devicePage.screen;
  return (
    <Group align="flex-end" gap="xs">
      <TextInput
        type="datetime-local"
        label={texts.at}
        value={shownAt === undefined ? '' : localOf(shownAt)}
        onChange={(event) => onChange(instantOf(event.currentTarget.value) ?? '')}
      />
      <Button
        variant={at === '' ? 'light' : 'default'}
        aria-pressed={at === ''}
        leftSection={<CalendarClock size={16} aria-hidden />}
        onClick={() => onChange('')}
      >
        {texts.now}
      </Button>
      <Button
        variant="default"
        leftSection={<SkipForward size={16} aria-hidden />}
        disabled={changesAt === null}
        onClick={() => changesAt !== null && onChange(changesAt)}
      >
        {texts.nextChange}
      </Button>
    </Group>
  );
}

function Shown({ preview }: { readonly preview: PreviewJson }) {
  const texts = useTexts().devicePage.screen;
  const { schedule, alerts, changesAt } = preview;
  return (
    <Grid>
      <Grid.Col span={{ base: 12, md: 7 }}>
        {schedule === null && alerts.length === 0 ? (
          <EmptyState icon={MonitorOff} title={texts.nothing} hint={texts.nothingHint} />
        ) : (
          <ScreenPicture preview={preview} />
        )}
        <Text size="sm" c="dimmed" mt="xs">
          {texts.pictureOf(formatDateTime(preview.at), preview.timezone)}{' '}
          {changesAt === null ? texts.neverChanges : texts.changes(formatDateTime(changesAt))}
        </Text>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 5 }}>
        <Stack>
          {alerts.length > 0 && schedule !== null && (
            <Alert color="orange" variant="light" icon={<MonitorOff aria-hidden />}>
              {texts.covered(schedule.name)}
            </Alert>
          )}
          {schedule !== null && (
            <Section title={texts.zonesTitle(schedule.name)}>
              <ZoneTable preview={preview} />
            </Section>
          )}
          {preview.candidates.length > 0 && (
            <Section title={texts.whyTitle}>
              <CandidatesTable preview={preview} />
            </Section>
          )}
        </Stack>
      </Grid.Col>
    </Grid>
  );
}
