/** Housekeeping of content: uploads that ran out, objects that nobody needs. */
import type { ContentParts } from './content-parts.ts';
import { endExpiredUploads } from './direct-upload.ts';
import { sweepDue } from './object-keeper.ts';

/** Runs it once. */
export async function keepContent(parts: ContentParts): Promise<void> {
  await endExpiredUploads(parts);
  await sweepDue(parts);
}
