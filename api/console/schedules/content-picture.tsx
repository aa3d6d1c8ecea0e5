/** A piece of content as a picture: its thumbnail, or what kind of thing it is. Beside its name, so it says nothing itself. */
import { Center } from '@mantine/core';
import { CircleHelp, FileCode, Film, Image, Radio, type LucideIcon } from 'lucide-react';
import type { CSSProperties } from 'react';
import type { ContentJson } from '../../content/content-json.ts';

const ICONS: Readonly<Record<ContentJson['type'], LucideIcon>> = {
  image: Image,
  video: Film,
  html: FileCode,
  stream: Radio,
};

export interface ContentPictureProps {
  readonly content: ContentJson | undefined;
  readonly fit?: CSSProperties['objectFit'];
  readonly iconSize?: number;
}

/** Fills what it is in. */
export function ContentPicture({ content, fit = 'contain', iconSize = 20 }: ContentPictureProps) {
  const Icon = content === undefined ? CircleHelp : ICONS[content.type];
  if (content?.thumbnailUrl == null)
    return (
      <Center w="100%" h="100%">
        <Icon size={iconSize} aria-hidden />
      </Center>
    );
  return (
    <img
      src={content.thumbnailUrl}
      alt=""
      draggable={false}
      style={{ width: '100%', height: '100%', objectFit: fit, display: 'block', pointerEvents: 'none' }}
    />
  );
}
