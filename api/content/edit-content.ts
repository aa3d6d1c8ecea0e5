/** Changing and deleting content. The bytes never change: other bytes are other content. */
import Type, { type Static } from 'typebox';
import { apiError, versionConflict } from '../errors.ts';
import { loggedError } from '../failure-answer.ts';
import { mutate, type Mutation } from '../mutation.ts';
import { ownerGroup, requireOwner } from '../ownership.ts';
import type { Call } from '../route.ts';
import { contentJson, ContentName, DurationMs, OwnerGroup, type ContentJson, type ContentRow } from './content-json.ts';
import { usageDetails, usageOf } from './content-usage.ts';
import { ContentAddress } from './create-external.ts';
import { externalAddress, withoutSecrets } from './external-address.ts';
import { lockContent } from './find-content.ts';
import { lockTenant, queueRemoval, sweepObject } from './object-keeper.ts';
import { dropParts } from './upload-parts.ts';

export const ContentUpdate = Type.Object(
  {
    name: Type.Optional(ContentName),
    groupId: Type.Optional(OwnerGroup),
    durationMs: Type.Optional(
      Type.Union([DurationMs, Type.Null()], { description: 'Not for videos, which have their own' }),
    ),
    url: Type.Optional(ContentAddress),
    version: Type.Integer({ minimum: 1, description: 'The version that the change is based on' }),
  },
  { additionalProperties: false },
);
type Update = Static<typeof ContentUpdate>;

function refuseField(field: string, message: string): Error {
  return apiError('VALIDATION_ERROR', 'The request is not valid', [{ field, message }]);
}

/** The address that the content plays from after the edit. */
function nextAddress(old: ContentRow, body: Update): string | null {
  if (body.url === undefined) return old.url;
  if (old.url === null || (old.type !== 'stream' && old.type !== 'html')) {
    throw refuseField('url', 'is for content that plays from an address; upload another file as new content');
  }
  return externalAddress(old.type, body.url);
}

/**
 * Changes the fields that are given. NOT_FOUND; FORBIDDEN for what is the whole tenant's; VERSION_CONFLICT for a stale `version`;
 * CONFLICT for another address or duration while the content is deployed, because what is on screens changes by deploying alone.
 */
export async function updateContent(call: Call<{ id: number }, unknown, Update>): Promise<ContentJson> {
  const { ctx, actor, params, body } = call;
  return mutate(call, async (tx, now): Promise<Mutation<ContentJson>> => {
    const old = await lockContent(tx, ctx.db.dialect, actor, params.id);
    requireOwner(actor, old.group_id);
    if (old.version !== body.version) throw versionConflict(old.version);
    if (body.durationMs !== undefined && old.type === 'video')
      throw refuseField('durationMs', 'is measured for videos');
    const next = {
      name: body.name?.trim() ?? old.name,
      group_id: body.groupId === undefined ? old.group_id : await newOwner(tx, call, body.groupId),
      duration_ms: body.durationMs === undefined ? old.duration_ms : body.durationMs,
      url: nextAddress(old, body),
      updated_at: now,
    };
    if (next.url !== old.url || next.duration_ms !== old.duration_ms) await refuseWhileShown(tx, call, now);
    await tx
      .updateTable('content')
      .set((eb) => ({ ...next, version: eb('version', '+', 1) }))
      .where('id', '=', params.id)
      .execute();
    const detail = { ...body, ...(body.url !== undefined && { url: withoutSecrets(next.url ?? body.url) }) };
    return {
      data: contentJson(ctx.media, { ...old, ...next, version: old.version + 1 }, now),
      changes: [],
      audit: { action: 'content.updated', entity: 'content', entityId: params.id, detail },
    };
  });
}

type EditCall = Call<{ id: number }, unknown, unknown>;
type Tx = Parameters<typeof lockTenant>[0];

async function newOwner(tx: Tx, { actor }: EditCall, groupId: number | null): Promise<number | null> {
  if (groupId === null) {
    requireOwner(actor, null);
    return null;
  }
  return ownerGroup(tx, actor, groupId);
}

async function refuseWhileShown(tx: Tx, { actor, params }: EditCall, now: number): Promise<void> {
  // Also what the actor may not see is shown: its ids say nothing about it.
  const usage = await usageOf(tx, { tenantId: actor.tenantId, scope: null }, params.id, now);
  const details = usageDetails({ ...usage, schedules: [], alerts: [] });
  if (details.length === 0) return;
  throw apiError('CONFLICT', 'The content is on screens: make new content and deploy that', details);
}

/** Deletes content that nothing uses, and its bytes with the last content that has them. CONFLICT naming what uses it. */
export async function removeContent(call: EditCall): Promise<Record<string, never>> {
  const { ctx, actor, params } = call;
  const objectKeys: string[] = [];
  let upload: { objectKey: string; partsId: string | null } | null = null;
  const answer = await mutate(call, async (tx, now): Promise<Mutation<Record<string, never>>> => {
    objectKeys.length = 0;
    await lockTenant(tx, ctx.db.dialect, actor.tenantId);
    const old = await lockContent(tx, ctx.db.dialect, actor, params.id);
    requireOwner(actor, old.group_id);
    const details = usageDetails(await usageOf(tx, actor, params.id, now));
    if (details.length > 0) throw apiError('CONFLICT', 'The content is used: take it out there first', details);
    // A direct upload's own removal was queued when it began, for when its address has run out.
    upload = await endUpload(tx, params.id);
    await tx.deleteFrom('content').where('id', '=', params.id).execute();
    if (old.storage_key !== null) {
      await queueRemoval(tx, actor.tenantId, old.storage_key, now);
      objectKeys.push(old.storage_key);
    }
    return {
      data: {},
      changes: [],
      audit: {
        action: 'content.removed',
        entity: 'content',
        entityId: params.id,
        detail: { name: old.name, type: old.type, sha256: old.sha256, groupId: old.group_id },
      },
    };
  });
  for (const key of objectKeys) await removeNow(call, key);
  if (upload !== null) await dropParts(ctx, upload);
  return answer;
}

/** Ends the upload that the content waits for, if it does; returns where its bytes are. */
async function endUpload(tx: Tx, contentId: number): Promise<{ objectKey: string; partsId: string | null } | null> {
  const row = await tx
    .selectFrom('uploads')
    .select(['object_key', 'parts_id'])
    .where('content_id', '=', contentId)
    .executeTakeFirst();
  if (row === undefined) return null;
  await tx.deleteFrom('uploads').where('content_id', '=', contentId).execute();
  return { objectKey: row.object_key, partsId: row.parts_id };
}

/** The content is gone whatever becomes of its bytes now: housekeeping tries again. */
async function removeNow({ ctx, actor }: EditCall, objectKey: string): Promise<void> {
  try {
    await sweepObject(ctx, actor.tenantId, objectKey);
  } catch (error) {
    ctx.log.warn({ error: loggedError(error), key: objectKey }, 'an object was not removed; housekeeping tries again');
  }
}
