/** Which streams a browser plays, and how soon one that went away is tried again. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { streamBackoffMs, streamKind } from './stream-address.ts';

it.each<[string, string | null, ReturnType<typeof streamKind>]>([
  ['https://cam.example.com/live/1.m3u8?token=x', null, 'hls'],
  ['http://cam.example.com/live', 'application/vnd.apple.mpegurl', 'hls'],
  ['https://cam.example.com/loop.mp4', null, 'file'],
  ['https://cam.example.com/live.webm', null, 'file'],
  ['https://cam.example.com/live.mpd', null, null],
  ['rtsp://cam.example.com/1', null, null],
  ['udp://239.0.0.1:1234', null, null],
  ['javascript:alert(1)', null, null],
  ['nonsense', null, null],
])('%s of type %s is %s', (address, type, kind) => {
  expect(streamKind(address, type)).toBe(kind);
});

it('property: tries come later and later, never at once and never more than a minute apart', () => {
  fc.assert(
    fc.property(fc.nat(1_000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
      const ms = streamBackoffMs(failures, random);
      expect(ms).toBeGreaterThanOrEqual(500);
      expect(ms).toBeLessThanOrEqual(60_000);
      expect(streamBackoffMs(failures + 1, random)).toBeGreaterThanOrEqual(ms);
    }),
  );
});
