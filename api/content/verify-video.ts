/** Videos: measured by ffprobe and pictured by ffmpeg where they are installed; without them taken as they are, and said so. */
import { open } from 'node:fs/promises';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { ToolFailed, type MediaTools } from './media-tools.ts';
import { checkMp4Boxes } from './mp4-boxes.ts';
import { RefusedFile } from './refused-file.ts';
import { drawThumbnail } from './verify-image.ts';

/**
 * What Android and browsers play, by the name that the file's own bytes give. `demuxer` is the only reader of ffmpeg's that is let
 * near the file: a playlist in disguise finds none. QuickTime and Matroska are played by some only: they are to be wrapped anew.
 */
export const VIDEO_TYPES: Readonly<Record<string, { readonly mimeType: string; readonly demuxer: string }>> = {
  'video/mp4': { mimeType: 'video/mp4', demuxer: 'mp4' },
  'video/x-m4v': { mimeType: 'video/mp4', demuxer: 'mp4' },
  'video/webm': { mimeType: 'video/webm', demuxer: 'webm' },
};
/** Codecs that players decode. */
const VIDEO_CODECS = new Set(['h264', 'hevc', 'vp8', 'vp9', 'av1']);

/** Longest video, in milliseconds. */
const VIDEO_MS_MAX = 6 * 3_600_000;
/** Pixels of a frame: 8192 x 4608, somewhat over 8K. */
const VIDEO_PIXELS_MAX = 8_192 * 4_608;
/** How long ffprobe and ffmpeg may take, in milliseconds. */
const PROBE_MS = 20_000;
const FRAME_MS = 30_000;
const PROBE_BYTES_MAX = 1024 * 1024;
const FRAME_BYTES_MAX = 4 * 1024 * 1024;
/** The thumbnail's moment: beginnings are often black. In seconds. */
const FRAME_AT_SECONDS = 2;

/** What was found in a video, or that nobody could look. */
export const VideoProbe = Type.Object({
  status: Type.Enum(['done', 'unavailable'], {
    description: '`unavailable`: ffprobe is not installed on the server, so that nothing was measured',
  }),
  message: Type.Optional(Type.String()),
  videoCodec: Type.Optional(Type.String({ description: 'As ffmpeg names it, e.g. h264' })),
  audioCodec: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  framesPerSecond: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
  bitsPerSecond: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
});
export type VideoProbe = Static<typeof VideoProbe>;

export interface VerifiedVideo {
  readonly mimeType: string;
  readonly width: number | null;
  readonly height: number | null;
  readonly durationMs: number | null;
  readonly probe: VideoProbe;
  /** WebP. */
  readonly thumbnail: Buffer | null;
}

const UNAVAILABLE: VideoProbe = {
  status: 'unavailable',
  message: 'ffprobe is not installed on the server: duration, size and codec were not checked',
};

/** Verifies the video that its bytes say it is (a key of VIDEO_TYPES). Rejects with RefusedFile; with ToolFailed when stopped. */
export async function verifyVideo(
  path: string,
  detected: string,
  tools: MediaTools,
  signal?: AbortSignal,
): Promise<VerifiedVideo> {
  const type = VIDEO_TYPES[detected];
  if (type === undefined) throw new Error(`${detected} is no type of video`);
  if (type.demuxer === 'mp4') await checkBoxes(path);
  const ffprobe = await tools.find('ffprobe');
  const { mimeType } = type;
  if (ffprobe === null) {
    return { mimeType, width: null, height: null, durationMs: null, probe: UNAVAILABLE, thumbnail: null };
  }
  const measures = await probe(ffprobe, path, type.demuxer, tools, signal);
  const thumbnail = await picture(path, type.demuxer, measures.durationMs, tools, signal);
  return { mimeType, ...measures, thumbnail };
}

async function checkBoxes(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await checkMp4Boxes(file, (await file.stat()).size);
  } finally {
    await file.close();
  }
}

const Text = Type.Optional(Type.String({ maxLength: 64 }));
const Probed = Type.Object({
  streams: Type.Array(
    Type.Object({
      codec_type: Text,
      codec_name: Text,
      width: Type.Optional(Type.Integer()),
      height: Type.Optional(Type.Integer()),
      avg_frame_rate: Text,
      disposition: Type.Optional(Type.Object({ attached_pic: Type.Optional(Type.Integer()) })),
      side_data_list: Type.Optional(Type.Array(Type.Object({ rotation: Type.Optional(Type.Number()) }))),
    }),
  ),
  format: Type.Object({ duration: Text, bit_rate: Text }),
});
type Stream = Static<typeof Probed>['streams'][number];

/** Nothing but this file is opened, by nothing but this demuxer. */
function inputArgs(path: string, demuxer: string): string[] {
  return ['-protocol_whitelist', 'file', '-f', demuxer, '-i', `file:${path}`];
}

