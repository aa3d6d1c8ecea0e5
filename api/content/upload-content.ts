/** Uploading through the API: the file goes into quarantine as it comes, is verified, stored, and then becomes content, or nothing. */
import type { FastifyRequest } from 'fastify';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { apiError, retryLater } from '../errors.ts';
import { mutate, type Mutation } from '../mutation.ts';
import { ownerGroup } from '../ownership.ts';
import type { Call } from '../route.ts';
import { errorDetails } from '../validation.ts';
import { contentJson, ContentName, type ContentJson } from './content-json.ts';
import { createExternal, type ExternalContent } from './create-external.ts';
import { insertContent } from './insert-content.ts';
import { ToolFailed } from './media-tools.ts';
import { contentKey, giveUpHold, lockTenant, takeHold, useHold } from './object-keeper.ts';
import { tooLarge } from './quarantine.ts';
import { expectRoom, requireRoom } from './quota.ts';
import { FORM_BYTES_MAX, receiveForm, type ReceivedForm } from './receive-form.ts';
import { refusalAnswer, RefusedFile } from './refused-file.ts';
import { storeVerified, verifiedColumns } from './verified-object.ts';
import type { VerifiedFile } from './verify-file.ts';

const FIELDS = {
  name: Type.Optional(ContentName),
  groupId: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
  type: Type.Optional(
    Type.Enum(['image', 'video', 'html'], {
      description: 'What it is meant to be: refused when its bytes say otherwise',
    }),
  ),
};
const UploadFields = Type.Object(FIELDS, { additionalProperties: false });
const checkFields = Compile(UploadFields);

/** The form, for the document. */
export const UploadForm = Type.Object(
  {
    file: Type.String({
      format: 'binary',
      description: 'Image, video, HTML page, or ZIP with an index.html at its root',
    }),
    ...FIELDS,
  },
  { additionalProperties: false },
);

type CreateCall = Call<unknown, unknown, Static<typeof ExternalContent>>;

/** Content from a form with a file, or from JSON with an address. */
export async function createContent(call: CreateCall): Promise<ContentJson> {
  const { incoming } = call;
  if (incoming?.isMultipart() !== true) {
    if (call.body === undefined) {
      throw apiError('VALIDATION_ERROR', 'Send a file as multipart/form-data, or an address as application/json');
    }
    return createExternal(call);
  }
  return call.ctx.content.admit(() => uploadContent(call, incoming));
}

async function uploadContent(call: CreateCall, incoming: FastifyRequest): Promise<ContentJson> {
  const { ctx, actor } = call;
  const { quarantine } = ctx.content;
  const { contentBytesMax, tenantBytesMax } = ctx.settings;
  const announcedBytes = Number(incoming.headers['content-length'] ?? 0) - FORM_BYTES_MAX;
  if (announcedBytes > contentBytesMax) throw tooLarge(contentBytesMax);
  await expectRoom(ctx.db.sql, tenantBytesMax, actor.tenantId, Math.max(0, announcedBytes));
  const form = await receiveForm(incoming, quarantine, Object.keys(FIELDS), contentBytesMax);
  try {
    const fields = readFields(form.fields);
    await ownerGroup(ctx.db.sql, actor, fields.groupId);
    const verified = await verify(call, form, fields.type);
    return await keep(call, form, fields, verified);
  } finally {
    await quarantine.remove(form.file);
  }
}

function readFields({ groupId, ...texts }: Readonly<Record<string, string>>): Static<typeof UploadFields> {
  const fields: unknown = {
    ...texts,
    ...(groupId !== undefined && { groupId: /^\d{1,16}$/.test(groupId) ? Number(groupId) : groupId }),
  };
  if (checkFields.Check(fields)) return fields;
  const errors = checkFields.Errors(fields) as unknown as Parameters<typeof errorDetails>[0];
  throw apiError('VALIDATION_ERROR', 'The request is not valid', errorDetails(errors, 'form'));
}

async function verify(call: CreateCall, form: ReceivedForm, declared: string | undefined): Promise<VerifiedFile> {
  try {
    const verified = await call.ctx.content.verify(form.file.path);
    if (declared === undefined || declared === verified.type) return verified;
    throw apiError('VALIDATION_ERROR', 'The file is not what it was said to be', [
      { field: 'type', message: `is ${declared}, and the file is ${verified.type}` },
    ]);
  } catch (error) {
    if (error instanceof ToolFailed) throw retryLater('UNAVAILABLE', 'The server is going down; try again', 1);
    throw error instanceof RefusedFile ? refusalAnswer(error) : error;
  }
}

/** Stores the file and names it, or leaves neither. */
async function keep(
  call: CreateCall,
  form: ReceivedForm,
  fields: Static<typeof UploadFields>,
  verified: VerifiedFile,
): Promise<ContentJson> {
  const { ctx, actor } = call;
  const { file, fileName } = form;
  const hold = await takeHold(ctx, actor.tenantId, contentKey(actor.tenantId, file.sha256));
  try {
    await storeVerified(ctx, actor.tenantId, file, verified);
    return await mutate(
      call,
      async (tx, now): Promise<Mutation<ContentJson>> => {
        await lockTenant(tx, ctx.db.dialect, actor.tenantId);
        await useHold(tx, hold);
        await requireRoom(tx, ctx.settings.tenantBytesMax, actor.tenantId, file.sizeBytes);
        const row = await insertContent(tx, actor, now, {
          ...verifiedColumns(actor.tenantId, file, verified),
          name: fields.name?.trim() ?? nameOf(fileName),
          status: 'ready',
          group_id: await ownerGroup(tx, actor, fields.groupId),
          file_name: fileName,
        });
        const { id, name, type, size_bytes: sizeBytes, sha256, group_id: groupId } = row;
        return {
          data: contentJson(ctx.media, row, now),
          changes: [],
          audit: {
            action: 'content.created',
            entity: 'content',
            entityId: id,
            detail: { type, name, fileName, sizeBytes, sha256, groupId },
          },
        };
      },
      { body: [form.fields, fileName, file.sha256] },
    );
  } finally {
    await giveUpHold(ctx, hold);
  }
}

/** A name for people when none was given: the file's, without its ending. */
function nameOf(fileName: string | null): string {
  const stem = (fileName ?? '').replace(/\.[^.]{1,10}$/, '').trim();
  return [...(stem === '' ? (fileName ?? 'Untitled') : stem)].slice(0, 200).join('');
}
