import { Readable } from 'node:stream';

/**
 * The same bytes, with an end to waiting: when bytes are asked for and none come for `stallMs`, or the source breaks off, the
 * stream fails with what `failure` makes of it. A reader that takes its time is not the source's fault and never ends it.
 */
export function limitStalls(source: Readable, stallMs: number, failure: (cause: unknown) => Error): Readable {
  let timer: NodeJS.Timeout | undefined;
  const expectBytes = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => fail(new Error(`no byte came for ${stallMs} ms`)), stallMs);
  };
  const limited = new Readable({
    read() {
      expectBytes();
      source.resume();
    },
    destroy(error, done) {
      clearTimeout(timer);
      source.destroy();
      done(error);
    },
  });
  const fail = (cause: unknown): void => {
    limited.destroy(failure(cause));
  };
  source.pause();
  source.on('data', (chunk: Buffer) => {
    if (limited.push(chunk)) {
      expectBytes();
      return;
    }
    clearTimeout(timer);
    source.pause();
  });
  source.once('end', () => {
    clearTimeout(timer);
    limited.push(null);
  });
  source.on('error', fail);
  source.once('close', () => {
    if (!source.readableEnded) fail(new Error('the answer broke off'));
  });
  return limited;
}
