import { fileURLToPath } from 'node:url';

/** Folder of the built pages; `npm test` builds them before. */
export const WEB_ROOT = fileURLToPath(new URL('../../dist', import.meta.url));
