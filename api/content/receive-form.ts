/** Reading a multipart/form-data upload: one file and a few short fields, in any order, the file straight into quarantine. */
import type { Multipart } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import type { ErrorDetail } from '../../protocol/errors.ts';
import { apiError, ApiError, SlowSenderError } from '../errors.ts';
import { tooLarge, type Quarantine, type QuarantinedFile } from './quarantine.ts';

/** Limits of a form; the file has its own. */
const FIELD_BYTES_MAX = 4_096;
const FIELDS_MAX = 16;
/** What a form may add to its file, in bytes. */
export const FORM_BYTES_MAX = 64 * 1024;

export interface ReceivedForm {
  /** Fields that are not empty, as text. */
  readonly fields: Readonly<Record<string, string>>;
  readonly file: QuarantinedFile;
  /** What the sender called the file. */
  readonly fileName: string | null;
}

function badForm(message: string, details: readonly ErrorDetail[] = []): ApiError {
  return apiError('VALIDATION_ERROR', message, details);
}

function badField(field: string, message: string): ApiError {
  return badForm('The form is not valid', [{ field: field.slice(0, 200), message }]);
}

/**
 * Receives the whole form. Rejects with VALIDATION_ERROR for a form that is broken, cut off, without a file, with two, or with a
 * field that is not one of `fieldNames`; else as Quarantine.receive does. Then nothing is left behind.
 */
export async function receiveForm(
  request: FastifyRequest,
  quarantine: Quarantine,
  fieldNames: readonly string[],
  bytesMax: number,
): Promise<ReceivedForm> {
  const fields: Record<string, string> = {};
  let received: { file: QuarantinedFile; fileName: string | null } | null = null;
  try {
    for await (const part of partsOf(request, bytesMax)) {
      if (part.type === 'field') {
        takeField(fields, part, fieldNames);
        continue;
      }
      if (part.fieldname !== 'file') throw badField(part.fieldname, 'is not a known field for a file: use "file"');
      if (received !== null) throw badField('file', 'must be one file');
      const file = await receivePart(part, quarantine, bytesMax);
      received = { file, fileName: cleanName(part.filename) };
    }
    if (received === null) throw badField('file', 'is required');
    return { fields, ...received };
  } catch (error) {
    if (received !== null) await quarantine.remove(received.file);
    throw error;
  }
}

/** The parts as they come. What the parser says of the form becomes a VALIDATION_ERROR. */
async function* partsOf(request: FastifyRequest, bytesMax: number): AsyncGenerator<Multipart> {
  // One byte more than may be, so that too much is seen as such; two files, so that the second is seen at all.
  const limits = {
    fileSize: bytesMax + 1,
    fieldSize: FIELD_BYTES_MAX,
    fieldNameSize: 100,
    files: 2,
    fields: FIELDS_MAX,
  };
  const iterator = request.parts({ limits });
  for (;;) {
    let next: IteratorResult<Multipart>;
    try {
      next = await iterator.next();
    } catch (error) {
      throw formFailure(error);
    }
    if (next.done === true) return;
    yield next.value;
  }
}

/** Everything that the parser throws is the sender's doing; what is thrown while a part is written is not from it. */
function formFailure(error: unknown): unknown {
  if (error instanceof ApiError || error instanceof SlowSenderError) return error;
  const what = (error as { code?: unknown } | null)?.code === 'FST_MP_PREMATURE_CLOSE' ? 'is cut off' : 'is not valid';
  const failure = badForm(`The form ${what}`);
  failure.cause = error;
  return failure;
}

async function receivePart(
  part: Extract<Multipart, { type: 'file' }>,
  quarantine: Quarantine,
  bytesMax: number,
): Promise<QuarantinedFile> {
  const { file: stream } = part;
  try {
    const file = await quarantine.receive(stream, bytesMax);
    if (!stream.truncated) return file;
    await quarantine.remove(file);
  } catch (error) {
    // A part that ended before its time says so in several ways; what is not from it has come from our disk.
    throw (error as NodeJS.ErrnoException).syscall === undefined ? formFailure(error) : error;
  }
  throw tooLarge(bytesMax);
}

function takeField(
  fields: Record<string, string>,
  part: Extract<Multipart, { type: 'field' }>,
  fieldNames: readonly string[],
): void {
  const { fieldname: name, value } = part;
  if (name === 'file') throw badField('file', 'must be a file');
  if (part.fieldnameTruncated || !fieldNames.includes(name)) throw badField(name, 'is not a known field');
  if (Object.hasOwn(fields, name)) throw badField(name, 'is there twice');
  if (part.valueTruncated || typeof value !== 'string') throw badField(name, 'must be a short text');
  // A form's input that was left empty is sent all the same.
  if (value !== '') fields[name] = value;
}

/** A file name without folders and control characters, at most 255 characters; null when nothing is left. */
export function cleanName(name: string | undefined): string | null {
  const last = (name ?? '').split(/[/\\]/).at(-1) ?? '';
  // oxlint-disable-next-line no-control-regex -- control characters are what is dropped
  const clean = last.replaceAll(/[\u0000-\u001f\u007f]/g, '').trim();
  return clean === '' ? null : [...clean].slice(0, 255).join('');
}
