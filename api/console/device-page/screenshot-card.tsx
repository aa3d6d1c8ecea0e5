/** The last picture that the screen took of itself, and a button for a new one. */
import { Button, Group, Text } from '@mantine/core';
import { Camera } from 'lucide-react';
import type { CommandJson } from '../../devices/command-json.ts';
import type { DeviceJson } from '../../devices/device-json.ts';
import { useMay } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Ago } from '../ui/ago.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { CommandState } from './command-state.tsx';
import { isOpen, orderOf, useCommands, useGiveCommand } from './give-command.ts';
import { ResultPicture } from './result-picture.tsx';
import { Section } from './section.tsx';

const NEWEST = { name: 'screenshot', limit: 10, sort: '-commandId' };

export function ScreenshotCard({ device }: { readonly device: DeviceJson }) {
  const texts = useTexts().devicePage.screenshot;
  const { manage } = useMay();
  const query = useCommands(device.id, NEWEST);
  const give = useGiveCommand(device.id);
  const newest = query.data?.items[0];
  const waits = newest !== undefined && isOpen(newest);
  const canTake = device.state === 'active' && device.capabilities.includes('screenshot');
  return (
    <Section title={texts.title}>
      <Loaded query={query} lines={3}>
        {({ items }) => <Newest device={device} commands={items} canTake={canTake} />}
      </Loaded>
      {manage && canTake && (
        <Group mt="sm">
          <Button
            variant="default"
            leftSection={<Camera size={16} aria-hidden />}
            loading={give.isPending}
            disabled={waits}
            onClick={() => give.mutate(orderOf('screenshot'))}
          >
            {texts.take}
          </Button>
          {waits && device.status === 'offline' && <Text size="sm">{texts.waitsForScreen}</Text>}
        </Group>
      )}
    </Section>
  );
}

interface NewestProps {
  readonly device: DeviceJson;
  /** The newest first. */
  readonly commands: readonly CommandJson[];
  readonly canTake: boolean;
}

/** The newest picture there is, and what became of a newer try. */
function Newest({ device, commands, canTake }: NewestProps) {
  const texts = useTexts().devicePage.screenshot;
  const [newest] = commands;
  const taken = commands.find(({ state, fileType }) => state === 'succeeded' && fileType !== null);
  if (newest === undefined) return <Text size="sm">{canTake ? texts.none : texts.cannot}</Text>;
  return (
    <>
      {newest.commandId !== taken?.commandId && (
        <Group gap="xs" mb="xs" role="status">
          <CommandState command={newest} />
          <Text size="sm">
            <Ago at={newest.issuedAt} />
          </Text>
          {newest.reason !== null && <Text size="sm">{newest.reason}</Text>}
        </Group>
      )}
      {taken !== undefined && (
        <ResultPicture
          command={taken}
          alt={texts.alt(device.name)}
          caption={
            <>
              {texts.taken} <Ago at={taken.finishedAt} />
            </>
          }
        />
      )}
    </>
  );
}
