/**
 * What is on glass, as a picture: a copy of the page in an SVG's foreignObject, drawn on a canvas. The page itself is only read.
 *
 * Needs `img-src data:` of the page's policy (and `blob:` for content that is shown from there); nothing is fetched. What a browser keeps from
 * us, frames and pictures of other origins, is a grey box that says what it is.
 */
import { COMMAND_FILE_BYTES_MAX } from '../../../protocol/limits.ts';
import { copyPage } from './copy-page.ts';

/** Longest side of a picture, in pixels: what a canvas of a weak board can hold. */
const SIDE_MAX = 3_840;
/** Qualities of JPEG that are tried until the file is small enough. */
const QUALITIES = [0.9, 0.75, 0.5, 0.3];

/** Rejects when the browser cannot make a picture at all. @param size of the picture, in pixels */
export async function takeScreenshot(
  root: HTMLElement,
  size: { readonly width: number; readonly height: number },
): Promise<Blob> {
  const ratio = Math.min(1, SIDE_MAX / Math.max(size.width, size.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(size.width * ratio));
  canvas.height = Math.max(1, Math.round(size.height * ratio));
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('this browser has no canvas');
  context.fillStyle = '#000000';
  context.fillRect(0, 0, canvas.width, canvas.height);
  const { width, height } = root.getBoundingClientRect();
  const markup = copyPage(root, { width, height, scale: canvas.width / Math.max(1, width) });
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(markup)}`;
  await picture.decode();
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return smallEnough(canvas);
}

async function smallEnough(canvas: HTMLCanvasElement): Promise<Blob> {
  for (const quality of QUALITIES) {
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality));
    if (blob !== null && blob.size <= COMMAND_FILE_BYTES_MAX) return blob;
  }
  throw new Error('the picture is too large');
}
