/** How content looks in lists: a picture or the sign of its type, and in what state it is, said in words. */
import { AspectRatio, Badge, Center, Image } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import {
  CircleAlert,
  Clapperboard,
  FileCode,
  Hourglass,
  Image as Picture,
  RadioTower,
  ScanSearch,
  type LucideIcon,
} from 'lucide-react';
import { useState } from 'react';
import type { ContentJson } from '../../content/content-json.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { SteadyAddresses } from './steady-addresses.ts';

export const TYPE_ICON: Readonly<Record<ContentJson['type'], LucideIcon>> = {
  image: Picture,
  video: Clapperboard,
  html: FileCode,
  stream: RadioTower,
};

const STATUS_LOOK = {
  pending: { color: 'gray', icon: Hourglass },
  verifying: { color: 'blue', icon: ScanSearch },
  failed: { color: 'red', icon: CircleAlert },
} as const;

/** Nothing for what is ready, which most content is. */
export function ContentStatusBadge({ status }: Pick<ContentJson, 'status'>) {
  const texts = useTexts().content;
  if (status === 'ready') return null;
  const { color, icon: Icon } = STATUS_LOOK[status];
  return (
    <Badge color={color} variant="light" leftSection={<Icon size={12} aria-hidden />}>
      {texts.status[status]}
    </Badge>
  );
}

const addresses = new SteadyAddresses(Date.now);

export interface FreshAddress {
  /** Null where there is none, or none that works. */
  readonly address: string | null;
  readonly onFailed: () => void;
}

/** An address to show something from. They run out after a quarter of an hour: one that fails is asked for anew, once. */
export function useFreshAddress(signed: string | null): FreshAddress {
  const queries = useQueryClient();
  const [failures, setFailures] = useState<readonly string[]>([]);
  const address = signed === null ? null : addresses.of(signed);
  const hasFailed = address === null || failures.includes(address);
  return {
    address: hasFailed ? null : address,
    onFailed: () => {
      if (hasFailed) return;
      addresses.refuse(address);
      setFailures([...failures, address]);
      if (failures.length === 0) void queries.invalidateQueries({ queryKey: ['content'] });
    },
  };
}

export interface ThumbnailProps {
  readonly content: Pick<ContentJson, 'type' | 'thumbnailUrl'>;
  /** Width in pixels; as wide as its place when left out. */
  readonly width?: number;
}

/** Says nothing itself: the name stands beside it. */
export function Thumbnail({ content, width }: ThumbnailProps) {
  const { thumbnailUrl, type } = content;
  const { address, onFailed } = useFreshAddress(thumbnailUrl);
  const Icon = TYPE_ICON[type];
  const box = { bg: 'light-dark(var(--mantine-color-gray-1), var(--mantine-color-dark-6))' };
  return (
    <AspectRatio ratio={16 / 9} w={width ?? '100%'} style={{ flexShrink: 0, overflow: 'hidden', borderRadius: 4 }}>
      {address === null ? (
        <Center {...box} c="dimmed">
          <Icon size={width === undefined ? 40 : 18} strokeWidth={1.4} aria-hidden />
        </Center>
      ) : (
        <Image {...box} src={address} alt="" fit="contain" loading="lazy" onError={onFailed} />
      )}
    </AspectRatio>
  );
}
