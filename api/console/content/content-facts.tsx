/** What is known of a piece of content. */
import { Text } from '@mantine/core';
import type { ContentJson } from '../../content/content-json.ts';
import { groupPath, useGroups } from '../pickers/groups.ts';
import type { Texts } from '../texts/english.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { Ago } from '../ui/ago.tsx';
import { Facts, type Fact } from '../ui/facts.tsx';
import { formatBytes, formatDateTime, formatDuration } from '../ui/time-format.ts';

export function ContentFacts({ content }: { readonly content: ContentJson }) {
  const { content: texts, common } = useTexts();
  const groups = useGroups();
  const { type, groupId, fileName, sizeBytes, mimeType, width, height, durationMs, createdAt, updatedAt } = content;
  const owner =
    groupId === null ? common.wholeTenant : groups.data === undefined ? '' : groupPath(groups.data, groupId);
  const facts: (Fact | null)[] = [
    { label: texts.type, value: texts.types[type] },
    { label: texts.owner, value: owner },
    textFact(texts.fileName, fileName),
    textFact(texts.size, sizeBytes === null ? null : formatBytes(sizeBytes, common.bytes)),
    textFact(texts.dimensions, width === null || height === null ? null : texts.pixels(width, height)),
    textFact(
      type === 'video' ? texts.length : texts.duration,
      durationMs === null ? null : formatDuration(durationMs, common.duration),
    ),
    ...probeFacts(content, texts),
    textFact(texts.mimeType, mimeType),
    textFact(texts.address, mimeType === null ? content.url : null),
    { label: texts.added, value: <Moment at={createdAt} /> },
    updatedAt === createdAt ? null : { label: texts.changed, value: <Moment at={updatedAt} /> },
  ];
  return <Facts items={facts.filter((fact) => fact !== null)} />;
}

function textFact(label: string, text: string | null): Fact | null {
  if (text === null) return null;
  return {
    label,
    value: (
      <Text span size="sm" style={{ overflowWrap: 'anywhere' }}>
        {text}
      </Text>
    ),
  };
}

function Moment({ at }: { readonly at: string }) {
  return (
    <>
      {formatDateTime(at)} (<Ago at={at} />)
    </>
  );
}

function probeFacts({ probe }: ContentJson, texts: Texts['content']): (Fact | null)[] {
  if (probe === null) return [];
  if (probe.status === 'unavailable') return [textFact(texts.codec, texts.notMeasured)];
  const { videoCodec = '', audioCodec, framesPerSecond, bitsPerSecond } = probe;
  const codec = audioCodec == null ? texts.noSound(videoCodec) : texts.codecs(videoCodec, audioCodec);
  const frames =
    framesPerSecond == null ? '' : ` · ${texts.framesPerSecond(String(Number(framesPerSecond.toFixed(2))))}`;
  return [
    textFact(texts.codec, `${codec}${frames}`),
    bitsPerSecond == null
      ? null
      : textFact(texts.bitRate, texts.bitsPerSecond((bitsPerSecond / 1_000_000).toPrecision(2))),
  ];
}
