/**
 * Conditional edits (RFC 9110 §13.1.1): `If-Match: "<version>"` stands for `version` in the body, and a versioned resource tells its
 * version as `ETag: "<version>"`. A stale one is 409 VERSION_CONFLICT, the same as with `version`: the CMS contract says so.
 */
import type { TSchema } from 'typebox';
import { apiError } from './errors.ts';

interface ObjectNode {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, { readonly type?: string }>>;
  readonly required?: readonly string[];
}

const ENTITY_TAG = /^"([1-9]\d{0,15})"$/;

/** Whether an object schema has `version` as a number, and whether it must be there; null when it has none. */
export function versionOf(schema: TSchema): { readonly required: boolean } | null {
  const { type, properties, required = [] } = schema as ObjectNode;
  if (type !== 'object' || properties?.['version']?.type !== 'integer') return null;
  return { required: required.includes('version') };
}

/** The entity tag of a version. */
export function entityTag(version: number): string {
  return `"${version}"`;
}

function refused(message: string): Error {
  return apiError('VALIDATION_ERROR', 'The If-Match header is not valid', [{ field: 'If-Match', message }]);
}

/**
 * The body with the header's version in it. Throws VALIDATION_ERROR for a header that names no single version (`*`, a list, a weak
 * tag), for one that says something else than the body, and for one on a call that takes no version: it would be ignored, and
 * what it was to prevent would happen.
 */
export function withMatchedVersion(body: unknown, header: string | undefined, takesVersion: boolean): unknown {
  if (header === undefined) return body;
  if (!takesVersion) throw refused('this call takes no version');
  const digits = ENTITY_TAG.exec(header.trim())?.[1];
  const version = Number(digits);
  if (digits === undefined || !Number.isSafeInteger(version)) throw refused('must be one version in quotes, as "7"');
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  if (!Object.hasOwn(body, 'version')) return { ...body, version };
  if ((body as { version: unknown }).version !== version) throw refused('says another version than the body');
  return body;
}
