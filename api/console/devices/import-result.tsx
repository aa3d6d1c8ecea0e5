/** How an import goes, and the credentials that came of it: they are here this once. */
import { Alert, Button, Group, Paper, Progress, Stack, Text, Title } from '@mantine/core';
import { Download, KeyRound } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { useTexts } from '../texts/texts-context.tsx';
import { FailureNotice } from '../ui/failure-notice.tsx';
import { saveFile } from '../ui/save-file.ts';
import { credentialCsv, credentialJson } from './credential-file.ts';
import type { ImportRun } from './import-run.ts';
import { useLeaveGuard } from './leave-guard.ts';

/** Players that are named. */
const NAMED_MAX = 50;

export interface ImportResultProps {
  readonly run: ImportRun;
  readonly onResume: () => void;
  readonly onAgain: () => void;
}

export function ImportResult({ run, onResume, onAgain }: ImportResultProps) {
  const { devices, common } = useTexts();
  const texts = devices.importing;
  const [downloaded, setDownloaded] = useState(0);
  const { phase, total, made, existing, failure } = run;
  const done = made.length + existing.length;
  const isOpen = phase === 'running' || made.length > downloaded;
  useLeaveGuard(isOpen, { title: texts.leaveTitle, message: texts.leaveMessage, confirm: texts.leave });
  return (
    <Stack>
      <div role="status">
        <Title order={2} size="h4">
          {phase === 'finished' ? texts.finished(made.length) : texts.running(done, total)}
        </Title>
      </div>
      {phase === 'running' && (
        <Progress value={total === 0 ? 0 : (100 * done) / total} animated aria-label={texts.progress} />
      )}
      {phase === 'stopped' && (
        <>
          <FailureNotice cause={failure} />
          <Text>{texts.stopped(done, total)}</Text>
          <Group>
            <Button onClick={onResume}>{texts.resume(total - done)}</Button>
          </Group>
        </>
      )}
      {made.length > 0 && phase !== 'running' && (
        <Credentials
          made={made}
          isDownloaded={downloaded === made.length}
          onDownload={() => setDownloaded(made.length)}
        />
      )}
      {existing.length > 0 && <Existing playerIds={existing} />}
      {phase === 'finished' && (
        <Group>
          <Button variant="default" component={Link} href="/devices">
            {texts.toScreens}
          </Button>
          {made.length <= downloaded && (
            <Button variant="subtle" onClick={onAgain}>
              {texts.again}
            </Button>
          )}
        </Group>
      )}
      {phase === 'stopped' && made.length <= downloaded && (
        <Group>
          <Button variant="default" onClick={onAgain}>
            {common.cancel}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

interface CredentialsProps {
  readonly made: ImportRun['made'];
  readonly isDownloaded: boolean;
  readonly onDownload: () => void;
}

function Credentials({ made, isDownloaded, onDownload }: CredentialsProps) {
  const texts = useTexts().devices.importing;
  const save = (text: string, type: string, extension: string): void => {
    saveFile(new Blob([text], { type }), `podoh-credentials.${extension}`);
    onDownload();
  };
  return (
    <Paper withBorder radius="md" p="lg">
      <Stack>
        <Title order={3} size="h5">
          {texts.credentials}
        </Title>
        <Alert color="orange" icon={<KeyRound aria-hidden />}>
          {texts.credentialsOnce}
        </Alert>
        <Group>
          <Button
            leftSection={<Download size={16} aria-hidden />}
            onClick={() => save(credentialCsv(made), 'text/csv;charset=utf-8', 'csv')}
          >
            {texts.downloadCsv}
          </Button>
          <Button
            variant="default"
            leftSection={<Download size={16} aria-hidden />}
            onClick={() => save(credentialJson(made), 'application/json', 'json')}
          >
            {texts.downloadJson}
          </Button>
          {isDownloaded && (
            <Text size="sm" role="status">
              {texts.downloaded}
            </Text>
          )}
        </Group>
      </Stack>
    </Paper>
  );
}

function Existing({ playerIds }: { readonly playerIds: readonly string[] }) {
  const { devices } = useTexts();
  const more = playerIds.length - NAMED_MAX;
  return (
    <div>
      <Text>{devices.importing.existing(playerIds.length)}</Text>
      <Text size="sm" c="dimmed">
        {playerIds.slice(0, NAMED_MAX).join(', ')}
        {more > 0 && ` ${devices.bulk.andMore(more)}`}
      </Text>
    </div>
  );
}
