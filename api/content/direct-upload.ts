/**
 * Uploads that go straight to the object store, or to an address of ours where it takes none: announced, sent, completed. The bytes
 * lie in quarantine under a key that nobody is told, until the worker has verified them. They come whole, or in parts (upload-parts.ts).
 *
 * States of an upload: waiting (its content is `pending`), complete (`verifying`), gone (`ready`, `failed`, deleted or run out).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Transaction } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Database } from '../../migrations/tables.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import type { ApiContext } from '../context.ts';
import { apiError } from '../errors.ts';
import { toIso } from '../iso-time.ts';
import { mutate, type Mutation } from '../mutation.ts';
import { ownerGroup, requireOwner } from '../ownership.ts';
import type { Call, PublicCall } from '../route.ts';
import { inTransaction } from '../transaction.ts';
import { UPLOAD_MS_MAX } from '../upload-bodies.ts';
import { contentJson, ContentName, OwnerGroup, type ContentJson } from './content-json.ts';
import type { ContentParts } from './content-parts.ts';
import { exactBody } from './exact-body.ts';
import { findContent, lockContent } from './find-content.ts';
import { insertContent } from './insert-content.ts';
import { lockTenant, queueRemoval } from './object-keeper.ts';
import { partBytesOf } from './part-plan.ts';
import { diskFailure, tooLarge } from './quarantine.ts';
import { requireRoom } from './quota.ts';
import { cleanName } from './receive-form.ts';
import { checkUploadAddress, uploadAddress } from './upload-address.ts';
import { dropParts, PARTS_UPLOAD_MS, partsTicket, requireAllParts, type PartsTicket } from './upload-parts.ts';
import { DECLARED_TYPES, type FileKind } from './verify-file.ts';

/** How long the bytes of an announced upload are waited for, in milliseconds. */
export const UPLOAD_ADDRESS_MS = 3_600_000;
/** How long a completing call waits for the verification, in milliseconds. */
const SETTLE_MS = 7_000;
const SETTLE_STEPS_MS = [25, 50, 100, 200, 400];
/** Uploads that one round of housekeeping ends. */
const ROUND_MAX = 200;

export const UploadRequest = Type.Object(
  {
    name: ContentName,
    fileName: Type.Optional(Type.String({ maxLength: 255, description: "The file's own name" })),
    sizeBytes: Type.Integer({
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'Exact length of the file, in bytes',
    }),
    mimeType: Type.String({ maxLength: 100, description: `One of ${Object.keys(DECLARED_TYPES).join(', ')}` }),
    groupId: Type.Optional(OwnerGroup),
    parts: Type.Optional(
      Type.Boolean({ description: 'Sends it in parts, which can go on after an interruption; the answer says how' }),
    ),
  },
  { additionalProperties: false },
);

type UploadCall = Call<unknown, unknown, Static<typeof UploadRequest>>;

export const UploadTicket = Type.Object({
  contentId: Id,
  method: Type.Literal('PUT'),
  url: Type.String({ description: "Where the bytes go; a path is relative to the API's origin" }),
  headers: Type.Record(Type.String(), Type.String(), { description: 'To be sent with the bytes, as they are' }),
  expiresAt: Timestamp,
});
export type UploadTicket = Static<typeof UploadTicket>;

/**
 * Announces an upload; what it will take counts against the quota from now on. UNSUPPORTED_MEDIA_TYPE for a type that is not
 * taken, PAYLOAD_TOO_LARGE for a file or a tenant over its limit.
 */
export async function createUpload(call: UploadCall): Promise<UploadTicket | PartsTicket> {
  const { ctx, body } = call;
  const type = Object.hasOwn(DECLARED_TYPES, body.mimeType) ? DECLARED_TYPES[body.mimeType] : undefined;
  if (type === undefined) {
    throw apiError('UNSUPPORTED_MEDIA_TYPE', 'Files of this type are not taken', [
      { field: 'mimeType', message: `must be one of ${Object.keys(DECLARED_TYPES).join(', ')}` },
    ]);
  }
  if (body.sizeBytes > ctx.settings.contentBytesMax) throw tooLarge(ctx.settings.contentBytesMax);
  const objectKey = `quarantine/${ctx.ids.uuid()}`;
  return body.parts === true ? announceParts(call, type, objectKey) : announceWhole(call, type, objectKey);
}

async function announceWhole(call: UploadCall, type: FileKind, objectKey: string): Promise<UploadTicket> {
  const { ctx, body } = call;
  const { mimeType } = body;
  const direct = await ctx.objects.uploadUrl(objectKey, {
    expiresInSeconds: UPLOAD_ADDRESS_MS / 1_000,
    sizeBytes: body.sizeBytes,
    contentType: mimeType,
  });
  const upload = { type, objectKey, lifeMs: UPLOAD_ADDRESS_MS, partsId: null, partBytes: null };
  return announce(call, upload, (contentId, expiresAt) => ({
    contentId,
    method: 'PUT',
    url: direct?.url ?? uploadAddress(ctx, { contentId }, expiresAt),
    headers: direct?.headers ?? { 'Content-Type': mimeType },
    expiresAt: toIso(expiresAt),
  }));
}

