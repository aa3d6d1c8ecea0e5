import { finished, PassThrough, pipeline } from 'node:stream';

/** A stream on its way up that remembers whether it was the stream that failed, and ends it when the upload does not want it. */
export class SourceStream {
  readonly body = new PassThrough();
  failure: { readonly error: unknown } | undefined;

  constructor(stream: NodeJS.ReadableStream) {
    // Hears of a failure before `pipeline` does; when the upload is the first to give up, the body is destroyed already.
    finished(stream, { writable: false }, (error) => {
      if (error != null && !this.body.destroyed) this.failure = { error };
    });
    pipeline(stream, this.body, (error) => {
      if (error != null) this.body.destroy(error);
    });
  }
}
