/** Storing what was verified, under the name of its hash. */
import { createReadStream } from 'node:fs';
import type { ContentTable } from '../../migrations/content-tables.ts';
import type { ContentParts } from './content-parts.ts';
import { contentKey, thumbnailKey } from './object-keeper.ts';
import { diskFailure, type QuarantinedFile } from './quarantine.ts';
import type { VerifiedFile } from './verify-file.ts';

/** Stores file and thumbnail; bytes that are there already are not sent again. The caller holds the object. */
export async function storeVerified(
  { objects }: Pick<ContentParts, 'objects'>,
  tenantId: number,
  file: QuarantinedFile,
  verified: VerifiedFile,
): Promise<void> {
  const key = contentKey(tenantId, file.sha256);
  try {
    if ((await objects.stat(key))?.sizeBytes !== file.sizeBytes) {
      await objects.put(key, createReadStream(file.path), verified.mimeType);
    }
    if (verified.thumbnail !== null) {
      await objects.put(thumbnailKey(tenantId, file.sha256), verified.thumbnail, 'image/webp');
    }
  } catch (error) {
    throw diskFailure(error);
  }
}

/** What of a content's row comes from its bytes. */
export function verifiedColumns(
  tenantId: number,
  file: QuarantinedFile,
  verified: VerifiedFile,
): Pick<
  ContentTable,
  | 'type'
  | 'storage_key'
  | 'thumbnail_key'
  | 'sha256'
  | 'size_bytes'
  | 'mime_type'
  | 'width'
  | 'height'
  | 'duration_ms'
  | 'probe'
> {
  return {
    type: verified.type,
    storage_key: contentKey(tenantId, file.sha256),
    thumbnail_key: verified.thumbnail === null ? null : thumbnailKey(tenantId, file.sha256),
    sha256: file.sha256,
    size_bytes: file.sizeBytes,
    mime_type: verified.mimeType,
    width: verified.width,
    height: verified.height,
    duration_ms: verified.durationMs,
    probe: verified.probe === null ? null : JSON.stringify(verified.probe),
  };
}
