/** A picture of the screen: the layout with what each zone shows, and an alert over it. */
import { Box, Stack, Text } from '@mantine/core';
import { FileVideo, Globe, Image as ImageIcon, Radio, type LucideIcon } from 'lucide-react';
import type { ContentJson } from '../../content/content-json.ts';
import type { PreviewJson } from '../../schedules/preview.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { SEVERITY_COLOR, SEVERITY_ICON } from '../ui/severity-badge.tsx';
import { useContents } from './shown-content.ts';

const TYPE_ICON: Readonly<Record<ContentJson['type'], LucideIcon>> = {
  image: ImageIcon,
  video: FileVideo,
  html: Globe,
  stream: Radio,
};

type Layout = NonNullable<PreviewJson['schedule']>['layout'];

export function ScreenPicture({ preview }: { readonly preview: PreviewJson }) {
  const texts = useTexts().devicePage.screen;
  const { schedule, alerts, zones } = preview;
  const layout: Layout = schedule?.layout ?? { width: 1920, height: 1080, zones: [] };
  const contents = useContents(zones.map(({ contentId }) => contentId));
  const [alert] = alerts;
  return (
    <Box
      role="img"
      aria-label={alert === undefined ? texts.picture(schedule?.name ?? '') : texts.pictureOfAlert(alert.title)}
      pos="relative"
      w="100%"
      maw={`calc(70vh * ${layout.width / layout.height})`}
      bg={layout.background ?? '#000000'}
      style={{
        aspectRatio: `${layout.width} / ${layout.height}`,
        overflow: 'hidden',
        borderRadius: 'var(--mantine-radius-sm)',
        border: '1px solid var(--mantine-color-default-border)',
      }}
    >
      {layout.zones.map((zone) => {
        const on = zones.find(({ zoneId }) => zoneId === zone.id);
        return (
          <Box
            key={zone.id}
            pos="absolute"
            style={{
              left: share(zone.x, layout.width),
              top: share(zone.y, layout.height),
              width: share(zone.width, layout.width),
              height: share(zone.height, layout.height),
              zIndex: zone.zIndex ?? 0,
              overflow: 'hidden',
            }}
          >
            {on !== undefined && (
              <ZonePicture content={contents.get(on.contentId)} fit={zone.items[on.itemIndex]?.fit ?? 'contain'} />
            )}
          </Box>
        );
      })}
      {alert !== undefined && <AlertOver alert={alert} more={alerts.length - 1} />}
    </Box>
  );
}

function share(part: number, whole: number): string {
  return `${(part / whole) * 100}%`;
}

interface ZonePictureProps {
  readonly content: ContentJson | undefined;
  readonly fit: 'contain' | 'cover' | 'fill';
}

function ZonePicture({ content, fit }: ZonePictureProps) {
  if (content === undefined) return null;
  if (content.thumbnailUrl !== null)
    return (
      <img
        src={content.thumbnailUrl}
        alt=""
        style={{ width: '100%', height: '100%', objectFit: fit, display: 'block' }}
      />
    );
  const Icon = TYPE_ICON[content.type];
  return (
    <Stack h="100%" align="center" justify="center" gap={4} bg="#23262b" c="#ffffff">
      <Icon size={28} aria-hidden />
      <Text size="sm" ta="center" px="xs" lineClamp={2}>
        {content.name}
      </Text>
    </Stack>
  );
}

interface AlertOverProps {
  readonly alert: PreviewJson['alerts'][number];
  readonly more: number;
}

function AlertOver({ alert, more }: AlertOverProps) {
  const { devicePage, common } = useTexts();
  const Icon = SEVERITY_ICON[alert.severity];
  return (
    <Stack
      pos="absolute"
      inset={0}
      align="center"
      justify="center"
      gap="xs"
      p="md"
      bg={`var(--mantine-color-${SEVERITY_COLOR[alert.severity]}-filled)`}
      c="#ffffff"
      style={{ zIndex: 2_000 }}
    >
      <Icon size={48} aria-hidden />
      <Text fw={700} size="xl" ta="center">
        {alert.drill ? `${common.drill}: ${alert.title}` : alert.title}
      </Text>
      <Text ta="center" lineClamp={4}>
        {alert.message}
      </Text>
      {more > 0 && <Text size="sm">{devicePage.screen.moreAlerts(more)}</Text>}
    </Stack>
  );
}
