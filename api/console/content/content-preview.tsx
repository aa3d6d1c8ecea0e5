/** What content looks like: played or shown here where a browser can, never with the rights of the console. */
import { Alert, Anchor, Button, Center, Image, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ExternalLink, Eye, Play } from 'lucide-react';
import { useState } from 'react';
import type { ContentJson } from '../../content/content-json.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { TYPE_ICON, useFreshAddress } from './content-look.tsx';
import { inertPage } from './inert-page.ts';

const HEIGHT = 'min(60vh, 560px)';
const VIDEO = { display: 'block', width: '100%', maxHeight: HEIGHT, background: 'black' } as const;
/** Pages that are larger are not read for a preview, in bytes. */
const PAGE_BYTES_MAX = 2_000_000;

export function ContentPreview({ content }: { readonly content: ContentJson }) {
  const { url, type, mimeType, status } = content;
  if (status !== 'ready' || url === null) return <NoPreview content={content} />;
  if (type === 'image') return <ImagePreview content={content} url={url} />;
  if (type === 'video') return <VideoPreview content={content} url={url} />;
  if (type === 'stream') return <StreamPreview content={content} url={url} />;
  if (mimeType === null) return <WebPagePreview content={content} url={url} />;
  return mimeType.startsWith('text/html') ? (
    <StoredPagePreview content={content} url={url} />
  ) : (
    <NoPreview content={content} />
  );
}

interface PreviewProps {
  readonly content: ContentJson;
  readonly url: string;
}

function NoPreview({ content: { type, mimeType, status } }: { readonly content: ContentJson }) {
  const texts = useTexts().content;
  const Icon = TYPE_ICON[type];
  const hint =
    status === 'pending'
      ? texts.pendingHint
      : status === 'verifying'
        ? texts.verifyingHint
        : mimeType === 'application/zip'
          ? texts.bundleHint
          : texts.noPreview;
  return (
    <Center mih={200} p="md" bg="light-dark(var(--mantine-color-gray-1), var(--mantine-color-dark-6))">
      <Stack align="center" gap="xs">
        <Icon size={48} strokeWidth={1.2} aria-hidden />
        <Text size="sm" ta="center" maw={360}>
          {hint}
        </Text>
      </Stack>
    </Center>
  );
}

function ImagePreview({ content, url }: PreviewProps) {
  const texts = useTexts().content;
  const { address, onFailed } = useFreshAddress(url);
  if (address === null) return <NoPreview content={content} />;
  return <Image src={address} alt={texts.previewOf(content.name)} fit="contain" mah={HEIGHT} onError={onFailed} />;
}

function VideoPreview({ content, url }: PreviewProps) {
  const texts = useTexts().content;
  const { address, onFailed } = useFreshAddress(url);
  const { address: poster } = useFreshAddress(content.thumbnailUrl);
  if (address === null) return <NoPreview content={content} />;
  return (
    <video
      src={address}
      controls
      preload="metadata"
      {...(poster === null ? {} : { poster })}
      aria-label={texts.previewOf(content.name)}
      onError={onFailed}
      style={VIDEO}
    >
      {/* What screens show has no subtitles. */}
      <track kind="captions" />
    </video>
  );
}

function StreamPreview({ content, url }: PreviewProps) {
  const texts = useTexts().content;
  const [playing, setPlaying] = useState(false);
  const [failed, setFailed] = useState(false);
  const canTry = /^https?:/.test(url);
  if (playing && !failed)
    return (
      <video
        src={url}
        controls
        autoPlay
        muted
        aria-label={texts.previewOf(content.name)}
        onError={() => setFailed(true)}
        style={VIDEO}
      >
        <track kind="captions" />
      </video>
    );
  return (
    <Elsewhere content={content} url={url} hint={failed ? texts.streamFailed : canTry ? null : texts.streamHint}>
      {canTry && !failed && (
        <Button leftSection={<Play size={16} aria-hidden />} onClick={() => setPlaying(true)}>
          {texts.playStream}
        </Button>
      )}
    </Elsewhere>
  );
}

function WebPagePreview({ content, url }: PreviewProps) {
  const texts = useTexts().content;
  const [shown, setShown] = useState(false);
  if (shown)
    return (
      <Stack gap="xs">
        <iframe
          src={url}
          title={texts.previewOf(content.name)}
          sandbox="allow-scripts"
          referrerPolicy="no-referrer"
          style={{ width: '100%', height: HEIGHT, border: 0, background: 'white' }}
        />
        <OutLink url={url} />
      </Stack>
    );
  return (
    <Elsewhere content={content} url={url} hint={texts.showPageHint}>
      <Button leftSection={<Eye size={16} aria-hidden />} onClick={() => setShown(true)}>
        {texts.showPage}
      </Button>
    </Elsewhere>
  );
}

interface ElsewhereProps extends PreviewProps {
  readonly hint: string | null;
  readonly children: React.ReactNode;
}

/** Content of others: nothing is fetched from them before somebody asks for it. */
function Elsewhere({ content, url, hint, children }: ElsewhereProps) {
  const Icon = TYPE_ICON[content.type];
  return (
    <Center mih={240} p="md" bg="light-dark(var(--mantine-color-gray-1), var(--mantine-color-dark-6))">
      <Stack align="center" gap="sm">
        <Icon size={48} strokeWidth={1.2} aria-hidden />
        {children}
        {hint !== null && (
          <Text size="sm" ta="center" maw={360}>
            {hint}
          </Text>
        )}
        {/^https?:/.test(url) && <OutLink url={url} />}
      </Stack>
    </Center>
  );
}

function OutLink({ url }: { readonly url: string }) {
  const texts = useTexts().content;
  return (
    <Anchor href={url} target="_blank" rel="noreferrer noopener" size="sm">
      {texts.openAddress} <ExternalLink size={12} aria-hidden />
    </Anchor>
  );
}

/** A page that is kept here is never opened as one of ours: its text is shown in a frame that can do nothing. */
function StoredPagePreview({ content, url }: PreviewProps) {
  const texts = useTexts().content;
  const isSmall = (content.sizeBytes ?? 0) <= PAGE_BYTES_MAX;
  const page = useQuery({
    queryKey: ['page', content.sha256],
    queryFn: async ({ signal }) => {
      const answer = await fetch(url, { signal });
      if (!answer.ok) throw new Error(`the store answered ${answer.status}`);
      return inertPage(await answer.text());
    },
    staleTime: Number.POSITIVE_INFINITY,
    enabled: isSmall,
  });
  if (!isSmall) return <NoPreview content={content} />;
  return (
    <Loaded query={page}>
      {(html) => (
        <Stack gap={0}>
          <iframe
            srcDoc={html}
            title={texts.previewOf(content.name)}
            sandbox=""
            referrerPolicy="no-referrer"
            style={{ width: '100%', height: HEIGHT, border: 0, background: 'white' }}
          />
          <Alert color="gray" radius={0} py={6}>
            {texts.withoutScripts}
          </Alert>
        </Stack>
      )}
    </Loaded>
  );
}
