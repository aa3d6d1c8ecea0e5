/** Lines of the audit, wherever they are listed. */
import { Code, Collapse, Group, Text, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { ChevronDown, ChevronRight } from 'lucide-react';
import { useTexts } from '../texts/texts-context.tsx';
import type { Column } from '../ui/list-table.tsx';
import { formatDateTime } from '../ui/time-format.ts';

/** A line of the audit, as `GET /audit` has it. */
export interface AuditLine {
  readonly id: number;
  readonly username: string | null;
  readonly action: string;
  readonly entity: string;
  readonly entityId: number | null;
  readonly detail: unknown;
  readonly ip: string | null;
  readonly createdAt: string;
}

/** The audit as a table. */
export function auditColumns(texts: ReturnType<typeof useTexts>['audit']): readonly Column<AuditLine>[] {
  return [
    {
      key: 'at',
      title: texts.at,
      render: ({ createdAt }) => <time dateTime={createdAt}>{formatDateTime(createdAt)}</time>,
    },
    { key: 'who', title: texts.who, render: ({ username }) => username ?? texts.byNobody },
    { key: 'action', title: texts.action, render: (line) => <Action line={line} /> },
    {
      key: 'what',
      title: texts.what,
      from: 'sm',
      render: ({ entity, entityId }) => (entityId === null ? entity : `${entity} ${entityId}`),
    },
    { key: 'ip', title: texts.address, from: 'md', render: ({ ip }) => ip ?? '' },
  ];
}

/** The action, and what it was in detail on demand. */
function Action({ line }: { readonly line: AuditLine }) {
  const { details } = useTexts().audit;
  const [opened, { toggle }] = useDisclosure(false);
  const hasDetail = line.detail !== null && JSON.stringify(line.detail) !== '{}';
  if (!hasDetail) return <Text size="sm">{line.action}</Text>;
  const Icon = opened ? ChevronDown : ChevronRight;
  return (
    <>
      <UnstyledButton onClick={toggle} aria-expanded={opened} aria-label={`${line.action}: ${details}`} fz="sm">
        <Group gap={4} wrap="nowrap">
          <Icon size={14} aria-hidden />
          {line.action}
        </Group>
      </UnstyledButton>
      <Collapse expanded={opened}>
        <Code block maw={560}>
          {JSON.stringify(line.detail, null, 2)}
        </Code>
      </Collapse>
    </>
  );
}
