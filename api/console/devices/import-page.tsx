/** Making many screens from a list, before they are switched on. */
import { Alert, Button, FileButton, Group, Stack, Text, Textarea } from '@mantine/core';
import { FileUp } from 'lucide-react';
import { useMemo, useState } from 'react';
import { GroupSelect } from '../pickers/group-select.tsx';
import { useGroups, type GroupForest } from '../pickers/groups.ts';
import { useMay } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { deviceLines, parseTable } from './device-table.ts';
import { ImportCheck } from './import-check.tsx';
import { planImport } from './import-plan.ts';
import { ImportResult } from './import-result.tsx';
import { useImportRun } from './import-run.ts';

/** Largest file that is read, in millions of bytes. */
const FILE_MEGABYTES = 10;

export function ImportPage() {
  const { devices } = useTexts();
  const texts = devices.importing;
  const groups = useGroups();
  return (
    <Page
      title={texts.title}
      description={texts.description}
      actions={<AnchorLink to="/devices">{devices.back}</AnchorLink>}
    >
      <Loaded query={groups} lines={6}>
        {(forest) => <Import forest={forest} />}
      </Loaded>
    </Page>
  );
}

function Import({ forest }: { readonly forest: GroupForest }) {
  const [text, setText] = useState('');
  const [groupId, setGroupId] = useState<number | null>(null);
  const { run, start, resume, reset } = useImportRun();
  if (run.phase === 'idle')
    return (
      <ListToImport
        forest={forest}
        text={text}
        onText={setText}
        groupId={groupId}
        onGroupId={setGroupId}
        onStart={start}
      />
    );
  return (
    <ImportResult
      run={run}
      onResume={resume}
      onAgain={() => {
        reset();
        setText('');
      }}
    />
  );
}

interface ListToImportProps {
  readonly forest: GroupForest;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly groupId: number | null;
  readonly onGroupId: (groupId: number | null) => void;
  readonly onStart: ReturnType<typeof useImportRun>['start'];
}

function ListToImport({ forest, text, onText, groupId, onGroupId, onStart }: ListToImportProps) {
  const texts = useTexts().devices.importing;
  const { administer } = useMay();
  const [isTooLarge, setTooLarge] = useState(false);
  const lines = useMemo(() => deviceLines(parseTable(text)), [text]);
  const plan = useMemo(
    () => planImport(lines, { forest, groupId, needsGroup: !administer }),
    [lines, forest, groupId, administer],
  );
  const screens = plan.flatMap(({ screen }) => (screen === null ? [] : [screen]));
  const read = async (file: File | null): Promise<void> => {
    if (file === null) return;
    setTooLarge(file.size > FILE_MEGABYTES * 1_000_000);
    if (file.size <= FILE_MEGABYTES * 1_000_000) onText(await file.text());
  };
  return (
    <Stack>
      <Textarea
        label={texts.paste}
        description={texts.pasteHint}
        placeholder={texts.pasteExample}
        value={text}
        onChange={(event) => onText(event.currentTarget.value)}
        autosize
        minRows={5}
        maxRows={14}
        spellCheck={false}
        autoComplete="off"
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
      />
      {isTooLarge && (
        <Alert color="orange" role="alert">
          {texts.fileTooLarge(FILE_MEGABYTES)}
        </Alert>
      )}
      <Group align="flex-end">
        <FileButton onChange={(file) => void read(file)} accept=".csv,.tsv,.txt,text/csv,text/plain">
          {(props) => (
            <Button {...props} variant="default" leftSection={<FileUp size={16} aria-hidden />}>
              {texts.chooseFile}
            </Button>
          )}
        </FileButton>
        <GroupSelect label={texts.group} placeholder={texts.noGroup} value={groupId} onChange={onGroupId} />
      </Group>
      {!administer && groupId === null && (
        <Text size="sm" c="dimmed">
          {texts.groupNeeded}
        </Text>
      )}
      {plan.length > 0 && (
        <>
          <ImportCheck plan={plan} forest={forest} />
          <Group justify="flex-end">
            <Button disabled={screens.length === 0} onClick={() => onStart(screens)}>
              {texts.start(screens.length)}
            </Button>
          </Group>
        </>
      )}
    </Stack>
  );
}
