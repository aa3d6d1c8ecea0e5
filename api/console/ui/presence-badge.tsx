/** Whether a screen is online, and over what. */
import { Badge } from '@mantine/core';
import { Wifi, WifiOff, Radio } from 'lucide-react';
import { useTexts } from '../texts/texts-context.tsx';

export interface PresenceBadgeProps {
  readonly status: 'online' | 'offline';
  readonly transport?: 'websocket' | 'http' | null;
}

export function PresenceBadge({ status, transport = null }: PresenceBadgeProps) {
  const texts = useTexts().common;
  if (status === 'offline')
    return (
      <Badge color="gray" variant="light" leftSection={<WifiOff size={12} aria-hidden />}>
        {texts.offline}
      </Badge>
    );
  const overHttp = transport === 'http';
  const Icon = overHttp ? Radio : Wifi;
  return (
    <Badge color={overHttp ? 'yellow' : 'teal'} variant="light" leftSection={<Icon size={12} aria-hidden />}>
      {overHttp ? texts.overHttp : texts.online}
    </Badge>
  );
}