async function announceParts(call: UploadCall, type: FileKind, objectKey: string): Promise<PartsTicket> {
  const { ctx, body } = call;
  const partsId = await ctx.objects.beginParts(objectKey, body.mimeType);
  const upload = { type, objectKey, lifeMs: PARTS_UPLOAD_MS, partsId, partBytes: partBytesOf(body.sizeBytes) };
  let isKept = false;
  try {
    const { contentId } = await announce(call, upload, (id) => ({ contentId: id }));
    isKept = !call.marks.replayed;
    return await partsTicket(ctx, contentId);
  } finally {
    // Refused, or announced before: nobody will send these.
    if (!isKept) await dropParts(ctx, upload);
  }
}

interface NewUpload {
  readonly type: FileKind;
  readonly objectKey: string;
  /** How long its bytes are waited for, in milliseconds. */
  readonly lifeMs: number;
  readonly partsId: string | null;
  readonly partBytes: number | null;
}

async function announce<T>(
  call: UploadCall,
  upload: NewUpload,
  answer: (contentId: number, expiresAt: number) => T,
): Promise<T> {
  const { ctx, actor, body } = call;
  return mutate(call, async (tx, now): Promise<Mutation<T>> => {
    await lockTenant(tx, ctx.db.dialect, actor.tenantId);
    await requireRoom(tx, ctx.settings.tenantBytesMax, actor.tenantId, body.sizeBytes);
    const expiresAt = now + upload.lifeMs;
    const contentId = await insertUpload(tx, call, upload, now);
    // Whatever is sent there is removed at last, also what comes when the upload is long over.
    await queueRemoval(tx, actor.tenantId, upload.objectKey, expiresAt + UPLOAD_MS_MAX, upload.partsId);
    const { name, mimeType, sizeBytes } = body;
    return {
      data: answer(contentId, expiresAt),
      changes: [],
      audit: {
        action: 'content.announced',
        entity: 'content',
        entityId: contentId,
        detail: { name, mimeType, sizeBytes },
      },
    };
  });
}

/** Rows of content without bytes, and of the upload that waits for them. Returns the content's id. */
async function insertUpload(
  tx: Transaction<Database>,
  { actor, body }: UploadCall,
  { type, objectKey, lifeMs, partsId, partBytes }: NewUpload,
  now: number,
): Promise<number> {
  const { id: contentId } = await insertContent(tx, actor, now, {
    type,
    name: body.name.trim(),
    status: 'pending',
    group_id: await ownerGroup(tx, actor, body.groupId),
    file_name: cleanName(body.fileName),
    size_bytes: body.sizeBytes,
  });
  await tx
    .insertInto('uploads')
    .values({
      tenant_id: actor.tenantId,
      content_id: contentId,
      object_key: objectKey,
      declared_bytes: body.sizeBytes,
      state: 'waiting',
      attempts: 0,
      lease_until: null,
      created_at: now,
      expires_at: now + lifeMs,
      parts_id: partsId,
      part_bytes: partBytes,
    })
    .execute();
  return contentId;
}

/** The upload, while it waits for its bytes. NOT_FOUND when there is none, or its content went. */
async function waitingUpload(
  ctx: Pick<ContentParts, 'db'>,
  contentId: number,
): Promise<{ objectKey: string; declaredBytes: number }> {
  const row = await ctx.db.sql
    .selectFrom('uploads')
    .select(['object_key', 'declared_bytes', 'state', 'parts_id'])
    .where('content_id', '=', contentId)
    .executeTakeFirst();
  if (row === undefined) throw apiError('NOT_FOUND', 'No such upload');
  if (row.parts_id !== null) throw apiError('CONFLICT', 'The upload comes in parts');
  if (row.state !== 'waiting') throw apiError('CONFLICT', 'The upload is complete already');
  return { objectKey: row.object_key, declaredBytes: row.declared_bytes };
}

/** PUT /content/uploads/:id/file: the bytes themselves. Again, as long as the upload is not complete. */
export async function receiveUpload(
  call: PublicCall<{ id: number }, { expires: string; signature: string }>,
): Promise<Record<string, never>> {
  const { ctx, params, query, incoming } = call;
  checkUploadAddress(ctx, { contentId: params.id }, query);
  if (incoming === undefined) throw new Error('an upload was reached without its request');
  const { objectKey, declaredBytes } = await waitingUpload(ctx, params.id);
  await ctx.content.admit(async () => {
    const type = incoming.headers['content-type'] ?? '';
    const bytes = exactBody(incoming, declaredBytes);
    try {
      await ctx.objects.put(objectKey, bytes, Object.hasOwn(DECLARED_TYPES, type) ? type : 'application/octet-stream');
    } catch (error) {
      throw diskFailure(error);
    }
  });
  // Deleted or completed meanwhile: what was just stored belongs to nobody, or was too late.
  await waitingUpload(ctx, params.id).catch(async (error: unknown) => {
    await ctx.objects.delete(objectKey);
    throw error;
  });
  return {};
}

