/** What columns hold, over all tables. */

/** JSON as text: parse it at the edge that reads it. */
export type JsonText = string;

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

export type Flag = 0 | 1;

export type TargetKind = 'group' | 'device';
