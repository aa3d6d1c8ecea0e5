/**
 * The pinned fingerprint of the contract: SHA-256 over the canonical JSON of every schema, close code, error code, limit and
 * subprotocol, without descriptions. schema-hash.test.ts computes it anew, so that the contract cannot change by accident.
 *
 * One line per change, the newest last. What may change within a version is in version.ts: fields and types are only added, limits
 * only loosened, hubs deployed before players. Anything else is a new version.
 */
export const SCHEMA_HASHES: readonly {
  readonly version: number;
  readonly date: string;
  readonly what: string;
  readonly sha256: string;
}[] = [
  {
    version: 1,
    date: '2026-11-20',
    what: 'First published contract',
    sha256: '79a8f978e86a01bc661c2f0afd8b699968093da884af65a3ffd6fb51a9364b55',
  },
];
