import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../protocol/sync.ts';
import { namedFiles, planDownloads, requiredFiles } from './download-plan.ts';
import { isKeptManifest, isManifest } from './read-manifest.ts';
import { isNews, isTold, reportOf } from './schedule-report.ts';

const NOON = Date.parse('2026-11-20T12:00:00.000Z');

function sha(letter: string): string {
  return letter.repeat(64);
}

function content(id: number, sha256: string | null, url = `/media/${id}?expires=1`): Manifest['contentList'][number] {
  return { id, type: 'image', url, sha256, size: 10, mimeType: 'image/png', durationMs: null };
}

function schedule(id: number, contentIds: number[], start: string, end: string): Manifest['schedules'][number] {
  const zone = { id: 'main', x: 0, y: 0, width: 10, height: 10, items: contentIds.map((contentId) => ({ contentId })) };
  const layout = { width: 10, height: 10, zones: [zone] };
  return {
    id,
    name: `S${id}`,
    priority: 0,
    layout,
    timing: { timezone: 'UTC', windows: [{ start, end }] },
    deploymentId: id,
  };
}

const MANIFEST: Manifest = {
  version: 7,
  schedules: [
    schedule(1, [1, 4], '18:00', '20:00'),
    schedule(2, [2], '08:00', '17:00'),
    schedule(3, [3], '15:00', '16:00'),
  ],
  contentList: [
    content(1, sha('a')),
    content(2, sha('b')),
    content(3, sha('c')),
    content(4, sha('b')),
    content(5, null),
  ],
  prefetch: [content(9, sha('d')), content(2, sha('b'))],
};

describe('the plan of downloads', () => {
  it('has what an alert may show first, then what is on soonest, each file once', () => {
    const files = planDownloads(MANIFEST, NOON);
    expect(files.map(({ sha256 }) => sha256[0]).join('')).toBe('dbca');
    expect(files.find(({ sha256 }) => sha256 === sha('b'))?.contentIds.toSorted()).toEqual([2, 4]);
  });

  it('follows the clock', () => {
    const evening = NOON + 6 * 3_600_000;
    expect(
      planDownloads({ ...MANIFEST, prefetch: [] }, evening)
        .map(({ sha256 }) => sha256[0])
        .join(''),
    ).toBe('abc');
  });

  it('needs for playing what the schedules show, and nothing that is never stored', () => {
    expect(requiredFiles(MANIFEST).map(({ sha256 }) => sha256[0])).toEqual(['a', 'b', 'c']);
    expect([...namedFiles(MANIFEST)].map(([letter]) => letter)).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('a manifest that came or was kept', () => {
  it('is believed when it has all that playing needs', () => {
    expect(isManifest(MANIFEST)).toBe(true);
    expect(isKeptManifest({ epoch: 1, version: 7, etag: null, manifest: MANIFEST })).toBe(true);
    expect(isManifest({ ...MANIFEST, more: 1, version: null })).toBe(true);
  });

  it.each([
    ['nothing', null],
    ['a list', []],
    ['no schedules', { ...MANIFEST, schedules: undefined }],
    ['a layout without a size', { ...MANIFEST, schedules: [{ ...MANIFEST.schedules[0], layout: { zones: [] } }] }],
    [
      'an item without content',
      {
        ...MANIFEST,
        schedules: [
          {
            ...schedule(1, [], '08:00', '09:00'),
            layout: { width: 1, height: 1, zones: [{ id: 'z', x: 0, y: 0, width: 1, height: 1, items: [{}] }] },
          },
        ],
      },
    ],
    ['a hash that is none', { ...MANIFEST, contentList: [{ ...content(1, sha('a')), sha256: 'abc' }] }],
    ['a negative size', { ...MANIFEST, prefetch: [{ ...content(1, sha('a')), size: -1 }] }],
  ])('is not when it has %s', (_what, value) => {
    expect(isManifest(value)).toBe(false);
    expect(isKeptManifest({ epoch: 1, version: 7, etag: null, manifest: value })).toBe(false);
  });
});

describe('the word on a manifest', () => {
  const kept = (version: number, epoch = 1) => ({ epoch, version, etag: null, manifest: { ...MANIFEST, version } });
  const wanted = { epoch: 1, version: 8 };
  const nothing = { wanted, current: null, staged: null, trouble: null };

  it.each([
    ['nothing is scheduled', { ...nothing, wanted: { epoch: 1, version: null } }, null],
    ['nothing is known of it yet', nothing, null],
    ['the one before plays', { ...nothing, current: kept(7) }, { scheduleVersion: 7, scheduleState: 'applied' }],
    [
      'it is being fetched',
      { ...nothing, current: kept(7), staged: kept(8) },
      { scheduleVersion: 8, scheduleState: 'received' },
    ],
    ['it plays', { ...nothing, current: kept(8) }, { scheduleVersion: 8, scheduleState: 'applied' }],
    [
      'its addresses are renewed',
      { ...nothing, current: kept(8), staged: kept(8) },
      { scheduleVersion: 8, scheduleState: 'applied' },
    ],
    ['what plays is of another history', { ...nothing, current: kept(8, 2) }, null],
    [
      'its content is wrong',
      { ...nothing, current: kept(7), staged: kept(8), trouble: 'content 3: no space left' },
      { scheduleVersion: 8, scheduleState: 'failed', scheduleReason: 'content 3: no space left' },
    ],
    [
      'it cannot be read',
      { ...nothing, current: kept(7), trouble: 'the manifest cannot be read' },
      { scheduleVersion: 8, scheduleState: 'failed', scheduleReason: 'the manifest cannot be read' },
    ],
  ])('when %s', (_when, held, report) => {
    expect(reportOf(held)).toEqual(report);
  });

  it('is not given for the network’s ordinary moods', () => {
    expect(isTold({ kind: 'failed', why: 'HTTP 503', failures: 9 })).toBe(false);
    expect(isTold({ kind: 'refused', why: '403', failures: 1 })).toBe(false);
    expect(isTold({ kind: 'refused', why: '404', failures: 3 })).toBe(true);
    expect(isTold({ kind: 'corrupt', why: 'bytes', failures: 1 })).toBe(true);
  });

  it('is the same while only addresses of stored content change', () => {
    const renewed = { ...MANIFEST, contentList: MANIFEST.contentList.map((one) => ({ ...one, url: `${one.url}2` })) };
    const stored = { ...MANIFEST, contentList: MANIFEST.contentList.filter(({ sha256 }) => sha256 !== null) };
    const storedRenewed = { ...stored, contentList: stored.contentList.map((one) => ({ ...one, url: 'other' })) };
    expect([isNews(stored, storedRenewed), isNews(MANIFEST, renewed), isNews(MANIFEST, MANIFEST)]).toEqual([
      false,
      true,
      false,
    ]);
  });
});
