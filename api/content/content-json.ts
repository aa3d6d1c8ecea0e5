/** Content as the API shows it. Only what is ready has an address. */
import Type, { type Static } from 'typebox';
import { contentUrl, type MediaSigner } from '../../hub/core/content-url.ts';
import type { ContentTable } from '../../migrations/content-tables.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import { toIso } from '../iso-time.ts';
import { VideoProbe } from './verify-video.ts';

/** How long an address in an answer of the API is good, in milliseconds. */
const ADDRESS_MS = 15 * 60_000;
/** Longest content may play or stand, in milliseconds. */
const DURATION_MS_MAX = 24 * 3_600_000;

const CONTENT_TYPES = ['image', 'video', 'html', 'stream'] as const;
const CONTENT_STATUSES = ['pending', 'verifying', 'ready', 'failed'] as const;

export const ContentType = Type.Enum([...CONTENT_TYPES], {
  description: 'html: a page, a ZIP bundle or a web address; stream: an address that players play from',
});
export const ContentStatus = Type.Enum([...CONTENT_STATUSES], {
  description:
    'pending: its bytes have not arrived; verifying: they are being looked at; only ready content can be shown',
});
export const ContentName = Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' });
export const OwnerGroup = Type.Union([Id, Type.Null()], {
  description:
    'Group that it belongs to; null is the whole tenant, which is for admins. Left out: the whole tenant for admins, the first of their groups for others',
});
export const DurationMs = Type.Integer({
  minimum: 1,
  maximum: DURATION_MS_MAX,
  description: 'How long it stands when a schedule does not say, in milliseconds',
});

const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T, description?: string) =>
  Type.Union([schema, Type.Null()], description === undefined ? {} : { description });

export const ContentJson = Type.Object({
  id: Id,
  name: Type.String(),
  type: ContentType,
  status: ContentStatus,
  failure: orNull(Type.String(), 'Why verification refused it'),
  groupId: orNull(Id, 'Group that it belongs to; null is the whole tenant'),
  fileName: orNull(Type.String(), 'What the uploader called the file'),
  mimeType: orNull(Type.String(), 'What it is served as, found out from its bytes'),
  sizeBytes: orNull(Type.Integer(), 'Bytes; null for what is not stored here'),
  sha256: orNull(Type.String(), 'SHA-256 of the bytes, hex'),
  width: orNull(Type.Integer(), 'Pixels, as shown'),
  height: orNull(Type.Integer(), 'Pixels, as shown'),
  durationMs: orNull(Type.Integer(), 'Milliseconds: measured for videos, set by people for the rest'),
  probe: orNull(VideoProbe, 'What was found in a video'),
  url: orNull(Type.String(), "Signed and good for 15 minutes, relative to the API's origin; or the address elsewhere"),
  thumbnailUrl: orNull(Type.String(), 'WebP of at most 480 x 480 pixels; signed as url'),
  version: Type.Integer(),
  createdBy: orNull(Id, 'User'),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type ContentJson = Static<typeof ContentJson>;

export const CONTENT_COLUMNS = [
  'id',
  'name',
  'type',
  'status',
  'failure',
  'group_id',
  'file_name',
  'mime_type',
  'size_bytes',
  'sha256',
  'width',
  'height',
  'duration_ms',
  'probe',
  'url',
  'storage_key',
  'thumbnail_key',
  'version',
  'created_by',
  'created_at',
  'updated_at',
] as const;

export interface ContentRow extends Pick<ContentTable, Exclude<(typeof CONTENT_COLUMNS)[number], 'id'>> {
  readonly id: number;
}

/** The content as JSON; its addresses are good for ADDRESS_MS from `now`. */
export function contentJson(media: Pick<MediaSigner, 'sign'>, row: ContentRow, now: number): ContentJson {
  const isReady = row.status === 'ready';
  const until = now + ADDRESS_MS;
  return {
    id: row.id,
    name: row.name,
    type: row.type,
    status: row.status,
    failure: row.failure,
    groupId: row.group_id,
    fileName: row.file_name,
    mimeType: row.mime_type,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    width: row.width,
    height: row.height,
    durationMs: row.duration_ms,
    probe: row.probe === null ? null : (JSON.parse(row.probe) as Static<typeof VideoProbe>),
    url: isReady ? contentUrl(media, row.storage_key, row.url, until) : null,
    thumbnailUrl: isReady && row.thumbnail_key !== null ? media.sign(row.thumbnail_key, until) : null,
    version: row.version,
    createdBy: row.created_by,
    createdAt: toIso(row.created_at),
    updatedAt: toIso(row.updated_at),
  };
}
