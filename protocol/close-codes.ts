/**
 * WebSocket close codes (RFC 6455 §7.4.2, private range). The range tells the device what to do, the code tells people why.
 * A close frame may be lost: a device that sees 1006 behaves as for `reconnect-backoff`.
 */
export type CloseAction = 'reconnect-now' | 'reconnect-backoff' | 'reconnect-after-wait' | 'stop-until-paired';

export const CLOSE_RANGES: readonly { from: number; to: number; action: CloseAction; meaning: string }[] = [
  { from: 4000, to: 4099, action: 'reconnect-now', meaning: 'reconnect at once with a small jitter' },
  { from: 4100, to: 4199, action: 'reconnect-backoff', meaning: 'reconnect with exponential backoff and full jitter' },
  {
    from: 4200,
    to: 4299,
    action: 'reconnect-after-wait',
    meaning: 'get what the code asks for (a token), wait, then reconnect',
  },
  {
    from: 4300,
    to: 4399,
    action: 'stop-until-paired',
    meaning: 'stop connecting until paired again; keep playing the cache',
  },
];

export const CLOSE_CODES = {
  DRAIN: { code: 4000, reason: 'drain' },
  RESYNC: { code: 4001, reason: 'resync' },
  SLOW: { code: 4101, reason: 'slow' },
  BAD_FRAMES: { code: 4102, reason: 'bad frames' },
  HELLO_TIMEOUT: { code: 4103, reason: 'hello timeout' },
  SILENT: { code: 4104, reason: 'silent' },
  RATE_LIMITED: { code: 4105, reason: 'rate limited' },
  OVERLOADED: { code: 4106, reason: 'overloaded' },
  UNAVAILABLE: { code: 4107, reason: 'unavailable' },
  INTERNAL: { code: 4108, reason: 'internal' },
  TOKEN_EXPIRED: { code: 4200, reason: 'token expired' },
  TOKEN_INVALID: { code: 4201, reason: 'token invalid' },
  REPLACED: { code: 4202, reason: 'replaced' },
  CREDENTIAL_ROTATED: { code: 4203, reason: 'credential rotated' },
  UNKNOWN_DEVICE: { code: 4300, reason: 'unknown device' },
  REVOKED: { code: 4301, reason: 'revoked' },
  PROTOCOL_TOO_OLD: { code: 4302, reason: 'protocol too old' },
} as const;

export type CloseName = keyof typeof CLOSE_CODES;

/** What a device does after a close with this code; codes outside the private ranges (1000-1015, 1006 above all) mean backoff. */
export function closeAction(code: number): CloseAction {
  return CLOSE_RANGES.find((range) => code >= range.from && code <= range.to)?.action ?? 'reconnect-backoff';
}
