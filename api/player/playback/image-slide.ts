/** An image: decoded before it is shown, so that it is on glass whole or not at all. */
import { SlideTrouble, within, type Slide, type SlideParts } from './slide.ts';

/** Longest wait for an image, in milliseconds: its bytes are here, or a web server's. */
const DECODE_MS_MAX = 20_000;

export function imageSlide({ address, item }: SlideParts): Slide {
  const node = document.createElement('img');
  node.className = 'slide';
  node.alt = '';
  node.style.objectFit = item.fit ?? 'contain';
  return {
    node,
    beginsAnew: false,
    async prepare() {
      node.src = address;
      const decoded = node.decode().catch((cause: unknown) => {
        throw new SlideTrouble('the image cannot be read', { cause });
      });
      await within(decoded, DECODE_MS_MAX, 'the image did not load in time');
    },
    start: () => undefined,
    tick: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
    dispose: () => node.removeAttribute('src'),
  };
}
