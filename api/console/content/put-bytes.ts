/** Sending bytes with word of how far they have come, which `fetch` cannot give. */
import { ApiFailure, type FailureCode } from '../session/api-failure.ts';

/** A connection on which no byte moves for so long is given up, in milliseconds. */
const STALL_MS = 30_000;

/** Answers after which the same bytes may be taken a while later, perhaps at a new address: it ran out, or the server is busy. */
const PASSING = new Set([401, 403, 404, 408, 409, 425, 429]);

interface AnswerBody {
  readonly error?: { readonly code?: FailureCode; readonly message?: string };
}

export interface PutOptions {
  /** Bytes of these that have left. */
  readonly onSent: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * PUTs the bytes. Rejects with ApiFailure: a passing one when trying again makes sense, else one in the server's words; with the
 * signal's reason when it was aborted.
 */
export function putBytes(url: string, bytes: Blob, { onSent, signal }: PutOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let stalled: ReturnType<typeof setTimeout> | undefined;
    const watch = (): void => {
      clearTimeout(stalled);
      stalled = setTimeout(() => request.abort(), STALL_MS);
    };
    const abort = (): void => request.abort();
    const end = (failure: unknown): void => {
      clearTimeout(stalled);
      signal.removeEventListener('abort', abort);
      if (failure === null) resolve();
      else reject(failure instanceof Error ? failure : new Error('the upload was stopped', { cause: failure }));
    };
    request.upload.addEventListener('progress', ({ loaded }) => {
      watch();
      onSent(loaded);
    });
    request.addEventListener('load', () => end(failureOf(request)));
    request.addEventListener('error', () => end(unreachable('the connection broke off')));
    request.addEventListener('abort', () => end(signal.aborted ? signal.reason : unreachable('no byte moved')));
    if (signal.aborted) {
      end(signal.reason);
      return;
    }
    signal.addEventListener('abort', abort);
    request.open('PUT', url);
    watch();
    request.send(bytes);
  });
}

function unreachable(message: string): ApiFailure {
  return new ApiFailure({ code: 'UNREACHABLE', message, status: 0 });
}

function failureOf({ status, responseText }: XMLHttpRequest): ApiFailure | null {
  if (status >= 200 && status < 300) return null;
  if (status >= 500 || PASSING.has(status))
    return new ApiFailure({ code: 'UNAVAILABLE', message: `the store answered ${status}`, status });
  const { code, message } = errorIn(responseText);
  return new ApiFailure({ code: code ?? 'INTERNAL', message: message ?? `the store answered ${status}`, status });
}

/** What an answer of the API says; a store's own answer is not JSON, and says nothing to people. */
function errorIn(text: string): NonNullable<AnswerBody['error']> {
  try {
    return (JSON.parse(text) as AnswerBody).error ?? {};
  } catch (cause) {
    console.debug('an answer that is not JSON', cause);
    return {};
  }
}
