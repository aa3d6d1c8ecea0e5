/**
 * Objects in a bucket of S3 or of a store that speaks its protocol: the production adapter. Credentials are found by the SDK's
 * default chain (environment, profile, instance or task role) and never pass through our configuration. The role needs GetObject,
 * PutObject, DeleteObject, AbortMultipartUpload and ListMultipartUploadParts on the objects, and ListBucket on the bucket: without that one S3 says
 * "forbidden" instead of "not there".
 */
import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  type GetObjectCommandOutput,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import {
  ObjectStoreUnavailableError,
  type ByteRange,
  type DownloadOptions,
  type ObjectStore,
  type PartName,
  type PartUrlOptions,
  type StoredFacts,
  type StoredObject,
  type StoredPart,
  type UploadOptions,
} from '../core/ports.ts';
import { requireByteRange, requireContentType, requireObjectKey } from './object-key.ts';
import { s3ErrorName, s3Failure } from './s3-failure.ts';
import { inTime, signed } from './s3-deadline.ts';
import { S3Parts } from './s3-parts.ts';
import { SourceStream } from './source-stream.ts';
import { limitStalls } from './stall-limit.ts';

/** How long a call may wait. Past any of them: tried again while attempts are left, then ObjectStoreUnavailableError. */
export interface S3Limits {
  /** Until a connection stands, in milliseconds. */
  readonly connectMs: number;
  /** From asking for an object or its deletion until the head of the answer, in milliseconds. */
  readonly answerMs: number;
  /** Without a byte moving while something is sent or read, in milliseconds. */
  readonly stallMs: number;
  /** A `get` until its stream, or any call without bytes, with all its attempts and pauses, in milliseconds. */
  readonly operationMs: number;
  /** Until parts that are there have become an object, in milliseconds. */
  readonly joinMs: number;
  readonly attemptsMax: number;
}

export const S3_LIMITS: S3Limits = {
  connectMs: 1_000,
  answerMs: 3_000,
  stallMs: 4_000,
  operationMs: 7_000,
  joinMs: 60_000,
  attemptsMax: 2,
};

/** S3's least; with 10,000 parts, S3's most, an object may have 48 GiB. A failed part is sent again from memory. */
const PART_BYTES = 5 * 1024 * 1024;
/** Parts of one upload that are under way at once: an upload holds at most this many in memory, and one that is being read. */
const PARTS_AT_ONCE = 2;
/** What S3 says of objects that were stored without a type. */
const UNKNOWN_TYPE = 'application/octet-stream';

export interface S3ObjectStoreOptions {
  readonly bucket: string;
  /** Address of an S3-compatible store; absent: AWS's own. */
  readonly endpoint?: string | undefined;
  readonly region: string;
  /** Stands before every key, `podoh/` for instance. */
  readonly prefix?: string | undefined;
  readonly limits?: S3Limits;
}

export class S3ObjectStore implements ObjectStore {
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #limits: S3Limits;
  /** Two clients, because an idle time-out on the connection would also cut off whoever reads an object slowly. */
  readonly #reader: S3Client;
  readonly #writer: S3Client;
  readonly #parts: S3Parts;

