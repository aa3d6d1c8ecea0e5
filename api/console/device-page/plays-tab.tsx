/** What the screen played last, by its own word. */
import { Anchor, Group, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ListVideo } from 'lucide-react';
import type { Static } from 'typebox';
import { Link } from 'wouter';
import type { DeviceJson } from '../../devices/device-json.ts';
import type { PlaysJson } from '../../reports/plays-report.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { formatDateTime, formatDuration } from '../ui/time-format.ts';
import { screenKey } from './screen-data.ts';

type Plays = Static<typeof PlaysJson>;

/** Plays of the last days, so many at most. */
const PLAYS_MAX = 50;
/** Plays are on no feed; they are asked for this often, in milliseconds. */
const FOLLOW_MS = 30_000;

export function PlaysTab({ device }: { readonly device: DeviceJson }) {
  const texts = useTexts().devicePage.plays;
  const session = useSession();
  const query = useQuery({
    queryKey: screenKey(device.id, 'plays'),
    queryFn: ({ signal }) =>
      session.call<Plays>('GET', '/reports/plays', {
        query: { deviceId: device.id, clock: 'all', limit: PLAYS_MAX },
        signal,
      }),
    refetchInterval: FOLLOW_MS,
  });
  return (
    <Stack>
      <Group justify="space-between">
        <Text size="sm" c="dimmed">
          {texts.hint(PLAYS_MAX)}
        </Text>
        <Anchor component={Link} href={`/reports?deviceId=${device.id}`} size="sm">
          {texts.inReports}
        </Anchor>
      </Group>
      <Loaded query={query} lines={6}>
        {({ rows }) =>
          rows.length === 0 ? (
            <EmptyState icon={ListVideo} title={texts.none} hint={texts.noneHint} />
          ) : (
            <PlaysTable rows={rows} />
          )
        }
      </Loaded>
    </Stack>
  );
}

function PlaysTable({ rows }: { readonly rows: Plays['rows'] }) {
  const { devicePage, common } = useTexts();
  const texts = devicePage.plays;
  return (
    <Table.ScrollContainer minWidth={0} type="native" tabIndex={0} role="region" aria-label={texts.title}>
      <Table verticalSpacing="xs" aria-label={texts.title}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{texts.content}</Table.Th>
            <Table.Th>{texts.startedAt}</Table.Th>
            <Table.Th>{texts.lasted}</Table.Th>
            <Table.Th visibleFrom="sm">{texts.schedule}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((play) => (
            <Table.Tr key={play.id}>
              <Table.Td>
                {play.content === null ? (
                  texts.gone
                ) : (
                  <AnchorLink to={`/content/${play.contentId}`} size="sm">
                    {play.content}
                  </AnchorLink>
                )}
                {play.alertDeploymentId !== null && (
                  <Text size="xs">
                    <AnchorLink to={`/alerts/${play.alertDeploymentId}`} size="xs">
                      {texts.inAlert}
                    </AnchorLink>
                  </Text>
                )}
              </Table.Td>
              <Table.Td>
                <time dateTime={play.startedAt}>{formatDateTime(play.startedAt)}</time>
                {play.clockSuspect && <Text size="xs">{texts.clockSuspect}</Text>}
              </Table.Td>
              <Table.Td>{formatDuration(play.playSeconds * 1000, common.duration)}</Table.Td>
              <Table.Td visibleFrom="sm">{play.schedule ?? ''}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
