/** What stands in a screenshot for an element that cannot be written down: a picture of its pixels, or a grey box that says what it was. */

const GREY = '#4b5563';

type Replaced = HTMLIFrameElement | HTMLVideoElement | HTMLCanvasElement | HTMLImageElement;

/** Whether an element shows something that is not in the document. */
export function isReplaced(source: Element): source is Replaced {
  return [HTMLIFrameElement, HTMLVideoElement, HTMLCanvasElement, HTMLImageElement].some(
    (type) => source instanceof type,
  );
}

/**
 * A `data:` address of the picture that stands in for it; null when it shows nothing.
 * @param scale pixels of the picture for each CSS pixel
 */
export function standIn(source: Replaced, scale: number): string | null {
  const box = source.getBoundingClientRect();
  const room = { width: Math.max(1, box.width * scale), height: Math.max(1, box.height * scale) };
  if (source instanceof HTMLIFrameElement) return greyBox('Web page', room);
  if (source instanceof HTMLVideoElement) return pixels(source, videoSize(source), 'Video', room);
  if (source instanceof HTMLCanvasElement) return pixels(source, source, 'Drawing', room);
  return pixels(source, imageSize(source), 'Picture', room);
}

interface Size {
  readonly width: number;
  readonly height: number;
}

function videoSize({ videoWidth, videoHeight, readyState }: HTMLVideoElement): Size {
  return readyState < HTMLMediaElement.HAVE_CURRENT_DATA
    ? { width: 0, height: 0 }
    : { width: videoWidth, height: videoHeight };
}

function imageSize({ naturalWidth, naturalHeight, complete }: HTMLImageElement): Size {
  return complete ? { width: naturalWidth, height: naturalHeight } : { width: 0, height: 0 };
}

/** Its pixels with their own proportions, so that `object-fit` does with them what it does with the element's. */
function pixels(source: CanvasImageSource, natural: Size, label: string, room: Size): string | null {
  if (natural.width === 0 || natural.height === 0) return null;
  // No sharper than it is seen, be it cut off by `cover`.
  const shrink = Math.min(1, Math.max(room.width / natural.width, room.height / natural.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(natural.width * shrink));
  canvas.height = Math.max(1, Math.round(natural.height * shrink));
  canvas.getContext('2d')?.drawImage(source, 0, 0, canvas.width, canvas.height);
  try {
    return canvas.toDataURL('image/webp', 0.92);
  } catch (error) {
    // Pixels of another origin may be shown and not be read.
    if (error instanceof DOMException && error.name === 'SecurityError') return greyBox(label, room);
    throw error;
  }
}

function greyBox(label: string, { width, height }: Size): string {
  const canvas = document.createElement('canvas');
  canvas.width = Math.min(2_048, Math.round(width));
  canvas.height = Math.min(2_048, Math.round(height));
  const context = canvas.getContext('2d');
  if (context !== null) {
    context.fillStyle = GREY;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = '#ffffff';
    context.font = `${Math.max(10, Math.round(Math.min(canvas.width / 8, canvas.height / 4, 48)))}px sans-serif`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText(label, canvas.width / 2, canvas.height / 2, canvas.width);
  }
  return canvas.toDataURL();
}
