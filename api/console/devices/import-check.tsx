/** What was read of a list, line by line, before anything is made. */
import { Badge, Group, Paper, Stack, Switch, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { groupPath, type GroupForest } from '../pickers/groups.ts';
import { useTexts } from '../texts/texts-context.tsx';
import type { LineProblem, PlannedLine } from './import-plan.ts';

/** Lines that are shown. */
const SHOWN_MAX = 100;

export interface ImportCheckProps {
  readonly plan: readonly PlannedLine[];
  readonly forest: GroupForest;
}

export function ImportCheck({ plan, forest }: ImportCheckProps) {
  const texts = useTexts().devices.importing;
  const [onlyProblems, setOnlyProblems] = useState(false);
  const problems = plan.filter(({ problem }) => problem !== null);
  const lines = onlyProblems && problems.length > 0 ? problems : plan;
  const shown = lines.slice(0, SHOWN_MAX);
  const readable = plan.length - problems.length;
  return (
    <Stack gap="sm">
      <Title order={2} size="h4">
        {texts.check}
      </Title>
      <Group gap="sm" role="status">
        <Badge color={readable === 0 ? 'gray' : 'teal'} variant="light" size="lg">
          {readable === 0 ? texts.noneReadable : texts.readable(readable)}
        </Badge>
        {problems.length > 0 && (
          <Badge color="orange" variant="light" size="lg">
            {texts.problems(problems.length)}
          </Badge>
        )}
      </Group>
      {problems.length > 0 && (
        <Switch
          label={texts.onlyProblems}
          checked={onlyProblems}
          onChange={(event) => setOnlyProblems(event.currentTarget.checked)}
        />
      )}
      <Paper withBorder radius="md">
        <Table.ScrollContainer minWidth={620} type="native" tabIndex={0} role="region" aria-label={texts.check}>
          <Table verticalSpacing="xs" aria-label={texts.check}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th w={64}>{texts.line}</Table.Th>
                <Table.Th>{texts.playerId}</Table.Th>
                <Table.Th>{texts.name}</Table.Th>
                <Table.Th>{texts.groupColumn}</Table.Th>
                <Table.Th>{texts.place}</Table.Th>
                <Table.Th>{texts.result}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {shown.map((one) => (
                <Line key={one.line} one={one} forest={forest} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Paper>
      {lines.length > shown.length && (
        <Text size="sm" c="dimmed">
          {texts.onlyFirst(shown.length, lines.length)}
        </Text>
      )}
    </Stack>
  );
}

function Line({ one, forest }: { readonly one: PlannedLine; readonly forest: GroupForest }) {
  const texts = useTexts().devices.importing;
  const { line, given, screen, problem } = one;
  const groupId = screen?.groupId;
  const { latitude, longitude } = screen?.place ?? given;
  const place = [String(latitude), String(longitude)];
  return (
    <Table.Tr>
      <Table.Td>{line}</Table.Td>
      <Table.Td>{given.playerId}</Table.Td>
      <Table.Td>{screen?.name ?? given.name}</Table.Td>
      <Table.Td>{groupId === undefined ? given.group : groupPath(forest, groupId)}</Table.Td>
      <Table.Td>{place.filter((part) => part !== '').join(', ')}</Table.Td>
      <Table.Td>
        {problem === null ? (
          <Badge color="teal" variant="light">
            {texts.ready}
          </Badge>
        ) : (
          <Text size="sm" c="var(--mantine-color-orange-light-color)" fw={600}>
            {wordsOf(problem, texts.problem)}
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

type ProblemTexts = ReturnType<typeof useTexts>['devices']['importing']['problem'];

function wordsOf(problem: LineProblem, texts: ProblemTexts): string {
  if (problem.kind === 'repeated') return texts.repeated(problem.line);
  if (problem.kind === 'unknownGroup' || problem.kind === 'ambiguousGroup') return texts[problem.kind](problem.group);
  return texts[problem.kind];
}
