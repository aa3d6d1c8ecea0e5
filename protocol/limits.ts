/**
 * Every limit of the wire contract: a name, a unit, and what happens past it.
 * Players may rely on these numbers; the hub enforces them.
 */

/** Largest frame or JSON body a device may send, in bytes. Past it: close 1009 (WebSocket) or 413 (HTTP). */
export const FRAME_BYTES_MAX = 16 * 1024;
/** Deepest nesting of objects and arrays in a frame or body. Past it: BAD_FRAME. */
export const FRAME_DEPTH_MAX = 8;
/** Most values (scalars, arrays, objects and keys together) in a frame or body. Past it: BAD_FRAME. */
export const FRAME_VALUES_MAX = 4096;
/** Frames not understood that a session may send before it is closed with 4102. */
export const BAD_FRAMES_MAX = 5;
/** The `hello` must arrive this long after the socket opened, in milliseconds. Past it: close 4103. */
export const HELLO_DEADLINE_MS = 5_000;
/** Receipts in one frame or batch. */
export const RECEIPTS_MAX = 100;
/** Proof-of-play entries in one frame or batch. */
export const LOG_ENTRIES_MAX = 100;
/** Command updates in one heartbeat. */
export const COMMAND_UPDATES_MAX = 20;
/** Deployments a device may list as displayed in its `hello`. */
export const DISPLAYED_MAX = 64;
/**
 * Frames per second a session may send on average; bursts up to FRAME_BURST. Past it: close 4105. A good player answers an
 * alert with three frames and its end with two: ten alerts a second must not close it.
 */
export const FRAMES_PER_SECOND = 50;
/** Frames a session may send at once. */
export const FRAME_BURST = 300;
/** A command's result file (a screenshot), in bytes. Past it: 413. */
export const COMMAND_FILE_BYTES_MAX = 5 * 1024 * 1024;
/** Longest access token accepted, in bytes: the whole upgrade request must stay under 4 KiB of headers. */
export const TOKEN_BYTES_MAX = 1536;
/** Longest wait a heartbeat may ask for, in seconds. */
export const WAIT_SECONDS_MAX = 25;
/** The hub says the whole state again to a session that has not confirmed a pushed rev after this, in milliseconds. */
export const CONFIRM_WITHIN_MS = 3_000;
/** Bytes waiting in a session's send buffer. Past it: the session is closed with 4101 and comes back for the whole state. */
export const SEND_BUFFER_BYTES_MAX = 256 * 1024;
/** Largest frame the hub sends, in bytes: one that is larger could never leave the buffer above. */
export const DOWN_BYTES_MAX = SEND_BUFFER_BYTES_MAX;
/** Most values in a frame from the hub; nested no deeper than FRAME_DEPTH_MAX either. */
export const DOWN_VALUES_MAX = 65_536;
