/** Addresses that players play from and this server never fetches: closed lists of schemes, so that none is a command. */
import { apiError } from '../errors.ts';

/** What each type of content may be played from. http and https carry HLS and DASH; udp and rtp are for multicast on a site. */
export const SCHEMES = {
  stream: ['https', 'http', 'rtsps', 'rtsp', 'rtmps', 'rtmp', 'srt', 'rtp', 'udp'],
  html: ['https', 'http'],
} as const;

/** Longest address, in characters. */
export const ADDRESS_CHARS_MAX = 2_048;

export type ExternalKind = keyof typeof SCHEMES;

function badAddress(message: string): Error {
  return apiError('VALIDATION_ERROR', 'The address is not valid', [{ field: 'url', message }]);
}

/**
 * The address as it is kept. Throws VALIDATION_ERROR unless it is absolute, of a scheme of its type, has a host, and carries no
 * credentials; cameras' streams may, because their players have no other way to sign in.
 */
export function externalAddress(kind: ExternalKind, text: string): string {
  // A browser drops spaces and control characters and reads what is left: what is checked must be what is played.
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u0020\u007f\\]/.test(text))
    throw badAddress('must not contain spaces, control characters or backslashes');
  if (!URL.canParse(text)) throw badAddress('must be an absolute address');
  const url = new URL(text);
  const schemes: readonly string[] = SCHEMES[kind];
  if (!schemes.includes(url.protocol.slice(0, -1))) {
    throw badAddress(`must begin with ${schemes.map((scheme) => `${scheme}://`).join(', ')}`);
  }
  if (url.hostname === '') throw badAddress('must name a host');
  if (kind !== 'stream' && url.username + url.password !== '') throw badAddress('must not contain credentials');
  if (url.href.length > ADDRESS_CHARS_MAX) throw badAddress(`must be at most ${ADDRESS_CHARS_MAX} characters`);
  return url.href;
}

/** The address without what may be secret in it: for the audit. */
export function withoutSecrets(address: string): string {
  const url = new URL(address);
  url.username = '';
  url.password = '';
  url.search = '';
  url.hash = '';
  return url.href;
}
