/**
 * The contract's version and its history, one line per version.
 *
 * 1 — 2026-11: first published contract. Subprotocols `podoh.v1.json` and `podoh.v1.msgpack`.
 *
 * The promise: within a version fields and message types are only added, and whoever receives something unknown
 * ignores it. Hubs are deployed before players. The hub speaks every version from PROTOCOL_VERSION_FLOOR on.
 */
export const PROTOCOL_VERSION = 1;
export const PROTOCOL_VERSION_FLOOR = 1;

/** WebSocket subprotocols, in the order the hub prefers them. */
export const SUBPROTOCOLS = ['podoh.v1.msgpack', 'podoh.v1.json'] as const;
export type Subprotocol = (typeof SUBPROTOCOLS)[number];

/** A browser cannot set headers on a WebSocket: it offers its token as one more subprotocol, `bearer.<token>`. */
export const BEARER_SUBPROTOCOL_PREFIX = 'bearer.';
