/** Which kind of slide shows which kind of content. */
import type { ZoneSlot } from '../../../protocol/zone-playlist.ts';
import type { MediaShelf } from '../media/ready-manifest.ts';
import { imageSlide } from './image-slide.ts';
import { pageSlide } from './page-slide.ts';
import type { ManifestContent } from './programme.ts';
import type { Slide } from './slide.ts';
import { StreamSlide, type StreamParts } from './stream-slide.ts';
import { VideoSlide } from './video-slide.ts';

export interface SlideMaker {
  readonly shelf: MediaShelf;
  readonly contents: ReadonlyMap<number, ManifestContent>;
  readonly volumePercent: () => number;
}

/** The slide of a slot, or the reason why there can be none. */
export function makeSlide(
  { shelf, contents, volumePercent }: SlideMaker,
  { item, startedAt, endsAt }: ZoneSlot,
  told: Pick<StreamParts, 'onBroken' | 'onSight' | 'onAway'>,
): Slide | string {
  const content = contents.get(item.contentId);
  if (content === undefined) return 'it is not in the manifest: deleted, or not ready';
  const address = shelf.addressOf(content.id);
  if (address === null) return 'its file is not on this screen';
  const parts: StreamParts = {
    content,
    item,
    slotMs: endsAt - startedAt,
    address,
    bytes: () => shelf.bytesOf(content.id),
    volumePercent: volumePercent(),
    random: Math.random,
    ...told,
  };
  switch (content.type) {
    case 'image':
      return imageSlide(parts);
    case 'video':
      return new VideoSlide(parts);
    case 'html':
      return pageSlide(parts);
    case 'stream':
      return new StreamSlide(parts);
    default:
      return `this player cannot show content of type ${String(content.type)}`;
  }
}
