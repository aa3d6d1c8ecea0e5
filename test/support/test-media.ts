import { createMediaSigner } from '../../hub/media-signer.ts';

/** Signs media addresses in tests; everybody in one process agrees on them. */
export const TEST_MEDIA = createMediaSigner(Buffer.alloc(32, 7));
