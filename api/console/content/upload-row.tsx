/** One upload: how far it is, and what can be done with it. */
import { ActionIcon, Button, FileButton, Group, Progress, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { CircleAlert, CircleCheck, FolderOpen, Pause, Play, X } from 'lucide-react';
import { Link } from 'wouter';
import { ApiFailure } from '../session/api-failure.ts';
import type { Texts } from '../texts/english.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { useConfirm } from '../ui/confirm-context.tsx';
import { formatBytes, formatDuration } from '../ui/time-format.ts';
import { useAction } from '../ui/use-action.ts';
import { useUploadQueue } from './uploads.ts';
import type { UploadItem } from './upload-queue.ts';

export function UploadRow({ item }: { readonly item: UploadItem }) {
  const { content, common } = useTexts();
  const texts = content.uploads;
  const { phase, fileName } = item;
  const isOver = phase === 'ready' || phase === 'refused';
  const percent = percentOf(item);
  return (
    <Stack gap={4} component="li">
      <Group gap="xs" wrap="nowrap" justify="space-between">
        <Group gap={6} wrap="nowrap" miw={0}>
          {phase === 'ready' && <CircleCheck size={16} aria-hidden color="var(--mantine-color-teal-filled)" />}
          {phase === 'refused' && <CircleAlert size={16} aria-hidden color="var(--mantine-color-red-filled)" />}
          <Text size="sm" fw={500} truncate title={fileName}>
            {fileName}
          </Text>
        </Group>
        <RowButtons item={item} />
      </Group>
      {!isOver && (
        <Progress
          value={percent}
          size="md"
          striped={phase === 'verifying'}
          animated={phase === 'verifying'}
          color={phase === 'paused' || phase === 'needs-file' ? 'gray' : phase === 'interrupted' ? 'orange' : 'indigo'}
          aria-label={texts.progressOf(fileName)}
        />
      )}
      <Text size="xs" c={phase === 'refused' ? 'red' : 'dimmed'} component="div">
        {phase === 'refused' ? reasonOf(item, common) : lineOf(item, content, common)}
      </Text>
      {phase === 'needs-file' && <ChooseAgain item={item} />}
    </Stack>
  );
}

/** How much of it is there, from 0 to 100. */
export function percentOf({ sentBytes, sizeBytes }: Pick<UploadItem, 'sentBytes' | 'sizeBytes'>): number {
  return sizeBytes === 0 ? 0 : Math.min(100, Math.floor((sentBytes / sizeBytes) * 100));
}

function lineOf(item: UploadItem, content: Texts['content'], common: Texts['common']): string {
  const texts = content.uploads;
  const { phase, sentBytes, sizeBytes, bytesPerSecond } = item;
  const bytes = (count: number): string => formatBytes(count, common.bytes);
  if (phase === 'ready') return `${texts.phase.ready} · ${bytes(sizeBytes)}`;
  const parts = phase === 'sending' ? [] : [texts.phase[phase]];
  if (phase !== 'verifying' && phase !== 'waiting') parts.push(texts.of(bytes(sentBytes), bytes(sizeBytes)));
  if (phase === 'sending' && bytesPerSecond !== null && bytesPerSecond > 0) {
    const leftMs = ((sizeBytes - sentBytes) / bytesPerSecond) * 1_000;
    parts.push(
      texts.perSecond(bytes(bytesPerSecond)),
      texts.left(formatDuration(wholeSeconds(leftMs), common.duration)),
    );
  }
  return parts.join(' · ');
}

function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000)) * 1_000;
}

/** Why it was not taken, in the words of the API. */
function reasonOf({ reason }: UploadItem, common: Texts['common']): string {
  if (typeof reason === 'string') return reason;
  if (!(reason instanceof ApiFailure)) return common.failures.INTERNAL;
  if (reason.message === '' || reason.isPassing) return common.failures[reason.code];
  const details = reason.details.map(({ message }) => message).filter((message) => message !== reason.message);
  return details.length === 0 ? reason.message : `${reason.message}: ${details.join('; ')}`;
}

function RowButtons({ item }: { readonly item: UploadItem }) {
  const texts = useTexts().content.uploads;
  const queue = useUploadQueue();
  const { key, fileName, phase, contentId } = item;
  const button = { variant: 'subtle', color: 'gray' } as const;
  return (
    <Group gap={2} wrap="nowrap">
      {(phase === 'sending' || phase === 'interrupted' || phase === 'waiting') && (
        <ActionIcon {...button} aria-label={texts.pause(fileName)} onClick={() => queue.pause(key)}>
          <Pause size={16} aria-hidden />
        </ActionIcon>
      )}
      {phase === 'paused' && (
        <ActionIcon {...button} aria-label={texts.resume(fileName)} onClick={() => queue.resume(key)}>
          <Play size={16} aria-hidden />
        </ActionIcon>
      )}
      {phase === 'ready' && contentId !== null && (
        <Button
          component={Link}
          href={`/content/${contentId}`}
          size="compact-xs"
          variant="default"
          aria-label={texts.openOf(fileName)}
        >
          {texts.open}
        </Button>
      )}
      <EndButton item={item} />
    </Group>
  );
}

/** Takes off the list what is over, and cancels what is not. */
function EndButton({ item }: { readonly item: UploadItem }) {
  const texts = useTexts().content.uploads;
  const queue = useUploadQueue();
  const confirm = useConfirm();
  const { key, fileName, phase } = item;
  const cancel = useAction(() => queue.cancel(key), { changes: ['content'] });
  const isOver = phase === 'ready' || phase === 'refused';
  const end = (): void => {
    if (isOver || item.contentId === null) {
      cancel.mutate();
      return;
    }
    confirm({
      title: texts.cancelTitle(fileName),
      message: texts.cancelMessage,
      confirm: texts.cancelConfirm,
      onConfirm: () => cancel.mutate(),
    });
  };
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      aria-label={isOver ? texts.dismiss(fileName) : texts.cancel(fileName)}
      onClick={end}
    >
      <X size={16} aria-hidden />
    </ActionIcon>
  );
}

function ChooseAgain({ item }: { readonly item: UploadItem }) {
  const texts = useTexts().content.uploads;
  const queue = useUploadQueue();
  const { key, fileName } = item;
  const choose = (file: File | null): void => {
    if (file === null || queue.choose(key, file)) return;
    notifications.show({ color: 'orange', message: texts.otherFile(fileName), role: 'alert' });
  };
  return (
    <Group>
      <FileButton onChange={choose}>
        {(props) => (
          <Button
            {...props}
            size="compact-sm"
            leftSection={<FolderOpen size={14} aria-hidden />}
            aria-label={texts.chooseOf(fileName)}
          >
            {texts.choose}
          </Button>
        )}
      </FileButton>
    </Group>
  );
}
