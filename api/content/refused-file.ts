/** What verification says of a file that is not taken, in words for whoever sent it. */
import { apiError } from '../errors.ts';

export class RefusedFile extends Error {
  override readonly name = 'RefusedFile';
  /** `unsupported`: no kind of file that players show. `broken`: of a kind that they show, and not fit to be shown. */
  readonly why: 'unsupported' | 'broken';

  constructor(why: RefusedFile['why'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.why = why;
  }
}

/** The refusal as the answer to an upload: 415 or 400, naming the file. */
export function refusalAnswer(refused: RefusedFile): Error {
  const details = [{ field: 'file', message: refused.message }];
  return refused.why === 'unsupported'
    ? apiError('UNSUPPORTED_MEDIA_TYPE', refused.message, details)
    : apiError('VALIDATION_ERROR', refused.message, details);
}
