/** What the tests use of s3rver, which has no types of its own. */
declare module 's3rver' {
  import type { IncomingMessage, Server, ServerResponse } from 'node:http';
  import type { Readable } from 'node:stream';

  interface StoredContent {
    readonly bucket: string;
    readonly key: string;
  }
  interface Written {
    readonly size: number;
  }
  interface Found {
    readonly size: number;
    content: Readable | null;
  }
  interface FilesystemStore {
    getObject(bucket: string, key: string, range?: { start?: number; end?: number }): Promise<Found | null>;
    getResourcePath(bucket: string, key: string | undefined, resource: string): string;
    putObject(object: StoredContent): Promise<Written>;
    putPart(bucket: string, uploadId: string, partNumber: number, content: unknown): Promise<Written>;
    putObjectMultipart(
      bucket: string,
      uploadId: string,
      parts: readonly { readonly number: number; readonly etag: string }[],
    ): Promise<Written>;
  }
  interface Context {
    readonly method: string;
    readonly query: Readonly<Record<string, string | undefined>>;
    readonly req: IncomingMessage;
    readonly res: ServerResponse;
    status: number;
    type: string;
    body: unknown;
    /** False: the answer is written past Koa. */
    respond: boolean;
  }

  class S3rver {
    constructor(options: {
      readonly address: string;
      readonly port: number;
      readonly silent: boolean;
      readonly directory: string;
      readonly vhostBuckets: boolean;
      readonly configureBuckets: readonly { readonly name: string; readonly configs?: readonly string[] }[];
    });
    readonly store: FilesystemStore;
    readonly middleware: ((context: Context, next: () => Promise<void>) => Promise<void>)[];
    readonly httpServer: Server;
    run(): Promise<{ readonly port: number }>;
    close(): Promise<void>;
  }
  export = S3rver;
}
