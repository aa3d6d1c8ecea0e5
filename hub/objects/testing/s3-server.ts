/**
 * A throwaway S3 on a free port of 127.0.0.1: s3rver, with the two things that S3 promises and s3rver does not keep. Its keys are
 * `S3RVER` and `S3RVER`; `useS3Credentials` puts them where the SDK looks.
 */
import { existsSync, readdirSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import S3rver from 's3rver';
import { vi } from 'vitest';
import { removeFolder, throwawayFolder } from '../../../test/support/daemon.ts';
import { eventually } from '../../../test/support/eventually.ts';

const BUCKET = 'podoh-test';

export interface S3Server {
  readonly endpoint: string;
  readonly bucket: string;
  /** Uploads that were begun and neither finished nor dropped. */
  unfinishedUploads(): string[];
  /** Uploads that were dropped. */
  droppedUploads(): number;
  stop(): Promise<void>;
}

/** Credentials in the environment of this test file, and nowhere else to look for others. */
export function useS3Credentials(secretAccessKey = 'S3RVER'): void {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'S3RVER');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', secretAccessKey);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
}

/** Starts it with one empty bucket. */
export async function startS3(): Promise<S3Server> {
  const directory = throwawayFolder('sthree');
  const configureBuckets = [{ name: BUCKET }];
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory,
    vhostBuckets: false,
    configureBuckets,
  });
  keepReadAfterWrite(server);
  const uploads = server.store.getResourcePath(BUCKET, undefined, 'uploads');
  let dropped = 0;
  server.middleware.unshift(async (context, next) => {
    const upload = context.method === 'DELETE' ? context.query['uploadId'] : undefined;
    if (upload === undefined || !/^[\w-]+$/.test(upload)) {
      await next();
      return;
    }
    await rm(join(uploads, upload), { recursive: true });
    dropped += 1;
    context.status = 204;
  });
  const { port } = await server.run();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bucket: BUCKET,
    unfinishedUploads: () => (existsSync(uploads) ? readdirSync(uploads) : []),
    droppedUploads: () => dropped,
    async stop() {
      const closed = server.close();
      server.httpServer.closeAllConnections();
      await closed;
      removeFolder(directory);
    },
  };
}

/** s3rver answers when it has the bytes, which may be before they are in its file: S3 lets nobody see that. */
function keepReadAfterWrite({ store }: S3rver): void {
  const wholeFile = (path: string, bytes: number): Promise<void> =>
    eventually(async () => (await stat(path)).size === bytes);
  const putObject = store.putObject.bind(store);
  store.putObject = async (object) => {
    const written = await putObject(object);
    await wholeFile(store.getResourcePath(object.bucket, object.key, 'object'), written.size);
    return written;
  };
  const putPart = store.putPart.bind(store);
  store.putPart = async (bucket, uploadId, partNumber, content) => {
    const written = await putPart(bucket, uploadId, partNumber, content);
    const part = join(store.getResourcePath(bucket, undefined, 'uploads'), uploadId, String(partNumber));
    await wholeFile(part, written.size);
    return written;
  };
}
