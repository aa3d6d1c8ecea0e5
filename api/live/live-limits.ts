/** What the live feed holds and waits for at most, and the codes with which it closes. */

export interface LiveLimits {
  /** Sockets of one user in this process. Past it: 429 at the upgrade, 4429 after it. */
  readonly userSocketsMax: number;
  /** Sockets of this process. Past it: 503 at the upgrade. */
  readonly socketsMax: number;
  /** Sockets that have not said yet who they are. Past it: 503 at the upgrade. */
  readonly waitingMax: number;
  /** How long a socket may wait to say who it is, in milliseconds. Past it: 4401. */
  readonly authMs: number;
  /** Largest message of a client, in bytes. Past it: 1009. */
  readonly messageBytesMax: number;
  /** Messages, pings and pongs of a client in one window. Past it: 4429. */
  readonly messagesPerWindow: number;
  readonly messageWindowMs: number;
  /** Bytes that wait for a slow reader. Past it: 4408. */
  readonly bufferedBytesMax: number;
  /** How often a peer is pinged, in milliseconds; one that missed two pings is cut at the third. */
  readonly pingMs: number;
  /** How long a closing socket may take to say goodbye, in milliseconds. Past it: it is cut. */
  readonly goodbyeMs: number;
  /** How often the database is looked at, in milliseconds; a hint makes it sooner, but not before `hintMs` after the last look. */
  readonly pollMs: number;
  readonly hintMs: number;
}

export const LIVE_LIMITS: LiveLimits = {
  userSocketsMax: 10,
  socketsMax: 2_000,
  waitingMax: 200,
  authMs: 5_000,
  messageBytesMax: 4_096,
  messagesPerWindow: 30,
  messageWindowMs: 10_000,
  bufferedBytesMax: 256 * 1024,
  pingMs: 9_000,
  goodbyeMs: 1_000,
  pollMs: 400,
  hintMs: 100,
};

/** Close codes (RFC 6455 §7.4.2). 4400 to 4499 read like the HTTP statuses they end with. */
export const LIVE_CLOSE = {
  GOING_AWAY: { code: 1001, reason: 'going away' },
  INTERNAL: { code: 1011, reason: 'internal' },
  TRY_AGAIN: { code: 1013, reason: 'try again later' },
  BAD_MESSAGE: { code: 4400, reason: 'bad message' },
  UNAUTHENTICATED: { code: 4401, reason: 'unauthenticated' },
  SLOW: { code: 4408, reason: 'slow reader' },
  TOO_MANY: { code: 4429, reason: 'too many' },
} as const;

export type LiveCloseName = keyof typeof LIVE_CLOSE;
