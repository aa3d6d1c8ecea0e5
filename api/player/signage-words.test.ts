import { describe, expect, it } from 'vitest';
import { idleWords } from './idle-view.ts';
import type { DownloadProgress } from './media/downloads.ts';
import { progressOf, readableBytes } from './signage-words.ts';

const SHA = { a: 'a'.repeat(64), b: 'b'.repeat(64) };

function content(id: number, sha256: string | null, size: number | null) {
  return { id, type: 'image' as const, url: '/a', sha256, size, mimeType: null, durationMs: null };
}

function progress(sha256: string, state: DownloadProgress['state'], bytes: number, why?: string): DownloadProgress {
  const trouble = why === undefined ? null : { kind: 'failed' as const, why, failures: 1 };
  return { file: { sha256, url: '/a', size: 1, mimeType: '', contentIds: [1] }, state, bytes, trouble };
}

describe('the words of an idle screen', () => {
  const contentList = [content(1, SHA.a, 2_000_000), content(2, SHA.b, 1_000_000), content(3, null, null)];
  const staged = {
    epoch: 1,
    version: 2,
    etag: null,
    manifest: { version: 2, schedules: [], contentList, prefetch: [] },
  };

  it('say that nothing is scheduled', () => {
    expect(idleWords(progressOf(null, []))).toBe('Nothing is scheduled');
  });

  it('say how far the content is, and why it does not go on', () => {
    const downloads = [
      progress(SHA.a, 'whole', 2_000_000),
      progress(SHA.b, 'fetching', 500_000),
      progress('c', 'whole', 9),
    ];
    expect(idleWords(progressOf(staged, downloads))).toBe('Getting ready: 1 of 2 files · 2.5 MB of 3.0 MB');
    const stuck = [progress(SHA.a, 'whole', 2_000_000), progress(SHA.b, 'delayed', 0, 'HTTP 503')];
    expect(idleWords(progressOf(staged, stuck))).toContain('trying again: HTTP 503');
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1 kB'],
    [812_400, '812 kB'],
    [999_600, '1.0 MB'],
    [3_420_000, '3.4 MB'],
    [123_400_000, '123 MB'],
    [1_230_000_000, '1.2 GB'],
  ])('%i bytes are %s', (bytes, text) => {
    expect(readableBytes(bytes)).toBe(text);
  });
});
