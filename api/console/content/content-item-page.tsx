/** One piece of content: what it looks like, what is known of it, and what uses it. */
import { ActionIcon, Alert, Button, Code, CopyButton, Grid, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ArrowLeft, ChartColumn, Check, CircleAlert, Copy, Download, Pencil, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { Link, useLocation, useParams } from 'wouter';
import type { ContentJson } from '../../content/content-json.ts';
import { ApiFailure } from '../session/api-failure.ts';
import { useMay, useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { useConfirm } from '../ui/confirm-context.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { useAction } from '../ui/use-action.ts';
import { ContentFacts } from './content-facts.tsx';
import { ContentForm } from './content-form.tsx';
import { ContentStatusBadge } from './content-look.tsx';
import { ContentPreview } from './content-preview.tsx';
import { isUsed, UsageList, useUsage } from './content-usage.tsx';

export function ContentItemPage() {
  const { content: texts } = useTexts();
  const id = Number(useParams<{ id: string }>().id);
  const session = useSession();
  const query = useQuery({
    queryKey: ['content', id],
    queryFn: ({ signal }) => session.call<ContentJson>('GET', `/content/${id}`, { signal }),
  });
  return (
    <Page
      title={query.data?.name ?? texts.title}
      description={<BackLink />}
      actions={query.data !== undefined && <Actions content={query.data} />}
    >
      <Loaded query={query} lines={10}>
        {(content) => <Item content={content} />}
      </Loaded>
    </Page>
  );
}

function BackLink() {
  const texts = useTexts().content;
  return (
    <Button
      component={Link}
      href="/content"
      size="compact-sm"
      variant="subtle"
      leftSection={<ArrowLeft size={14} aria-hidden />}
    >
      {texts.toContent}
    </Button>
  );
}

function Item({ content }: { readonly content: ContentJson }) {
  const texts = useTexts().content;
  const usage = useUsage(content.id);
  return (
    <>
      {content.status === 'failed' && (
        <Alert color="red" icon={<CircleAlert aria-hidden />} title={texts.failedTitle}>
          {content.failure} {texts.failedHint}
        </Alert>
      )}
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack>
            <Paper component="section" aria-label={texts.preview} withBorder radius="md" style={{ overflow: 'hidden' }}>
              <ContentPreview key={content.sha256 ?? content.url ?? content.status} content={content} />
            </Paper>
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Stack>
            <Paper component="section" withBorder radius="md" p="md">
              <Group justify="space-between" mb="sm">
                <Title order={2} size="h4">
                  {texts.facts}
                </Title>
                <ContentStatusBadge status={content.status} />
              </Group>
              <ContentFacts content={content} />
              {content.sha256 !== null && <Hash sha256={content.sha256} />}
            </Paper>
            <Paper component="section" withBorder radius="md" p="md">
              <Title order={2} size="h4" mb="sm">
                {texts.usage.title}
              </Title>
              <Loaded query={usage} lines={2}>
                {(uses) => <UsageList usage={uses} />}
              </Loaded>
            </Paper>
          </Stack>
        </Grid.Col>
      </Grid>
    </>
  );
}

function Hash({ sha256 }: { readonly sha256: string }) {
  const { content: texts, common } = useTexts();
  return (
    <Group gap={6} mt="sm" wrap="nowrap" align="flex-start">
      <Text size="sm" c="dimmed" w={134} style={{ flexShrink: 0 }}>
        {texts.hash}
      </Text>
      <Code style={{ overflowWrap: 'anywhere' }}>{sha256}</Code>
      <CopyButton value={sha256}>
        {({ copied, copy }) => (
          <ActionIcon
            variant="subtle"
            color={copied ? 'teal' : 'gray'}
            aria-label={copied ? common.copied : texts.copyHash}
            onClick={copy}
          >
            {copied ? <Check size={16} aria-hidden /> : <Copy size={16} aria-hidden />}
          </ActionIcon>
        )}
      </CopyButton>
    </Group>
  );
}

function Actions({ content }: { readonly content: ContentJson }) {
  const { content: texts, common } = useTexts();
  const { manage, administer } = useMay();
  const [editing, setEditing] = useState(false);
  const { id, url, fileName, name, mimeType, groupId } = content;
  // What is the whole organisation's is for administrators.
  const mayChange = administer || (manage && groupId !== null);
  return (
    <>
      <Button
        component={Link}
        href={`/reports?contentId=${id}`}
        variant="default"
        leftSection={<ChartColumn size={16} aria-hidden />}
      >
        {texts.plays}
      </Button>
      {url !== null && mimeType !== null && (
        <Button
          component="a"
          href={url}
          download={fileName ?? name}
          target="_blank"
          rel="noreferrer"
          variant="default"
          leftSection={<Download size={16} aria-hidden />}
        >
          {common.download}
        </Button>
      )}
      {mayChange && (
        <>
          <Button
            variant="default"
            leftSection={<Pencil size={16} aria-hidden />}
            onClick={() => setEditing(true)}
            disabled={content.status === 'pending'}
          >
            {texts.edit}
          </Button>
          <DeleteButton content={content} />
        </>
      )}
      {editing && <ContentForm content={content} onClose={() => setEditing(false)} />}
    </>
  );
}

function DeleteButton({ content: { id, name } }: { readonly content: ContentJson }) {
  const { content: texts, common } = useTexts();
  const session = useSession();
  const confirm = useConfirm();
  const [, goTo] = useLocation();
  const usage = useUsage(id);
  const [isRefused, setRefused] = useState(false);
  const remove = useAction(() => session.call('DELETE', `/content/${id}`), {
    changes: ['content'],
    done: texts.removed(name),
    onDone: () => goTo('/content'),
    onFailure: (cause) => {
      if (!(cause instanceof ApiFailure) || cause.code !== 'CONFLICT') return false;
      setRefused(true);
      void usage.refetch();
      return true;
    },
  });
  const ask = (): void => {
    if (usage.data !== undefined && isUsed(usage.data)) setRefused(true);
    else
      confirm({
        title: texts.removeTitle(name),
        message: texts.removeMessage,
        confirm: common.delete,
        onConfirm: () => remove.mutate(),
      });
  };
  return (
    <>
      <Button color="red" variant="light" leftSection={<Trash2 size={16} aria-hidden />} onClick={ask}>
        {common.delete}
      </Button>
      {isRefused && (
        <Dialog title={texts.usedTitle(name)} onClose={() => setRefused(false)}>
          <Stack>
            <Text size="sm">{texts.usedMessage}</Text>
            {usage.data !== undefined && <UsageList usage={usage.data} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={() => setRefused(false)} data-autofocus>
                {common.close}
              </Button>
            </Group>
          </Stack>
        </Dialog>
      )}
    </>
  );
}
