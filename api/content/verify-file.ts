/** What a file is, and whether it is fit for a screen. Its bytes decide; its name and what its sender calls it do not. */
import { open } from 'node:fs/promises';
import { fileTypeFromFile } from 'file-type';
import type { MediaTools } from './media-tools.ts';
import { RefusedFile } from './refused-file.ts';
import { verifyBundle } from './verify-bundle.ts';
import { IMAGE_TYPES, verifyImage } from './verify-image.ts';
import { markupOf, verifyPage } from './verify-page.ts';
import { verifyVideo, VIDEO_TYPES, type VideoProbe } from './verify-video.ts';

/** Bytes from the start that tell text from text. */
const HEAD_BYTES = 4_096;
const ZIP_STARTS = [Buffer.from('PK\x03\x04', 'latin1'), Buffer.from('PK\x05\x06', 'latin1')];

/** Kinds of content that come as a file. */
export type FileKind = 'image' | 'video' | 'html';

/** A file that may be shown, with what was found in it; null is what its kind does not have. */
export interface VerifiedFile {
  readonly type: FileKind;
  /** What it is served as. */
  readonly mimeType: string;
  /** In pixels. */
  readonly width: number | null;
  readonly height: number | null;
  readonly durationMs: number | null;
  readonly probe: VideoProbe | null;
  /** WebP. */
  readonly thumbnail: Buffer | null;
}

/** What an uploader may call a file, and the kind that it must then be. */
export const DECLARED_TYPES: Readonly<Record<string, FileKind>> = {
  'image/jpeg': 'image',
  'image/png': 'image',
  'image/webp': 'image',
  'image/gif': 'image',
  'image/avif': 'image',
  'video/mp4': 'video',
  'video/x-m4v': 'video',
  'video/webm': 'video',
  'application/zip': 'html',
  'application/x-zip-compressed': 'html',
  'text/html': 'html',
};

const NOTHING = { width: null, height: null, durationMs: null, probe: null, thumbnail: null };
const TAKEN = 'images (JPEG, PNG, WebP, GIF, AVIF), videos (MP4, WebM), HTML pages and ZIP bundles with an index.html';

/** Why a type that somebody may well try is not taken. */
const REASONS: Readonly<Record<string, string>> = {
  'video/quicktime': 'QuickTime is not played everywhere: wrap it anew as MP4',
  'video/matroska': 'Matroska is not played everywhere: wrap it anew as MP4 or WebM',
  'image/heic': 'HEIC is not shown by browsers: save it as JPEG',
  'image/heif': 'HEIF is not shown by browsers: save it as JPEG',
};

/** Verifies a whole file on disk. Rejects with RefusedFile when it is not taken, with ToolFailed when stopped. */
export async function verifyFile(path: string, tools: MediaTools, signal?: AbortSignal): Promise<VerifiedFile> {
  const { head, sizeBytes } = await readHead(path);
  if (sizeBytes === 0) throw new RefusedFile('broken', 'The file is empty');
  if (ZIP_STARTS.some((start) => head.subarray(0, start.length).equals(start))) {
    await verifyBundle(path);
    return { ...NOTHING, type: 'html', mimeType: 'application/zip' };
  }
  const markup = markupOf(head.toString('utf8'));
  if (markup === 'svg') {
    throw new RefusedFile('unsupported', 'SVG can carry scripts: export it as PNG, or send an HTML bundle');
  }
  if (markup === 'html') {
    await verifyPage(path, sizeBytes);
    return { ...NOTHING, type: 'html', mimeType: 'text/html; charset=utf-8' };
  }
  const detected = (await fileTypeFromFile(path))?.mime ?? '';
  if (Object.hasOwn(IMAGE_TYPES, detected))
    return { ...NOTHING, type: 'image', ...(await verifyImage(path, detected)) };
  if (Object.hasOwn(VIDEO_TYPES, detected)) {
    return { ...NOTHING, type: 'video', ...(await verifyVideo(path, detected, tools, signal)) };
  }
  const why = Object.hasOwn(REASONS, detected) ? `${REASONS[detected]}. ` : '';
  const what = detected === '' ? 'This kind of file' : detected;
  throw new RefusedFile('unsupported', why === '' ? `${what} is not taken: send ${TAKEN}` : `${why}Taken are ${TAKEN}`);
}

async function readHead(path: string): Promise<{ head: Buffer; sizeBytes: number }> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return { head: buffer.subarray(0, bytesRead), sizeBytes: (await file.stat()).size };
  } finally {
    await file.close();
  }
}
