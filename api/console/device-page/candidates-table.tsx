/** Every schedule that reaches the screen, and why one wins over the others. */
import { Badge, Stack, Table, Text } from '@mantine/core';
import { Check } from 'lucide-react';
import type { PreviewJson } from '../../schedules/preview.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { formatDateTime } from '../ui/time-format.ts';

type Candidate = PreviewJson['candidates'][number];

export function CandidatesTable({ preview }: { readonly preview: PreviewJson }) {
  const texts = useTexts().devicePage.screen;
  return (
    <Table aria-label={texts.whyTitle} verticalSpacing={6}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{texts.schedule}</Table.Th>
          <Table.Th>{texts.outcome}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {preview.candidates.map((one) => (
          <CandidateRow key={one.scheduleId} candidate={one} />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function CandidateRow({ candidate }: { readonly candidate: Candidate }) {
  const texts = useTexts().devicePage.screen;
  const { scheduleId, name, via, priority, outcome, active, nextChangeAt } = candidate;
  return (
    <Table.Tr>
      <Table.Td>
        <AnchorLink to={`/schedules/${scheduleId}`} size="sm">
          {name}
        </AnchorLink>
        <Text size="xs" c="dimmed">
          {via.kind === 'device' ? texts.viaScreen : texts.viaGroup(via.name ?? texts.groupAbove)},{' '}
          {texts.priority(priority)}
        </Text>
      </Table.Td>
      <Table.Td>
        <Stack gap={2} align="flex-start">
          {outcome === 'wins' ? (
            <Badge color="teal" variant="light" tt="none" leftSection={<Check size={12} aria-hidden />}>
              {texts.outcomes.wins}
            </Badge>
          ) : (
            <Text size="sm">{texts.outcomes[outcome]}</Text>
          )}
          {nextChangeAt !== null && (
            <Text size="xs" c="dimmed">
              {active ? texts.until(formatDateTime(nextChangeAt)) : texts.from(formatDateTime(nextChangeAt))}
            </Text>
          )}
        </Stack>
      </Table.Td>
    </Table.Tr>
  );
}
