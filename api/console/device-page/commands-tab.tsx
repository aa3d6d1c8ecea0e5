/** Commands to the screen: giving one, and what became of each. */
import { Code, Group, Stack, Text } from '@mantine/core';
import { SquareTerminal } from 'lucide-react';
import { useState } from 'react';
import type { CommandJson } from '../../devices/command-json.ts';
import type { DeviceJson } from '../../devices/device-json.ts';
import { useMay } from '../session/session-context.tsx';
import type { Texts } from '../texts/english.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { Ago } from '../ui/ago.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { ListTable, type Column } from '../ui/list-table.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { formatDuration } from '../ui/time-format.ts';
import { CommandFile } from './command-file.tsx';
import { CommandForm } from './command-form.tsx';
import { CommandState } from './command-state.tsx';
import { useCommands } from './give-command.ts';
import { Section } from './section.tsx';

export function CommandsTab({ device }: { readonly device: DeviceJson }) {
  const { devicePage, common } = useTexts();
  const texts = devicePage.commands;
  const { manage } = useMay();
  const [page, setPage] = useState(1);
  const query = useCommands(device.id, { page, limit: 25 });
  return (
    <Stack>
      {manage && (
        <Section title={texts.give}>
          <CommandForm device={device} />
        </Section>
      )}
      <Loaded query={query} lines={6}>
        {(data) =>
          data.total === 0 ? (
            <EmptyState icon={SquareTerminal} title={texts.none} hint={texts.noneHint} />
          ) : (
            <ListTable
              label={texts.title}
              columns={columnsOf(texts, common, device)}
              data={data}
              rowKey={({ commandId }) => commandId}
              onPage={setPage}
            />
          )
        }
      </Loaded>
    </Stack>
  );
}

function columnsOf(
  texts: Texts['devicePage']['commands'],
  common: Texts['common'],
  device: DeviceJson,
): readonly Column<CommandJson>[] {
  return [
    {
      key: 'name',
      title: texts.command,
      render: ({ name, args }) => (
        <>
          <Text size="sm" fw={500}>
            {texts.names[name]}
          </Text>
          {Object.entries(args).map(([argument, value]) => (
            <Text key={argument} size="xs" c="dimmed">
              {texts.argument(String(value))}
            </Text>
          ))}
        </>
      ),
    },
    { key: 'state', title: texts.state, render: (command) => <CommandState command={command} /> },
    { key: 'at', title: texts.issued, render: ({ issuedAt }) => <Ago at={issuedAt} /> },
    {
      key: 'took',
      title: texts.took,
      from: 'sm',
      render: ({ issuedAt, finishedAt }) =>
        finishedAt === null ? '' : formatDuration(Date.parse(finishedAt) - Date.parse(issuedAt), common.duration),
    },
    { key: 'result', title: texts.result, render: (command) => <Result command={command} device={device} /> },
  ];
}

/** What came of it: why it failed, what the screen answered, the file that it sent. */
function Result({ command, device }: { readonly command: CommandJson; readonly device: DeviceJson }) {
  const texts = useTexts().devicePage.commands;
  const { reason, result, fileType, state } = command;
  const answers = Object.entries(result ?? {});
  return (
    <Stack gap={4} align="flex-start">
      {reason !== null && <Text size="sm">{reason}</Text>}
      {state === 'expired' && <Text size="sm">{texts.expiredHint}</Text>}
      {answers.length > 0 && (
        <Group gap={4}>
          {answers.map(([name, value]) => (
            <Code key={name}>{`${name}: ${String(value)}`}</Code>
          ))}
        </Group>
      )}
      {fileType !== null && <CommandFile command={command} device={device} />}
    </Stack>
  );
}
