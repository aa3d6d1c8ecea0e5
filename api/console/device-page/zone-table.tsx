/** Which item each zone shows, and for how long. */
import { Table, Text } from '@mantine/core';
import type { PreviewJson } from '../../schedules/preview.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { formatDuration } from '../ui/time-format.ts';
import { useContents } from './shown-content.ts';

export function ZoneTable({ preview }: { readonly preview: PreviewJson }) {
  const { devicePage, common } = useTexts();
  const texts = devicePage.screen;
  const contents = useContents(preview.zones.map(({ contentId }) => contentId));
  const zones = preview.schedule?.layout.zones ?? [];
  return (
    <Table aria-label={texts.zones} verticalSpacing={6}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{texts.zone}</Table.Th>
          <Table.Th>{texts.content}</Table.Th>
          <Table.Th>{texts.item}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {preview.zones.map((on) => {
          const zone = zones.find(({ id }) => id === on.zoneId);
          const lastsMs = Date.parse(on.endsAt) - Date.parse(on.startedAt);
          return (
            <Table.Tr key={on.zoneId}>
              <Table.Td>{zone?.name ?? on.zoneId}</Table.Td>
              <Table.Td>
                <AnchorLink to={`/content/${on.contentId}`} size="sm">
                  {contents.get(on.contentId)?.name ?? texts.contentNumber(on.contentId)}
                </AnchorLink>
              </Table.Td>
              <Table.Td>
                <Text size="sm">{texts.itemOf(on.itemIndex + 1, zone?.items.length ?? 1)}</Text>
                <Text size="xs" c="dimmed">
                  {formatDuration(lastsMs, common.duration)}
                </Text>
              </Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </Table>
  );
}
