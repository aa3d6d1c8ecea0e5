import { expect, it } from 'vitest';
import { SteadyAddresses } from './steady-addresses.ts';

const MINUTE_MS = 60_000;
const address = (path: string, endsAtMs: number): string => `/media/${path}?expires=${endsAtMs / 1_000}&signature=abc`;

it('an address stays the same while it is good, and gives way to the next when it runs out or fails', () => {
  let nowMs = 0;
  const steady = new SteadyAddresses(() => nowMs);
  const [first, second, third] = [15, 20, 40].map((minutes) => address('a', minutes * MINUTE_MS));
  expect(steady.of(first ?? '')).toBe(first);
  expect(steady.of(second ?? '')).toBe(first);
  expect(steady.of(address('b', MINUTE_MS * 15))).not.toBe(first);
  nowMs = 14 * MINUTE_MS;
  expect(steady.of(second ?? '')).toBe(second);
  steady.refuse(second ?? '');
  expect(steady.of(second ?? '')).toBe(second);
  expect(steady.of(third ?? '')).toBe(third);
});

it('addresses elsewhere are left alone', () => {
  const steady = new SteadyAddresses(() => 0);
  for (const one of ['https://a.example/x', 'https://a.example/x?y=1', 'rtsp://camera/1'])
    expect(steady.of(one)).toBe(one);
});
