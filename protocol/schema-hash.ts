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
  {
    version: 1,
    date: '2026-11-20',
    what: 'Added: layout, timing, deploymentId and distance of a schedule in the manifest (the hub before: anything); scheduleState and scheduleReason of a status; alertDeploymentId of a log entry',
    sha256: '54a1b16fa94ee15b4fca5c3f5e334f748933485059c2f4f057cf03745b0b9d1d',
  },
];