  constructor(options: S3ObjectStoreOptions) {
    this.#bucket = options.bucket;
    this.#prefix = options.prefix ?? '';
    this.#limits = options.limits ?? S3_LIMITS;
    const { answerMs, stallMs } = this.#limits;
    this.#reader = createClient(options, this.#limits, {
      requestTimeout: answerMs,
      throwOnRequestTimeout: true,
      socketTimeout: 0,
    });
    this.#writer = createClient(options, this.#limits, { socketTimeout: stallMs });
    // Joining is slow, and its answer begins when it does.
    const joiner = createClient(options, this.#limits, { socketTimeout: this.#limits.joinMs });
    this.#parts = new S3Parts({ reader: this.#reader, writer: this.#writer, joiner, limits: this.#limits });
  }

  #address(key: string): { Bucket: string; Key: string } {
    requireObjectKey(key);
    return { Bucket: this.#bucket, Key: `${this.#prefix}${key}` };
  }

  /**
   * Up to a part's size is one request; more goes up in parts, which become the object in one step when all are there and are
   * dropped when something fails. (The parts of a process that died stay: the bucket wants a rule that aborts old uploads.)
   */
  async put(key: string, bytes: Uint8Array | NodeJS.ReadableStream, contentType: string): Promise<void> {
    const address = this.#address(key);
    requireContentType(contentType);
    const source = bytes instanceof Uint8Array ? null : new SourceStream(bytes);
    const upload = new Upload({
      client: this.#writer,
      params: { ...address, ContentType: contentType, Body: source?.body ?? (bytes as Uint8Array) },
      partSize: PART_BYTES,
      queueSize: PARTS_AT_ONCE,
      leavePartsOnError: false,
    });
    try {
      await upload.done();
    } catch (error) {
      source?.body.destroy();
      // What reached the upload may be the failure to drop the parts: the stream's own error comes first.
      if (source?.failure !== undefined) throw source.failure.error;
      throw s3Failure('put', error);
    }
  }

  async get(key: string, range?: ByteRange): Promise<StoredObject | null> {
    const address = this.#address(key);
    if (range !== undefined) requireByteRange(range);
    const command = new GetObjectCommand({ ...address, ...(range && { Range: `bytes=${range.start}-${range.end}` }) });
    try {
      const answer = await inTime(this.#limits.operationMs, (abortSignal) =>
        this.#reader.send(command, { abortSignal }),
      );
      const { Body, ContentType = UNKNOWN_TYPE } = answer;
      if (!(Body instanceof Readable)) throw new Error('the answer has no body');
      const stream = limitStalls(Body, this.#limits.stallMs, brokeOff);
      const sizeBytes = wholeSize(answer, range);
      if (sizeBytes === null) {
        stream.destroy();
        throw new Error('the answer does not say how long the object is, or is not the range that was asked for');
      }
      return { stream, contentType: ContentType, sizeBytes };
    } catch (error) {
      if (s3ErrorName(error) === 'NoSuchKey') return null;
      throw s3Failure('get', error);
    }
  }

  async stat(key: string): Promise<StoredFacts | null> {
    const command = new HeadObjectCommand(this.#address(key));
    try {
      const { ContentType = UNKNOWN_TYPE, ContentLength } = await inTime(this.#limits.operationMs, (abortSignal) =>
        this.#reader.send(command, { abortSignal }),
      );
      if (ContentLength === undefined) throw new Error('the answer does not say how long the object is');
      return { contentType: ContentType, sizeBytes: ContentLength };
    } catch (error) {
      if (s3ErrorName(error) !== 'NotFound') throw s3Failure('stat', error);
    }
    // A HEAD has no text that tells a missing object from a missing bucket, or from something that is no S3 at all.
    const found = await this.get(key);
    if (found === null) return null;
    (found.stream as Readable).destroy();
    return { contentType: found.contentType, sizeBytes: found.sizeBytes };
  }

  async downloadUrl(key: string, { expiresInSeconds, contentType, fileName }: DownloadOptions): Promise<string> {
    const address = this.#address(key);
    requireContentType(contentType);
    const command = new GetObjectCommand({
      ...address,
      ResponseContentType: contentType,
      ...(fileName !== undefined && { ResponseContentDisposition: attachment(fileName) }),
    });
    return signed(this.#limits.operationMs, getSignedUrl(this.#reader, command, { expiresIn: expiresInSeconds }));
  }

  /** Length and type are part of what is signed: S3 takes no other, and the sender cannot do without either. */
  async uploadUrl(
    key: string,
    { expiresInSeconds, sizeBytes, contentType }: UploadOptions,
  ): Promise<{ url: string; headers: Record<string, string> }> {
    const address = this.#address(key);
    requireContentType(contentType);
    const command = new PutObjectCommand({ ...address, ContentType: contentType, ContentLength: sizeBytes });
    const url = await signed(
      this.#limits.operationMs,
      getSignedUrl(this.#writer, command, {
        expiresIn: expiresInSeconds,
        // The presigner leaves the type out unless it is told to sign it.
        signableHeaders: new Set(['host', 'content-length', 'content-type']),
      }),
    );
    return { url, headers: { 'Content-Type': contentType } };
  }

  async delete(key: string): Promise<void> {
    const command = new DeleteObjectCommand(this.#address(key));
    try {
      await inTime(this.#limits.operationMs, (abortSignal) => this.#reader.send(command, { abortSignal }));
    } catch (error) {
      if (s3ErrorName(error) !== 'NoSuchKey') throw s3Failure('delete', error);
    }
  }

  async beginParts(key: string, contentType: string): Promise<string> {
    requireContentType(contentType);
    return this.#parts.begin(this.#address(key), contentType);
  }

  /** The length is part of what is signed: S3 takes no other. */
  async partUrl({ key, ...part }: PartName, options: PartUrlOptions): Promise<string> {
    return this.#parts.url(this.#address(key), part, options);
  }

  async putPart({ key, ...part }: PartName, bytes: NodeJS.ReadableStream, sizeBytes: number): Promise<void> {
    await this.#parts.put(this.#address(key), part, bytes, sizeBytes);
  }

  async listParts(key: string, partsId: string): Promise<StoredPart[] | null> {
    return this.#parts.list(this.#address(key), partsId);
  }

  async joinParts(key: string, partsId: string, partCount: number): Promise<void> {
    await this.#parts.join(this.#address(key), partsId, partCount);
  }

  async abortParts(key: string, partsId: string): Promise<void> {
    await this.#parts.abort(this.#address(key), partsId);
  }
}

/** How long the whole object is, by an answer to a request for a range of it or for all; null when the answer is to something else. */
function wholeSize({ ContentLength, ContentRange }: GetObjectCommandOutput, range?: ByteRange): number | null {
  if (range === undefined) return ContentLength ?? null;
  const [, start, end, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(ContentRange ?? '') ?? [];
  return Number(start) === range.start && Number(end) === range.end ? Number(size) : null;
}

/** RFC 6266; the plain form for who does not know the other, which is RFC 8187. */
function attachment(fileName: string): string {
  const plain = fileName.replaceAll(/[^\w. -]/g, '_');
  const encoded = encodeURIComponent(fileName).replaceAll(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

function brokeOff(cause: unknown): Error {
  return new ObjectStoreUnavailableError('S3 broke off in the middle of an object', { cause });
}

function createClient(
  { endpoint, region }: S3ObjectStoreOptions,
  { connectMs, attemptsMax }: S3Limits,
  waiting: { requestTimeout?: number; throwOnRequestTimeout?: boolean; socketTimeout: number },
): S3Client {
  return new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    // By default the SDK adds checksums in a framing that S3-compatible stores keep as if it were part of the object.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    retryMode: 'standard',
    maxAttempts: attemptsMax,
    requestHandler: { connectionTimeout: connectMs, ...waiting },
  });
}
