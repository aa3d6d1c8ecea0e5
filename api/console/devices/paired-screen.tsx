/** A screen that was just paired: whether it is there already, and what one does next. */
import { Button, Group, Loader, Stack, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { CircleCheck } from 'lucide-react';
import { useEffect } from 'react';
import { Link } from 'wouter';
import type { CommandJson } from '../../devices/command-json.ts';
import type { DeviceJson } from '../../devices/device-json.ts';
import { useLiveFeed } from '../live/live-context.tsx';
import { newKey } from '../session/new-key.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { useAction } from '../ui/use-action.ts';

export interface PairedScreenProps {
  readonly device: DeviceJson;
  readonly onAnother: () => void;
}

export function PairedScreen({ device: paired, onAnother }: PairedScreenProps) {
  const texts = useTexts().devices.pairing;
  const session = useSession();
  const device = useDeviceNow(paired);
  const identify = useAction(
    () =>
      session.call<CommandJson>('POST', `/devices/${device.id}/commands`, {
        body: { name: 'identify' },
        idempotencyKey: newKey(),
      }),
    { done: texts.identified },
  );
  const isOnline = device.status === 'online';
  const can = device.capabilities.includes('identify');
  return (
    <Stack>
      <Group gap="xs" wrap="nowrap">
        <CircleCheck size={28} color="var(--mantine-color-teal-filled)" aria-hidden />
        <Title order={2} size="h4">
          {texts.paired(device.name)}
        </Title>
      </Group>
      <Group gap="xs" role="status">
        {!isOnline && <Loader size="xs" />}
        <Text>{isOnline ? texts.isOnline : texts.waiting}</Text>
      </Group>
      {isOnline && !can && (
        <Text size="sm" c="dimmed">
          {texts.cannotIdentify}
        </Text>
      )}
      <Group gap="xs">
        <Button onClick={onAnother}>{texts.another}</Button>
        <Button
          variant="default"
          disabled={!isOnline || !can}
          loading={identify.isPending}
          onClick={() => identify.mutate()}
        >
          {texts.identify}
        </Button>
        <Button variant="default" component={Link} href={`/devices/${device.id}`}>
          {texts.openIt}
        </Button>
      </Group>
    </Stack>
  );
}

/** The screen as it is now: read again when the feed tells of it, because with its first word come its abilities. */
function useDeviceNow(paired: DeviceJson): DeviceJson {
  const session = useSession();
  const feed = useLiveFeed();
  const queries = useQueryClient();
  const queryKey = ['device', paired.id];
  const { data } = useQuery({
    queryKey,
    queryFn: ({ signal }) => session.call<DeviceJson>('GET', `/devices/${paired.id}`, { signal }),
    placeholderData: paired,
  });
  const { id } = paired;
  useEffect(
    () =>
      feed.onPresence((devices) => {
        if (devices.some(({ deviceId }) => deviceId === id))
          void queries.invalidateQueries({ queryKey: ['device', id] });
      }),
    [feed, queries, id],
  );
  return data ?? paired;
}