/**
 * POST /content/uploads/:id/complete: the bytes are there. Waits SETTLE_MS for the verification; after that the answer's status is
 * `verifying`. Doing it again changes nothing. NOT_FOUND; CONFLICT while the bytes are not there.
 */
export async function completeUpload(call: Call<{ id: number }>): Promise<ContentJson> {
  const { ctx, actor, params } = call;
  const { id } = params;
  const beganMs = ctx.clock.monotonicMs();
  const found = await findContent(ctx.db.sql, actor, id);
  requireOwner(actor, found.group_id);
  if (!(await hasArrived(ctx, id))) {
    if (found.status === 'ready' && found.sha256 === null) throw apiError('CONFLICT', 'The content was not uploaded');
    return settled(call, beganMs);
  }
  await mutate(call, async (tx, now): Promise<Mutation<Record<string, never>>> => {
    const content = await lockContent(tx, ctx.db.dialect, actor, id);
    const { numUpdatedRows } = await tx
      .updateTable('uploads')
      .set({ state: 'complete', attempts: 0, lease_until: null })
      .where('content_id', '=', id)
      .where('state', '=', 'waiting')
      .executeTakeFirst();
    if (Number(numUpdatedRows) === 1) {
      await tx
        .updateTable('content')
        .set((eb) => ({ status: 'verifying', version: eb('version', '+', 1), updated_at: now }))
        .where('id', '=', id)
        .execute();
    }
    return {
      data: {},
      changes: [],
      audit: { action: 'content.uploaded', entity: 'content', entityId: id, detail: { name: content.name } },
    };
  });
  ctx.content.kick();
  return settled(call, beganMs);
}

/** True when the bytes are there and wait to be completed; false when there is nothing to complete any more. */
async function hasArrived(ctx: ApiContext, contentId: number): Promise<boolean> {
  const row = await ctx.db.sql
    .selectFrom('uploads')
    .select(['object_key', 'declared_bytes', 'parts_id'])
    .where('content_id', '=', contentId)
    .where('state', '=', 'waiting')
    .executeTakeFirst();
  if (row === undefined) return false;
  if (row.parts_id !== null) {
    await requireAllParts(ctx, contentId);
    return true;
  }
  const arrived = await ctx.objects.stat(row.object_key);
  if (arrived?.sizeBytes === row.declared_bytes) return true;
  throw apiError('CONFLICT', 'The file has not arrived', [
    { field: 'file', message: `${arrived?.sizeBytes ?? 0} of ${row.declared_bytes} bytes are there` },
  ]);
}

/** The content as it is when it is verified, or SETTLE_MS after the call began (`sinceMs`, monotonic). */
async function settled({ ctx, actor, params }: Call<{ id: number }>, sinceMs: number): Promise<ContentJson> {
  for (let waitedMs = 0, step = 0; ; step += 1) {
    const content = await findContent(ctx.db.sql, actor, params.id);
    const elapsedMs = Math.max(waitedMs, ctx.clock.monotonicMs() - sinceMs);
    if (content.status !== 'verifying' || elapsedMs >= SETTLE_MS)
      return contentJson(ctx.media, content, ctx.clock.now());
    const pauseMs = SETTLE_STEPS_MS[Math.min(step, SETTLE_STEPS_MS.length - 1)] ?? 0;
    await sleep(pauseMs);
    waitedMs += pauseMs;
  }
}

/** Ends uploads whose bytes did not come in time, and their content with them. */
export async function endExpiredUploads(parts: ContentParts): Promise<void> {
  const { db, clock } = parts;
  const now = clock.now();
  const expired = await db.sql
    .selectFrom('uploads')
    .select(['id', 'tenant_id', 'content_id', 'object_key', 'parts_id'])
    .where('state', '=', 'waiting')
    .where('expires_at', '<=', now)
    .limit(ROUND_MAX)
    .execute();
  for (const upload of expired) {
    let isOver = false;
    await inTransaction(db, async (tx) => {
      await lockTenant(tx, db.dialect, upload.tenant_id);
      const { numDeletedRows } = await tx
        .deleteFrom('uploads')
        .where('id', '=', upload.id)
        .where('state', '=', 'waiting')
        .executeTakeFirst();
      if (Number(numDeletedRows) === 0) return;
      await tx
        .deleteFrom('content')
        .where('id', '=', upload.content_id)
        .where('tenant_id', '=', upload.tenant_id)
        .where('status', '=', 'pending')
        .execute();
      isOver = true;
    });
    if (isOver) await dropParts(parts, { objectKey: upload.object_key, partsId: upload.parts_id });
  }
}
