/** The body of an upload whose length was announced: exactly so many bytes, or a refusal. */
import { PassThrough, Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { apiError } from '../errors.ts';
import { measured } from './quarantine.ts';

/**
 * The bytes of the request. Throws VALIDATION_ERROR at once when the request says another length; the stream fails with it when
 * other than `sizeBytes` come, and as `measured` does when they stop coming.
 */
export function exactBody(incoming: FastifyRequest, sizeBytes: number): Readable {
  const said = incoming.headers['content-length'];
  if (said !== undefined && Number(said) !== sizeBytes) throw wrongLength(sizeBytes);
  return exactly(bodyOf(incoming), sizeBytes);
}

function wrongLength(sizeBytes: number): Error {
  return apiError('VALIDATION_ERROR', 'The file has another length than was announced', [
    { field: 'body', message: `must be exactly ${sizeBytes} bytes` },
  ]);
}

/** The request's body as a stream that may be destroyed: the request itself would take its connection, and the answer, with it. */
function bodyOf({ raw }: FastifyRequest): Readable {
  const body = new PassThrough();
  const broken = (): void => {
    if (!raw.complete) body.destroy(new Error('the request broke off'));
  };
  raw.once('error', broken);
  raw.once('close', broken);
  raw.pipe(body);
  return body;
}

function exactly(source: Readable, bytes: number): Readable {
  let countedBytes = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    const onChunk = (chunk: Buffer): void => {
      countedBytes += chunk.length;
      if (countedBytes > bytes) throw wrongLength(bytes);
    };
    yield* measured(source, { bytesMax: Number.MAX_SAFE_INTEGER, onChunk });
    if (countedBytes !== bytes) throw wrongLength(bytes);
  }
  return Readable.from(counted(), { objectMode: false });
}
