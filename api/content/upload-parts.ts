/**
 * Uploads that come in parts, so that one that was cut off goes on where it was: which parts are there is asked of the store, which
 * alone knows. Parts come in any order, again if need be, to addresses of the store or of ours; complete, they are joined by the
 * worker that verifies them.
 */
import Type, { type Static } from 'typebox';
import { MissingPartsError, PartsGoneError, requireParts, type StoredPart } from '../../hub/core/ports.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import type { ApiContext } from '../context.ts';
import { apiError } from '../errors.ts';
import { loggedError } from '../failure-answer.ts';
import { toIso } from '../iso-time.ts';
import { requireOwner } from '../ownership.ts';
import type { Call, PublicCall } from '../route.ts';
import type { ContentParts } from './content-parts.ts';
import { exactBody } from './exact-body.ts';
import { findContent } from './find-content.ts';
import { partCountOf, PARTS_MAX } from './part-plan.ts';
import { diskFailure } from './quarantine.ts';
import { checkUploadAddress, uploadAddress } from './upload-address.ts';

/** Addresses that an announcement is answered with: enough to begin, and all of a small file. */
const FIRST_ADDRESSES = 8;
/** How long the address of a part is good, in milliseconds; there are new ones for the asking. */
const PART_ADDRESS_MS = 3_600_000;
/** How long the parts of an announced upload are waited for, in milliseconds. */
export const PARTS_UPLOAD_MS = 24 * 3_600_000;

/** An upload in parts, as its row tells of it. */
export interface PartsUpload {
  readonly contentId: number;
  readonly objectKey: string;
  readonly partsId: string;
  readonly sizeBytes: number;
  readonly partBytes: number;
  readonly expiresAt: number;
  readonly state: 'waiting' | 'complete';
}

const PartAddress = Type.Object({
  part: Type.Integer({ description: 'Which part, from 1' }),
  url: Type.String({ description: "PUT the part's bytes there; a path is relative to the API's origin" }),
  sizeBytes: Type.Integer({ description: 'Exact length of the part, in bytes' }),
  expiresAt: Timestamp,
});
type PartAddress = Static<typeof PartAddress>;

const shape = {
  uploadId: { ...Id, description: 'The same as the id of the content that it becomes' },
  partBytes: Type.Integer({ description: 'Length of every part but the last, in bytes' }),
  partCount: Type.Integer({ description: 'How many parts; the last one is what is left' }),
  expiresAt: { ...Timestamp, description: 'Parts are waited for until then' },
};

export const PartsTicket = Type.Object({
  contentId: Id,
  ...shape,
  addresses: Type.Array(PartAddress, { description: `Of the first ${FIRST_ADDRESSES} parts that are missing` }),
});
export type PartsTicket = Static<typeof PartsTicket>;

export const UploadProgress = Type.Object({
  ...shape,
  state: Type.Enum(['waiting', 'complete'], { description: 'complete: nothing is to be sent any more' }),
  sizeBytes: Type.Integer({ description: 'Of the whole file' }),
  received: Type.Array(Type.Integer(), { description: 'Parts that are there' }),
  addresses: Type.Array(PartAddress, { description: 'Of the parts that are missing, or of those that were asked for' }),
});
export type UploadProgress = Static<typeof UploadProgress>;

export const UploadProgressQuery = Type.Object(
  {
    parts: Type.Optional(
      Type.String({
        pattern: `^[1-9]\\d{0,4}(,[1-9]\\d{0,4}){0,${PARTS_MAX - 1}}$`,
        description: `Only addresses of these parts, also of those that are there, with commas between, at most ${PARTS_MAX}`,
      }),
    ),
  },
  { additionalProperties: false },
);

export const PartAddressQuery = Type.Object(
  {
    part: Type.Integer({ minimum: 1, maximum: 10_000, description: 'Part of the address' }),
    expires: Type.String({ maxLength: 20, description: 'Part of the address' }),
    signature: Type.String({ maxLength: 128, description: 'Part of the address' }),
  },
  { additionalProperties: false },
);

function sizeOf({ sizeBytes, partBytes }: PartsUpload, part: number): number {
  return Math.min(partBytes, sizeBytes - (part - 1) * partBytes);
}

/** The upload in parts. NOT_FOUND when there is none (any more), also for one that comes whole. */
async function findUpload({ db }: Pick<ContentParts, 'db'>, contentId: number): Promise<PartsUpload> {
  const row = await db.sql
    .selectFrom('uploads')
    .select(['object_key', 'parts_id', 'part_bytes', 'declared_bytes', 'expires_at', 'state'])
    .where('content_id', '=', contentId)
    .executeTakeFirst();
  if (row === undefined) throw noUpload();
  const { parts_id: partsId, part_bytes: partBytes } = row;
  if (partsId === null || partBytes === null) throw apiError('NOT_FOUND', 'The upload does not come in parts');
  const { object_key: objectKey, declared_bytes: sizeBytes, expires_at: expiresAt, state } = row;
  return { contentId, objectKey, partsId, sizeBytes, partBytes, expiresAt, state };
}

function noUpload(): Error {
  return apiError('NOT_FOUND', 'No such upload');
}

/** The parts that are there, whole; null when the store has none of this upload any more. */
async function partsOf({ objects }: Pick<ContentParts, 'objects'>, upload: PartsUpload): Promise<StoredPart[] | null> {
  const parts = await objects.listParts(upload.objectKey, upload.partsId);
  return parts?.filter(({ number, sizeBytes }) => sizeBytes === sizeOf(upload, number)) ?? null;
}

