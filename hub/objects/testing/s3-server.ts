/**
 * A throwaway S3 on a free port of 127.0.0.1: s3rver, with what S3 promises and s3rver does not keep (an upload can be dropped, what
 * was put can be read, a range may end at byte 0, a presigned signature is checked, parts can be listed and have to be there). Its keys are `S3RVER` and `S3RVER`;
 * `useS3Credentials` puts them where the SDK looks.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import S3rver from 's3rver';
import { vi } from 'vitest';
import { removeFolder, throwawayFolder } from '../../../test/support/daemon.ts';
import { eventually } from '../../../test/support/eventually.ts';
import { s3Error } from './endpoint.ts';
import { presignedFault } from './presigned-signature.ts';

const BUCKET = 'podoh-test';
const SECRET = 'S3RVER';
/** What README.md asks of a bucket that browsers send to and fetch from. */
const CORS_RULES = `<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin>
  <AllowedMethod>GET</AllowedMethod><AllowedMethod>HEAD</AllowedMethod><AllowedMethod>PUT</AllowedMethod>
  <AllowedHeader>*</AllowedHeader></CORSRule></CORSConfiguration>`;
/** Parts in one answer: S3 gives up to a thousand, and says the same when there are more. */
const LISTED_PARTS = 2;

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
export function useS3Credentials(secretAccessKey = SECRET): void {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'S3RVER');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', secretAccessKey);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
}

/** Starts it with one empty bucket. */
export async function startS3(): Promise<S3Server> {
  const directory = throwawayFolder('sthree');
  const configureBuckets = [{ name: BUCKET, configs: [CORS_RULES] }];
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory,
    vhostBuckets: false,
    configureBuckets,
  });
  keepReadAfterWrite(server);
  keepRanges(server);
  keepPartsTrue(server);
  const uploads = server.store.getResourcePath(BUCKET, undefined, 'uploads');
  let dropped = 0;
  server.middleware.unshift(async (context, next) => {
    const upload = context.method === 'DELETE' ? context.query['uploadId'] : undefined;
    if (upload === undefined || !/^[\w-]+$/.test(upload)) {
      await next();
      return;
    }
    if (!existsSync(join(uploads, upload))) {
      context.respond = false;
      s3Error(context.res, 404, 'NoSuchUpload');
      return;
    }
    await rm(join(uploads, upload), { recursive: true });
    dropped += 1;
    context.status = 204;
  });
  listParts(server, uploads);
  server.middleware.unshift(async (context, next) => {
    // Who asks whether it may ask is not asked who it is.
    const fault = context.method === 'OPTIONS' ? null : presignedFault(context.req, SECRET, Date.now());
    if (fault === null) {
      await next();
      return;
    }
    context.respond = false;
    s3Error(context.res, 403, fault);
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

/** s3rver takes the end 0 for no end, and an empty object for one of a byte. */
function keepRanges({ store }: S3rver): void {
  const getObject = store.getObject.bind(store);
  store.getObject = async (bucket, key, { start, end } = {}) => {
    if (start === undefined) return getObject(bucket, key);
    // An object is true, and a number where it is counted with.
    const found = await getObject(bucket, key, { start, ...(end !== undefined && { end: Object(end) as number }) });
    if (found === null || found.size > 0) return found;
    found.content?.destroy();
    found.content = null;
    return found;
  };
}

/** s3rver knows no ListParts, and takes parts of uploads that are gone. */
function listParts(server: S3rver, uploads: string): void {
  server.middleware.unshift(async (context, next) => {
    const upload = context.query['uploadId'];
    const listens = context.method === 'GET' || context.method === 'PUT' || context.method === 'POST';
    if (upload === undefined || !/^[\w-]+$/.test(upload) || !listens) {
      await next();
      return;
    }
    if (!existsSync(join(uploads, upload))) {
      context.respond = false;
      s3Error(context.res, 404, 'NoSuchUpload');
      return;
    }
    if (context.method !== 'GET') {
      await next();
      return;
    }
    const after = Number(context.query['part-number-marker'] ?? 0);
    const names = readdirSync(join(uploads, upload)).filter((name) => name.endsWith('.md5'));
    const numbers = names.map((name) => Number.parseInt(name, 10)).toSorted((a, b) => a - b);
    const left = numbers.filter((number) => number > after);
    const parts = left.slice(0, LISTED_PARTS).map((number) => {
      const path = join(uploads, upload, String(number));
      const tag = readFileSync(`${path}.md5`, 'utf8');
      return `<Part><PartNumber>${number}</PartNumber><ETag>"${tag}"</ETag><Size>${statSync(path).size}</Size></Part>`;
    });
    context.type = 'application/xml';
    context.body =
      `<?xml version="1.0"?><ListPartsResult><IsTruncated>${left.length > LISTED_PARTS}</IsTruncated>` +
      `<NextPartNumberMarker>${left[LISTED_PARTS - 1] ?? 0}</NextPartNumberMarker>${parts.join('')}</ListPartsResult>`;
  });
}

/** s3rver joins whatever it is told, in an order of its own: S3 wants the parts that it has, by their tags, in order. */
function keepPartsTrue({ store }: S3rver): void {
  const joinUnchecked = store.putObjectMultipart.bind(store);
  store.putObjectMultipart = async (bucket, uploadId, parts) => {
    const folder = join(store.getResourcePath(bucket, undefined, 'uploads'), uploadId);
    for (const [at, { number, etag }] of parts.entries()) {
      if (number <= (parts[at - 1]?.number ?? 0)) throw new Error(`part ${number} is out of order`);
      if (readFileSync(join(folder, `${number}.md5`), 'utf8') !== etag) throw new Error(`part ${number} is another`);
    }
    return joinUnchecked(bucket, uploadId, parts);
  };
}
