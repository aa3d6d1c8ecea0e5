/** Images: decoded from end to end, because a header proves nothing, and drawn once more as a thumbnail. */
import { RefusedFile } from './refused-file.ts';

/** What browsers and Android show, by the name that the file's own bytes give, with what libvips must find in it. */
export const IMAGE_TYPES: Readonly<Record<string, { readonly mimeType: string; readonly format: string }>> = {
  'image/jpeg': { mimeType: 'image/jpeg', format: 'jpeg' },
  'image/png': { mimeType: 'image/png', format: 'png' },
  'image/apng': { mimeType: 'image/png', format: 'png' },
  'image/webp': { mimeType: 'image/webp', format: 'webp' },
  'image/gif': { mimeType: 'image/gif', format: 'gif' },
  'image/avif': { mimeType: 'image/avif', format: 'heif' },
};

/** Pixels of one frame: a progressive JPEG of this size takes 600 MB to decode. */
export const IMAGE_PIXELS_MAX = 100_000_000;
/** Pixels of all frames of an animation. */
const ANIMATION_PIXELS_MAX = 2_000_000_000;
/** The longer side of a thumbnail, in pixels. */
const THUMBNAIL_PIXELS = 480;
/** How long decoding may take, in seconds. */
const DECODE_SECONDS = 30;

export interface VerifiedImage {
  /** As it is shown: an orientation that the camera noted is applied. */
  readonly width: number;
  readonly height: number;
  readonly mimeType: string;
  /** WebP. */
  readonly thumbnail: Buffer;
}

type Sharp = (typeof import('sharp'))['default'];
let loaded: Promise<Sharp> | null = null;

/** libvips takes 30 MB and a tenth of a second: only a process that gets an image pays. */
async function loadSharp(): Promise<Sharp> {
  loaded ??= import('sharp').then(({ default: sharp }) => {
    // Every file is seen once, and several are decoded side by side.
    sharp.cache(false);
    sharp.concurrency(1);
    return sharp;
  });
  return loaded;
}

/** Verifies the image that its bytes say it is (a key of IMAGE_TYPES). Rejects with RefusedFile. */
export async function verifyImage(path: string, detected: string): Promise<VerifiedImage> {
  const type = IMAGE_TYPES[detected];
  if (type === undefined) throw new Error(`${detected} is no type of image`);
  const sharp = await loadSharp();
  try {
    const found = await sharp(path, { limitInputPixels: false, failOn: 'none' }).metadata();
    const isAsSaid = found.format === type.format && (found.format !== 'heif' || found.compression === 'av1');
    if (!isAsSaid) throw new RefusedFile('broken', 'The image is not what it begins as');
    refuseTooManyPixels(found.width, found.pageHeight ?? found.height, found.pages ?? 1);
    // Several pages at once are one tall image to libvips: what was looked at above is its limit too.
    const input = { limitInputPixels: ANIMATION_PIXELS_MAX, failOn: 'error', animated: true } as const;
    if ((found.pages ?? 1) > 1) await sharp(path, input).timeout({ seconds: DECODE_SECONDS }).stats();
    const thumbnail = await sharp(path, { limitInputPixels: IMAGE_PIXELS_MAX, failOn: 'error' })
      .timeout({ seconds: DECODE_SECONDS })
      .autoOrient()
      .resize({ width: THUMBNAIL_PIXELS, height: THUMBNAIL_PIXELS, fit: 'inside', withoutEnlargement: true })
      .webp({ quality: 75 })
      .toBuffer();
    const { width, height } = found.autoOrient;
    return { width, height: found.pageHeight ?? height, mimeType: type.mimeType, thumbnail };
  } catch (error) {
    if (error instanceof RefusedFile) throw error;
    throw new RefusedFile('broken', `The image is damaged or incomplete${reason(error, path)}`, { cause: error });
  }
}

function refuseTooManyPixels(width: number, height: number, frames: number): void {
  if (width * height > IMAGE_PIXELS_MAX) {
    throw new RefusedFile(
      'broken',
      `The image has ${width} x ${height} pixels: the most is ${IMAGE_PIXELS_MAX / 1e6} megapixels`,
    );
  }
  if (width * height * frames > ANIMATION_PIXELS_MAX) {
    throw new RefusedFile(
      'broken',
      `The animation has ${frames} frames of ${width} x ${height} pixels: the most is ${ANIMATION_PIXELS_MAX / 1e6} megapixels in all`,
    );
  }
}

/** What libvips says, when it fits in a sentence and names no place on our disk. */
function reason(error: unknown, path: string): string {
  const line = (error instanceof Error ? error.message : '').split('\n')[0]?.trim() ?? '';
  return line === '' || line.length > 200 || line.includes(path) ? '' : `: ${line}`;
}

/** A frame of a video, or any picture that we made ourselves, as a thumbnail. */
export async function drawThumbnail(picture: Buffer): Promise<Buffer> {
  const sharp = await loadSharp();
  return sharp(picture, { limitInputPixels: IMAGE_PIXELS_MAX })
    .resize({ width: THUMBNAIL_PIXELS, height: THUMBNAIL_PIXELS, fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 75 })
    .toBuffer();
}