function missingOf(upload: PartsUpload, parts: readonly StoredPart[]): number[] {
  const there = new Set(parts.map(({ number }) => number));
  return Array.from({ length: partCountOf(upload) }, (_, at) => at + 1).filter((part) => !there.has(part));
}

async function addressesOf(ctx: ApiContext, upload: PartsUpload, parts: readonly number[]): Promise<PartAddress[]> {
  const now = ctx.clock.now();
  const expiresAt = Math.min(upload.expiresAt, now + PART_ADDRESS_MS);
  if (expiresAt <= now) return [];
  const expiresInSeconds = Math.ceil((expiresAt - now) / 1_000);
  const { objectKey: key, partsId, contentId } = upload;
  return Promise.all(
    parts.map(async (part) => {
      const sizeBytes = sizeOf(upload, part);
      const direct = await ctx.objects.partUrl({ key, partsId, number: part }, { expiresInSeconds, sizeBytes });
      const url = direct ?? uploadAddress(ctx, { contentId, part }, expiresAt);
      return { part, url, sizeBytes, expiresAt: toIso(expiresAt) };
    }),
  );
}

/** What an announcement is answered with: also a repeated one, with addresses that are good from now. */
export async function partsTicket(ctx: ApiContext, contentId: number): Promise<PartsTicket> {
  const upload = await findUpload(ctx, contentId);
  const missing = upload.state === 'waiting' ? missingOf(upload, (await partsOf(ctx, upload)) ?? []) : [];
  return {
    contentId,
    uploadId: contentId,
    partBytes: upload.partBytes,
    partCount: partCountOf(upload),
    expiresAt: toIso(upload.expiresAt),
    addresses: await addressesOf(ctx, upload, missing.slice(0, FIRST_ADDRESSES)),
  };
}

type ProgressCall = Call<{ id: number }, Static<typeof UploadProgressQuery>>;

/** GET /content/uploads/:id. NOT_FOUND when it is over: then the content tells how. */
export async function getUpload({ ctx, actor, params, query }: ProgressCall): Promise<UploadProgress> {
  requireOwner(actor, (await findContent(ctx.db.sql, actor, params.id)).group_id);
  const upload = await findUpload(ctx, params.id);
  const { state, sizeBytes, partBytes } = upload;
  const partCount = partCountOf(upload);
  const parts = await partsOf(ctx, upload);
  // Joined already: all of them were there.
  const all = Array.from({ length: partCount }, (_, at) => at + 1);
  const received = parts === null && state === 'complete' ? all : (parts ?? []).map(({ number }) => number);
  const asked = query.parts?.split(',').map(Number) ?? missingOf(upload, parts ?? []);
  const wanted = state === 'waiting' ? [...new Set(asked)].filter((part) => part <= partCount) : [];
  return {
    uploadId: params.id,
    state,
    sizeBytes,
    partBytes,
    partCount,
    expiresAt: toIso(upload.expiresAt),
    received,
    addresses: await addressesOf(ctx, upload, wanted.slice(0, PARTS_MAX)),
  };
}

/** PUT /content/uploads/:id/part: the bytes of one part. Again, as long as the upload is not complete. */
export async function receivePart(
  call: PublicCall<{ id: number }, Static<typeof PartAddressQuery>>,
): Promise<Record<string, never>> {
  const { ctx, params, query, incoming } = call;
  const { part } = query;
  checkUploadAddress(ctx, { contentId: params.id, part }, query);
  if (incoming === undefined) throw new Error('a part was reached without its request');
  const upload = await findUpload(ctx, params.id);
  if (upload.state !== 'waiting') throw apiError('CONFLICT', 'The upload is complete already');
  const { objectKey: key, partsId } = upload;
  const sizeBytes = sizeOf(upload, part);
  if (sizeBytes <= 0) throw noUpload();
  await ctx.content.admit(async () => {
    try {
      await ctx.objects.putPart({ key, partsId, number: part }, exactBody(incoming, sizeBytes), sizeBytes);
    } catch (error) {
      throw error instanceof PartsGoneError ? noUpload() : diskFailure(error);
    }
  });
  return {};
}

/** Throws CONFLICT naming the parts that are missing. */
export async function requireAllParts(ctx: ApiContext, contentId: number): Promise<void> {
  const upload = await findUpload(ctx, contentId);
  const parts = await partsOf(ctx, upload);
  try {
    requireParts(parts ?? [], partCountOf(upload));
  } catch (error) {
    if (!(error instanceof MissingPartsError)) throw error;
    throw apiError('CONFLICT', 'The file has not arrived', [
      { field: 'parts', message: `missing: ${error.missing.join(', ')}` },
    ]);
  }
}

/** Drops the parts of an upload that is over. Never rejects: housekeeping comes after. */
export async function dropParts(
  { objects, log }: Pick<ContentParts, 'objects' | 'log'>,
  upload: { readonly objectKey: string; readonly partsId: string | null },
): Promise<void> {
  if (upload.partsId === null) return;
  try {
    await objects.abortParts(upload.objectKey, upload.partsId);
  } catch (error) {
    log.warn({ error: loggedError(error), key: upload.objectKey }, 'parts were not dropped; they are dropped later');
  }
}
