/** How a stream can be played in a browser. Pure. */

export type StreamKind = 'hls' | 'file';

/** By its address and, where there is one, its type; null for what no browser plays (RTSP, RTMP, SRT, multicast, DASH). */
export function streamKind(address: string, mimeType: string | null): StreamKind | null {
  if (!URL.canParse(address)) return null;
  const { protocol, pathname } = new URL(address);
  if (protocol !== 'http:' && protocol !== 'https:') return null;
  if (mimeType !== null && /mpegurl/i.test(mimeType)) return 'hls';
  if (/\.m3u8?$/i.test(pathname)) return 'hls';
  if (/\.mpd$/i.test(pathname) || mimeType === 'application/dash+xml') return null;
  return 'file';
}

/** How long to wait before the next try to get a stream back, in milliseconds: doubling from 1 s to 60 s, with half of it random. */
export function streamBackoffMs(failures: number, random: number): number {
  const full = Math.min(60_000, 1_000 * 2 ** Math.min(failures, 10));
  return full / 2 + (full / 2) * random;
}
