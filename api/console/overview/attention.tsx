/** What somebody has to do something about, the gravest first, each with the way to where it is done. */
import { Box, Group, List, Stack, Text } from '@mantine/core';
import {
  BellOff,
  CalendarX,
  CircleCheckBig,
  CircleHelp,
  ImageOff,
  MonitorOff,
  Siren,
  type LucideIcon,
} from 'lucide-react';
import type { ReactNode } from 'react';
import type { OverviewJson } from '../../reports/overview-report.ts';
import { useLadders } from '../live/live-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Ago } from '../ui/ago.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { useNow } from '../ui/now.ts';
import { chartColour, type ChartColour } from '../charts/colours.ts';
import { useActiveDeployments } from './active-deployments.ts';
import { Card } from './card.tsx';

/** A screen that has not confirmed an alert after this needs a look, in milliseconds. */
const CONFIRM_MS = 30_000;

export function Attention({ now }: { readonly now: OverviewJson }) {
  const texts = useTexts().overview;
  const alerts = useUnconfirmed();
  const { failedDeployments, failedContent, offline, neverConnected } = now;
  const deadLetters = now.deadLetters ?? 0;
  const matters =
    alerts.length + failedDeployments.total + failedContent.total + offline.total + neverConnected.total + deadLetters;
  return (
    <Card title={texts.attention}>
      {matters === 0 && (
        <Group gap="sm" wrap="nowrap">
          <CircleCheckBig size={28} aria-hidden color={chartColour('online')} />
          <div>
            <Text fw={600}>{texts.allWell}</Text>
            <Text size="sm" c="dimmed">
              {texts.allWellHint}
            </Text>
          </div>
        </Group>
      )}
      <Stack gap="md">
        {alerts.map(({ deploymentId, title, unconfirmed }) => (
          <Matter key={`alert ${deploymentId}`} icon={Siren} colour="bad">
            <AnchorLink to={`/alerts/${deploymentId}`} size="sm" fw={600}>
              {texts.unconfirmedAlert(title, unconfirmed)}
            </AnchorLink>
          </Matter>
        ))}
        <Failures now={now} />
        {offline.total > 0 && (
          <Matter icon={MonitorOff} colour="offline">
            <AnchorLink to="/devices?status=offline&sort=lastSeen" size="sm" fw={600}>
              {texts.offlineLong(offline.total)}
            </AnchorLink>
            <Screens of={offline} since={({ lastSeen }) => lastSeen} />
          </Matter>
        )}
        {neverConnected.total > 0 && (
          <Matter icon={CircleHelp} colour="offline">
            <AnchorLink to="/devices?status=offline&sort=lastSeen" size="sm" fw={600}>
              {texts.neverConnected(neverConnected.total)}
            </AnchorLink>
            <Screens of={neverConnected} since={null} />
          </Matter>
        )}
        {deadLetters > 0 && (
          <Matter icon={BellOff} colour="http">
            <AnchorLink to="/notifications" size="sm" fw={600}>
              {texts.deadLetters(deadLetters)}
            </AnchorLink>
          </Matter>
        )}
      </Stack>
    </Card>
  );
}

/** Deployments and content that failed. */
function Failures({ now: { failedDeployments, failedContent } }: { readonly now: OverviewJson }) {
  const texts = useTexts().overview;
  return (
    <>
      {failedDeployments.items.map(({ deploymentId, scheduleId, schedule, failed, targeted }) => (
        <Matter key={`deployment ${deploymentId}`} icon={CalendarX} colour="bad">
          <AnchorLink to={`/schedules/${scheduleId}/deployments/${deploymentId}`} size="sm" fw={600}>
            {texts.failedDeployment(schedule, failed, targeted)}
          </AnchorLink>
        </Matter>
      ))}
      {failedContent.items.map(({ contentId, name, failure }) => (
        <Matter key={`content ${contentId}`} icon={ImageOff} colour="bad">
          <AnchorLink to={`/content/${contentId}`} size="sm" fw={600}>
            {texts.failedContent(name)}
          </AnchorLink>
          {failure !== null && (
            <Text size="xs" c="dimmed">
              {failure}
            </Text>
          )}
        </Matter>
      ))}
      <Rest of={failedContent} to="/content?status=failed" />
    </>
  );
}

/** Active alerts that some screen should have confirmed by now. */
function useUnconfirmed(): { deploymentId: number; title: string; unconfirmed: number }[] {
  const active = useActiveDeployments();
  const ladders = useLadders();
  const nowMs = useNow();
  return (active.data?.items ?? []).flatMap(({ deploymentId, title, startedAt }) => {
    const live = ladders.get(deploymentId);
    const unconfirmed = live?.status === 'active' ? live.ladder.unconfirmed : 0;
    return unconfirmed > 0 && nowMs - Date.parse(startedAt) > CONFIRM_MS ? [{ deploymentId, title, unconfirmed }] : [];
  });
}

interface MatterProps {
  readonly icon: LucideIcon;
  readonly colour: ChartColour;
  readonly children: ReactNode;
}

function Matter({ icon: Icon, colour, children }: MatterProps) {
  return (
    <Group gap="sm" wrap="nowrap" align="flex-start">
      <Icon size={20} aria-hidden color={chartColour(colour)} style={{ flex: 'none', marginTop: 2 }} />
      <Box miw={0}>{children}</Box>
    </Group>
  );
}

interface Some<T> {
  readonly total: number;
  readonly items: readonly T[];
}

interface ScreenLike {
  readonly deviceId: number;
  readonly name: string;
}

interface ScreensProps<T extends ScreenLike> {
  readonly of: Some<T>;
  /** Since when it is as it is; null says nothing of it. */
  readonly since: ((screen: T) => string) | null;
}

function Screens<T extends ScreenLike>({ of, since }: ScreensProps<T>) {
  const texts = useTexts().overview;
  const more = of.total - of.items.length;
  return (
    <List size="sm" listStyleType="none" spacing={2} mt={2}>
      {of.items.map((screen) => (
        <List.Item key={screen.deviceId}>
          <AnchorLink to={`/devices/${screen.deviceId}`} size="sm">
            {screen.name}
          </AnchorLink>
          {since !== null && (
            <Text span size="xs" c="dimmed">
              {' '}
              · <Ago at={since(screen)} />
            </Text>
          )}
        </List.Item>
      ))}
      {more > 0 && (
        <List.Item>
          <Text size="xs" c="dimmed">
            {texts.more(more)}
          </Text>
        </List.Item>
      )}
    </List>
  );
}

/** The way to those that are not named. */
function Rest({ of, to }: { readonly of: Some<unknown>; readonly to: string }) {
  const texts = useTexts().overview;
  const more = of.total - of.items.length;
  if (more <= 0) return null;
  return (
    <AnchorLink to={to} size="sm" ml={32}>
      {texts.more(more)}
    </AnchorLink>
  );
}
