/** What a screen last said of itself. */
import { Text } from '@mantine/core';
import type { DeviceStateJson } from '../../devices/device-state.ts';
import type { Texts } from '../texts/english.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { Ago } from '../ui/ago.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { Facts, type Fact } from '../ui/facts.tsx';
import { formatBytes, formatDuration } from '../ui/time-format.ts';

type Status = NonNullable<DeviceStateJson['reported']>['status'];

export function StatusFacts({ reported }: { readonly reported: DeviceStateJson['reported'] }) {
  const { devicePage, common } = useTexts();
  const texts = devicePage.status;
  if (reported === null) return <Text size="sm">{texts.nothing}</Text>;
  const { playing } = reported.status;
  const items: Fact[] = [{ label: texts.reportedAt, value: <Ago at={reported.reportedAt} /> }];
  if (playing != null)
    items.push({
      label: texts.playing,
      value: <AnchorLink to={`/content/${playing}`}>{texts.content(playing)}</AnchorLink>,
    });
  return <Facts items={[...items, ...plainFacts(reported.status, devicePage, common)]} />;
}

function plainFacts(status: Status, { status: texts, config }: Texts['devicePage'], common: Texts['common']): Fact[] {
  const bytes = (size: number): string => formatBytes(size, common.bytes);
  const { screenWidth, screenHeight } = status;
  const facts: (readonly [label: string, value: string | undefined])[] = [
    [texts.screenOn, said(status.screenOn, (on) => (on ? common.yes : common.no))],
    [texts.uptime, said(status.uptimeSeconds, (seconds) => formatDuration(seconds * 1000, common.duration))],
    [texts.freeStorage, said(status.freeStorageBytes, bytes)],
    [texts.freeMemory, said(status.freeMemoryBytes, bytes)],
    [texts.cpu, said(status.cpuPercent, (percent) => config.percent(Math.round(percent)))],
    [texts.temperature, said(status.temperatureCelsius, texts.celsius)],
    [
      texts.resolution,
      screenWidth === undefined || screenHeight === undefined ? undefined : texts.pixels(screenWidth, screenHeight),
    ],
    [texts.network, status.network],
    [texts.appVersion, status.appVersion],
    [texts.osVersion, status.osVersion],
    [texts.clock, said(status.clockOffsetMs, (ms) => texts.clockOff(Math.round(ms / 1000)))],
  ];
  return facts.flatMap(([label, value]) => (value === undefined ? [] : [{ label, value }]));
}

/** A value in words, if it was said. */
function said<T>(value: T | undefined, inWords: (value: T) => string): string | undefined {
  return value === undefined ? undefined : inWords(value);
}
