/** Whether what is shown is as it is now. */
import { Alert, Badge, Button, Group, Text, Tooltip } from '@mantine/core';
import { RadioTower, Unplug } from 'lucide-react';
import { useLiveFeed, useLiveStatus } from '../live/live-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';

export function LiveBadge() {
  const texts = useTexts().shell;
  const status = useLiveStatus();
  const word = { live: texts.live, connecting: texts.connecting, lost: texts.lostShort }[status];
  return (
    <Tooltip label={status === 'live' ? texts.liveHint : word}>
      <Badge
        color={{ live: 'teal', connecting: 'gray', lost: 'orange' }[status]}
        variant="light"
        role="status"
        leftSection={status === 'lost' ? <Unplug size={12} aria-hidden /> : <RadioTower size={12} aria-hidden />}
      >
        {word}
      </Badge>
    </Tooltip>
  );
}

/** Stands over the page for as long as the feed is interrupted. */
export function LostNotice() {
  const texts = useTexts().shell;
  const feed = useLiveFeed();
  if (useLiveStatus() !== 'lost') return null;
  return (
    <Alert color="orange" radius={0} py="xs" icon={<Unplug aria-hidden />} role="alert">
      <Group gap="sm">
        <Text size="sm">{texts.lost}</Text>
        <Button size="compact-sm" variant="default" onClick={() => feed.hurry()}>
          {texts.reconnectNow}
        </Button>
      </Group>
    </Alert>
  );
}
