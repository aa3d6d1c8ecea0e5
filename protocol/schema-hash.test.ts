/** The contract has the fingerprint that is pinned; the history of its changes grows and agrees with the version. */
import { createHash } from 'node:crypto';
import { assert, expect, test } from 'vitest';
import { CLOSE_CODES, CLOSE_RANGES } from './close-codes.ts';
import { DOWN_SCHEMAS } from './down.ts';
import { ERROR_STATUS, FRAME_ERRORS } from './errors.ts';
import * as limits from './limits.ts';
import { SCHEMA_HASHES } from './schema-hash.ts';
import { SYNC_SCHEMAS } from './sync.ts';
import { UP_SCHEMAS } from './up.ts';
import { BEARER_SUBPROTOCOL_PREFIX, PROTOCOL_VERSION, PROTOCOL_VERSION_FLOOR, SUBPROTOCOLS } from './version.ts';

/** Keys sorted at every depth; descriptions left out, because better words are not another contract. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key, inner]) => key !== 'description' || typeof inner !== 'string');
  return Object.fromEntries(
    entries.map(([key, inner]) => [key, canonical(inner)] as const).sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}

function fingerprint(up: unknown = UP_SCHEMAS): string {
  const ranges = CLOSE_RANGES.map(({ from, to, action }) => ({ from, to, action }));
  const contract = {
    schemas: { up, down: DOWN_SCHEMAS, sync: SYNC_SCHEMAS },
    close: { codes: CLOSE_CODES, ranges },
    errors: { http: ERROR_STATUS, frames: FRAME_ERRORS },
    limits: { ...limits },
    version: { version: PROTOCOL_VERSION, floor: PROTOCOL_VERSION_FLOOR, SUBPROTOCOLS, BEARER_SUBPROTOCOL_PREFIX },
  };
  return createHash('sha256')
    .update(JSON.stringify(canonical(contract)))
    .digest('hex');
}

const WHAT_TO_DO =
  'The wire contract changed. If that was not intended, take the change back. If it was: check that players in the field can ' +
  'live with it (fields and types only added, limits only loosened; otherwise raise PROTOCOL_VERSION in version.ts with a line ' +
  'of history), append an entry with this hash to SCHEMA_HASHES in schema-hash.ts, run `npm run docs:generate`, and bring ' +
  'protocol/README.md up to date.';

test('the contract is the one that is pinned', () => {
  assert.equal(fingerprint(), SCHEMA_HASHES.at(-1)?.sha256, WHAT_TO_DO);
});

test('control: one more optional field is another fingerprint, another description is not', () => {
  const more = structuredClone(UP_SCHEMAS) as unknown as Record<string, { properties: Record<string, unknown> }>;
  more['applied']!.properties['later'] = { type: 'string' };
  expect(fingerprint(more)).not.toBe(fingerprint());
  const reworded = structuredClone(UP_SCHEMAS) as unknown as Record<string, { description?: string }>;
  reworded['applied']!.description = 'said otherwise';
  expect(fingerprint(reworded)).toBe(fingerprint());
});

test('the history is in order, has no line twice, and ends with the version in force', () => {
  const versions = SCHEMA_HASHES.map((entry) => entry.version);
  expect(versions).toEqual([...versions].sort((one, other) => one - other));
  expect(SCHEMA_HASHES.at(-1)?.version).toBe(PROTOCOL_VERSION);
  expect(new Set(SCHEMA_HASHES.map((entry) => entry.sha256)).size).toBe(SCHEMA_HASHES.length);
  for (const entry of SCHEMA_HASHES) expect(entry.sha256).toMatch(/^[0-9a-f]{64}$/);
});