async function probe(
  ffprobe: string,
  path: string,
  demuxer: string,
  tools: MediaTools,
  signal?: AbortSignal,
): Promise<Pick<VerifiedVideo, 'width' | 'height' | 'durationMs' | 'probe'>> {
  const args = ['-v', 'error', '-print_format', 'json', '-show_format', '-show_streams', ...inputArgs(path, demuxer)];
  const output = await asked(
    tools.run(ffprobe, args, { timeMs: PROBE_MS, stdoutBytesMax: PROBE_BYTES_MAX, ...(signal && { signal }) }),
  );
  const found = parsed(output.toString('utf8'));
  const video = found.streams.find((stream) => stream.codec_type === 'video' && stream.disposition?.attached_pic !== 1);
  if (video === undefined) throw new RefusedFile('broken', 'There are no moving pictures in this file');
  const audio = found.streams.find((stream) => stream.codec_type === 'audio');
  const durationMs = Math.round(Number(found.format.duration) * 1_000);
  const { width = 0, height = 0, codec_name: videoCodec = 'unknown' } = video;
  if (!VIDEO_CODECS.has(videoCodec)) {
    throw new RefusedFile('broken', `Players cannot decode ${videoCodec}: use ${[...VIDEO_CODECS].join(', ')}`);
  }
  if (width < 1 || height < 1 || width * height > VIDEO_PIXELS_MAX) {
    throw new RefusedFile(
      'broken',
      `The video has ${width} x ${height} pixels: at least one, at most ${VIDEO_PIXELS_MAX}`,
    );
  }
  if (!(durationMs > 0)) throw new RefusedFile('broken', 'The video does not say how long it is');
  if (durationMs > VIDEO_MS_MAX) {
    throw new RefusedFile('broken', `The video is longer than ${VIDEO_MS_MAX / 3_600_000} hours`);
  }
  const isUpright = (rotationOf(video) / 90) % 2 === 0;
  return {
    width: isUpright ? width : height,
    height: isUpright ? height : width,
    durationMs,
    probe: {
      status: 'done',
      videoCodec,
      audioCodec: audio?.codec_name ?? null,
      framesPerSecond: rate(video.avg_frame_rate),
      bitsPerSecond: whole(found.format.bit_rate),
    },
  };
}

function parsed(json: string): Static<typeof Probed> {
  try {
    const found: unknown = JSON.parse(json);
    if (Value.Check(Probed, found)) return found;
  } catch (error) {
    throw new RefusedFile('broken', 'The video cannot be read', { cause: error });
  }
  throw new RefusedFile('broken', 'The video cannot be read');
}

function rotationOf(stream: Stream): number {
  const turned = stream.side_data_list?.find(({ rotation }) => rotation !== undefined)?.rotation ?? 0;
  return Math.round(turned / 90) * 90;
}

/** `30000/1001` in frames per second. */
function rate(text: string | undefined): number | null {
  const [frames = Number.NaN, seconds = Number.NaN] = (text ?? '').split('/').map(Number);
  const perSecond = frames / seconds;
  return Number.isFinite(perSecond) && perSecond > 0 ? Math.round(perSecond * 1_000) / 1_000 : null;
}

function whole(text: string | undefined): number | null {
  const value = Number(text);
  return Number.isSafeInteger(value) && value > 0 ? value : null;
}

/** A tool that complains or takes too long says that the file is bad. */
async function asked(answer: Promise<Buffer>): Promise<Buffer> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ToolFailed) || error.why === 'stopped') throw error;
    const detail = error.why === 'exit' ? '' : `: ${error.message}`;
    throw new RefusedFile('broken', `The video is damaged or incomplete${detail}`, { cause: error });
  }
}

/** One frame as WebP; null without ffmpeg. A video of which no frame can be decoded is refused. */
async function picture(
  path: string,
  demuxer: string,
  durationMs: number | null,
  tools: MediaTools,
  signal?: AbortSignal,
): Promise<Buffer | null> {
  const ffmpeg = await tools.find('ffmpeg');
  if (ffmpeg === null) return null;
  const atSeconds = Math.min(FRAME_AT_SECONDS, (durationMs ?? 0) / 2_000);
  const scale = "scale=w='min(960,iw)':h='min(960,ih)':force_original_aspect_ratio=decrease";
  const frame = await asked(
    tools.run(
      ffmpeg,
      [
        ...['-v', 'error', '-nostdin', '-threads', '2', '-ss', atSeconds.toFixed(3)],
        ...inputArgs(path, demuxer),
        ...['-an', '-sn', '-dn', '-frames:v', '1', '-vf', scale, '-f', 'image2pipe', '-c:v', 'png', 'pipe:1'],
      ],
      { timeMs: FRAME_MS, stdoutBytesMax: FRAME_BYTES_MAX, ...(signal && { signal }) },
    ),
  );
  if (frame.length === 0) throw new RefusedFile('broken', 'No picture of the video can be decoded');
  return drawThumbnail(frame);
}
