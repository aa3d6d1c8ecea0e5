import { expect, test } from 'vitest';
import { createMediaSigner } from './media-signer.ts';

const NOW = Date.UTC(2026, 10, 20, 9);
const signer = createMediaSigner(Buffer.alloc(32, 1));

function parts(address: string): { key: string; expires: string; signature: string } {
  const url = new URL(address, 'http://here');
  return {
    key: url.pathname.slice('/media/'.length),
    expires: url.searchParams.get('expires') ?? '',
    signature: url.searchParams.get('signature') ?? '',
  };
}

test('an address is good until it runs out, to the second', () => {
  const { key, expires, signature } = parts(signer.sign('content/1/abc', NOW + 500));
  expect(key).toBe('content/1/abc');
  expect(signer.verify(key, expires, signature, NOW + 999)).toBe('good');
  expect(signer.verify(key, expires, signature, NOW + 1_000)).toBe('expired');
});

test('the same arguments give the same address, on every node that has the key', () => {
  expect(createMediaSigner(Buffer.alloc(32, 1)).sign('a', NOW)).toBe(signer.sign('a', NOW));
  expect(createMediaSigner(Buffer.alloc(32, 2)).sign('a', NOW)).not.toBe(signer.sign('a', NOW));
});

test('another key, another expiry and another signature are forged', () => {
  const { key, expires, signature } = parts(signer.sign('content/1/abc', NOW + 60_000));
  expect(signer.verify('content/2/abc', expires, signature, NOW)).toBe('forged');
  expect(signer.verify(key, String(Number(expires) + 1), signature, NOW)).toBe('forged');
  expect(signer.verify(key, `0${expires}`, signature, NOW)).toBe('forged');
  expect(signer.verify(key, expires, '', NOW)).toBe('forged');
  expect(signer.verify(key, expires, `${signature.slice(0, -1)}A`, NOW)).toBe('forged');
  expect(signer.verify(key, '', '', NOW)).toBe('forged');
});
