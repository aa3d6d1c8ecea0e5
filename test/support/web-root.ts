import { fileURLToPath } from 'node:url';

/** Folder of a built page; `npm test` builds them before. */
export function webRoot(page: string): string {
  return fileURLToPath(new URL(`../../dist/${page}`, import.meta.url));
}
