/** Objects that come in parts, as S3's multipart uploads. What they are made of is asked of S3 itself, never of who sent it. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  UploadPartCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { PartsGoneError, requireParts, type PartName, type PartUrlOptions, type StoredPart } from '../core/ports.ts';
import { requirePart, requirePartsId } from './object-key.ts';
import { inTime, signed } from './s3-deadline.ts';
import { s3ErrorName, s3Failure } from './s3-failure.ts';
import { SourceStream } from './source-stream.ts';

interface Address {
  readonly Bucket: string;
  readonly Key: string;
}

interface Clients {
  readonly reader: S3Client;
  readonly writer: S3Client;
  /** Waits as long as joining takes. */
  readonly joiner: S3Client;
  /** In milliseconds. */
  readonly limits: { readonly operationMs: number; readonly joinMs: number };
}

interface ListedPart extends StoredPart {
  readonly tag: string;
}

export class S3Parts {
  readonly #clients: Clients;

  constructor(clients: Clients) {
    this.#clients = clients;
  }

  async begin(address: Address, contentType: string): Promise<string> {
    const { reader, limits } = this.#clients;
    const command = new CreateMultipartUploadCommand({ ...address, ContentType: contentType });
    try {
      const { UploadId } = await inTime(limits.operationMs, (abortSignal) => reader.send(command, { abortSignal }));
      if (UploadId === undefined) throw new Error('the answer names no upload');
      return UploadId;
    } catch (error) {
      throw s3Failure('begin parts', error);
    }
  }

  async url(address: Address, part: Omit<PartName, 'key'>, options: PartUrlOptions): Promise<string> {
    const { writer, limits } = this.#clients;
    const command = new UploadPartCommand({ ...partOf(address, part), ContentLength: options.sizeBytes });
    const signing = getSignedUrl(writer, command, {
      expiresIn: options.expiresInSeconds,
      signableHeaders: new Set(['host', 'content-length']),
    });
    return signed(limits.operationMs, signing);
  }

  async put(
    address: Address,
    part: Omit<PartName, 'key'>,
    bytes: NodeJS.ReadableStream,
    sizeBytes: number,
  ): Promise<void> {
    const name = partOf(address, part);
    const source = new SourceStream(bytes);
    try {
      const Body = source.body;
      await this.#clients.writer.send(new UploadPartCommand({ ...name, Body, ContentLength: sizeBytes }));
    } catch (error) {
      source.body.destroy();
      if (source.failure !== undefined) throw source.failure.error;
      throw partsFailure('put a part', error);
    }
  }

  async list(address: Address, partsId: string): Promise<ListedPart[] | null> {
    requirePartsId(partsId);
    const { reader, limits } = this.#clients;
    const parts: ListedPart[] = [];
    try {
      for (let PartNumberMarker: string | undefined; ;) {
        const command = new ListPartsCommand({ ...address, UploadId: partsId, PartNumberMarker });
        const page = await inTime(limits.operationMs, (abortSignal) => reader.send(command, { abortSignal }));
        for (const { PartNumber: number = 0, Size: sizeBytes = 0, ETag: tag = '' } of page.Parts ?? [])
          parts.push({ number, sizeBytes, tag });
        if (page.IsTruncated !== true) return parts;
        PartNumberMarker = page.NextPartNumberMarker;
      }
    } catch (error) {
      if (s3ErrorName(error) === 'NoSuchUpload') return null;
      throw s3Failure('list parts', error);
    }
  }

  async join(address: Address, partsId: string, partCount: number): Promise<void> {
    const { joiner, limits } = this.#clients;
    const listed = await this.list(address, partsId);
    if (listed === null) throw new PartsGoneError('the parts are gone');
    requireParts(listed, partCount);
    const Parts = listed.slice(0, partCount).map(({ number, tag }) => ({ PartNumber: number, ETag: tag }));
    const command = new CompleteMultipartUploadCommand({ ...address, UploadId: partsId, MultipartUpload: { Parts } });
    try {
      await inTime(limits.joinMs, (abortSignal) => joiner.send(command, { abortSignal }));
    } catch (error) {
      throw partsFailure('join parts', error);
    }
  }

  async abort(address: Address, partsId: string): Promise<void> {
    requirePartsId(partsId);
    const { reader, limits } = this.#clients;
    const command = new AbortMultipartUploadCommand({ ...address, UploadId: partsId });
    try {
      await inTime(limits.operationMs, (abortSignal) => reader.send(command, { abortSignal }));
    } catch (error) {
      if (s3ErrorName(error) !== 'NoSuchUpload') throw s3Failure('drop parts', error);
    }
  }
}

function partOf(address: Address, part: Omit<PartName, 'key'>): Address & { UploadId: string; PartNumber: number } {
  requirePart({ key: 'a', ...part });
  return { ...address, UploadId: part.partsId, PartNumber: part.number };
}

function partsFailure(what: string, error: unknown): Error {
  return s3ErrorName(error) === 'NoSuchUpload'
    ? new PartsGoneError('the parts are gone', { cause: error })
    : s3Failure(what, error);
}
