import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { describe, expect, test } from 'vitest';
import { addressKey, Admission } from './admission.ts';

const PER_MINUTE = 30;

function admission(trustProxy: boolean | readonly string[] = false): Admission {
  return new Admission({ perMinute: PER_MINUTE, trustProxy });
}

/** What uWebSockets.js says of a request from this peer with this header. */
function request(peer: string, forwarded = ''): [HttpResponse, HttpRequest] {
  const res = { getRemoteAddressAsText: () => new TextEncoder().encode(peer).buffer };
  const lines = forwarded === '' ? [] : forwarded.split('\n').map((line) => ['x-forwarded-for', line] as const);
  const req = { forEach: (tell: (name: string, value: string) => void) => lines.forEach((line) => tell(...line)) };
  return [res as unknown as HttpResponse, req as unknown as HttpRequest];
}

describe('who may try', () => {
  test('[INV-8] an address that failed often enough is refused, until its bucket has refilled', () => {
    const gate = admission();
    for (let failure = 0; failure < PER_MINUTE; failure += 1) {
      expect(gate.mayTry('192.0.2.1', 1_000)).toBe(true);
      gate.failed('192.0.2.1', 1_000);
    }
    expect(gate.mayTry('192.0.2.1', 1_000)).toBe(false);
    expect(gate.mayTry('192.0.2.2', 1_000)).toBe(true);
    expect(gate.mayTry('192.0.2.1', 2_999)).toBe(false);
    expect(gate.mayTry('192.0.2.1', 3_000)).toBe(true);
  });

  test('only failures count: a site of a thousand screens behind one address is never refused for its size', () => {
    const gate = admission();
    for (let request = 0; request < 10_000; request += 1) expect(gate.mayTry('192.0.2.1', 1_000)).toBe(true);
    for (let request = 0; request < 10_000; request += 1) expect(gate.mayProve('192.0.2.1', 1_000)).toBe(true);
  });

  test('[INV-8] an address over its limit still proves itself, in a slow lane', () => {
    const gate = admission();
    for (let failure = 0; failure < PER_MINUTE; failure += 1) gate.failed('192.0.2.1', 1_000);
    const passed = Array.from({ length: 100 }, () => gate.mayProve('192.0.2.1', 1_000)).filter(Boolean).length;
    expect(passed).toBe(50);
    expect(gate.mayProve('192.0.2.1', 1_020)).toBe(true);
    expect(gate.mayProve('192.0.2.1', 1_020)).toBe(false);
  });
});

describe("the caller's address", () => {
  test.each([
    ['nobody is trusted', false, '192.0.2.1', '203.0.113.9', '192.0.2.1'],
    ['everybody is trusted', true, '192.0.2.1', '203.0.113.9', '203.0.113.9'],
    ['the proxy is trusted', ['192.0.2.0/24'], '192.0.2.1', '203.0.113.9', '203.0.113.9'],
    ['the proxy is trusted by its address', ['192.0.2.1'], '192.0.2.1', '203.0.113.9', '203.0.113.9'],
    ['another proxy is trusted', ['198.51.100.7'], '192.0.2.1', '203.0.113.9', '192.0.2.1'],
    ['only the last entry is the proxy’s own', true, '192.0.2.1', '10.0.0.1, 203.0.113.9', '203.0.113.9'],
    ['the proxy adds a line of its own', true, '192.0.2.1', '10.0.0.1\n203.0.113.9', '203.0.113.9'],
    ['what is no address is not believed', true, '192.0.2.1', 'a'.repeat(5_000), '192.0.2.1'],
    ['an empty header says nothing', true, '192.0.2.1', '', '192.0.2.1'],
    ['an IPv6 proxy is trusted', ['2001:db8::/32'], '2001:db8::1', '203.0.113.9', '203.0.113.9'],
  ] as const)('when %s', (_what, trustProxy, peer, forwarded, expected) => {
    expect(admission(trustProxy).addressOf(...request(peer, forwarded))).toBe(expected);
  });

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:0db8:0000:0000:aaaa:bbbb:cccc:dddd', '2001:0db8:0000:0000'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['0000:0000:0000:0000:0000:ffff:c000:0201', '0000:0000:0000:0000:0000:ffff:c000:0201'],
  ])('%s counts as %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  test('[INV-8] one IPv6 host has one bucket, not 2^64 of them', () => {
    const gate = admission();
    for (let host = 0; host < PER_MINUTE; host += 1) gate.failed(`2001:db8:1:2::${host.toString(16)}`, 1_000);
    expect(gate.mayTry('2001:db8:1:2:ffff::1', 1_000)).toBe(false);
    expect(gate.mayTry('2001:db8:1:3::1', 1_000)).toBe(true);
  });
});
