/** Routes whose body is a file: Fastify reads nothing of it and the handler takes the stream. */
import { Socket } from 'node:net';
import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { SlowSenderError } from './errors.ts';

/** `form`: multipart/form-data besides a JSON body. `bytes`: the body is the file, of whatever content type. */
export type UploadKind = 'form' | 'bytes';

/**
 * How long an upload may take with all that follows it, in milliseconds: 2 GiB at 2.5 Mbit/s. Past it the connection is cut.
 * One that stands still is cut sooner, by whoever reads it.
 */
export const UPLOAD_MS_MAX = 2 * 3_600_000;

/** Makes this scope, and no other, take uploads. */
export async function takeUploads(scope: FastifyInstance, kind: UploadKind): Promise<void> {
  if (kind === 'form') {
    // The reader sets limits of its own; the plugin's would be Fastify's for JSON bodies.
    await scope.register(multipart, { limits: { fileSize: Number.MAX_SAFE_INTEGER } });
    limitOtherBodies(scope);
    return;
  }
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null, undefined));
}

/** A body that is no upload has the time of bodies elsewhere, although its route has the time of uploads. Past it: 408. */
function limitOtherBodies(scope: FastifyInstance): void {
  // Fastify keeps it there; its types do not say so.
  const { handlerTimeout: bodyMs = 0 } = scope.initialConfig as { readonly handlerTimeout?: number };
  scope.addHook('preParsing', async (request, reply) => {
    const { raw } = request;
    if (bodyMs === 0 || raw.complete || raw.headers['content-type']?.toLowerCase().startsWith('multipart/')) return;
    const late = setTimeout(() => {
      if (!reply.sent) reply.send(new SlowSenderError(`the body took longer than ${bodyMs} ms`));
    }, bodyMs);
    raw.once('close', () => clearTimeout(late));
  });
}

/**
 * What was refused before its body was read goes on arriving: reads it off, so that the sender sees the answer, for as long as a
 * body may take, and then cuts the connection.
 */
export function readOff(request: FastifyRequest, lingerMs: number): void {
  const { raw } = request;
  // A request that was injected has no connection.
  if (raw.complete || !(raw.socket instanceof Socket) || raw.socket.destroyed) return;
  raw.unpipe();
  raw.resume();
  const cut = setTimeout(() => raw.socket.destroy(), lingerMs);
  raw.once('close', () => clearTimeout(cut));
  raw.socket.once('close', () => clearTimeout(cut));
}
