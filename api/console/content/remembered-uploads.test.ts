import { describe, expect, it } from 'vitest';
import { fingerprintOf, RememberedUploads, type RememberedUpload } from './remembered-uploads.ts';

function storage(): Pick<Storage, 'getItem' | 'setItem'> & { readonly kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return { kept, getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
}

const film: RememberedUpload = {
  fingerprint: fingerprintOf({ name: 'film.mp4', size: 1_000, lastModified: 7 }),
  userId: 1,
  uploadId: 10,
  fileName: 'film.mp4',
  sizeBytes: 1_000,
  sentBytes: 0,
  expiresAtMs: 100_000,
};

describe('remembered uploads', () => {
  let nowMs = 0;
  const tabs: string[] = [];
  const parts = (shared = storage(), own = storage()) => ({
    shared,
    own,
    nowMs: () => nowMs,
    newKey: () => {
      tabs.push(`tab-${tabs.length}`);
      return tabs.at(-1) ?? '';
    },
  });

  it('are found by the tab that sent them after a reload, by another one only when it has stopped', () => {
    nowMs = 1_000;
    const [shared, own] = [storage(), storage()];
    new RememberedUploads(parts(shared, own)).keep(film);
    const [reloaded, other] = [
      new RememberedUploads(parts(shared, own)),
      new RememberedUploads(parts(shared, storage())),
    ];
    expect(reloaded.of(1)).toMatchObject([film]);
    expect(other.of(1)).toEqual([]);
    nowMs += 14_000;
    reloaded.keep({ ...film, sentBytes: 400 });
    nowMs += 14_000;
    expect(other.of(1)).toEqual([]);
    nowMs += 2_000;
    expect(other.of(1)).toMatchObject([{ sentBytes: 400 }]);
  });

  it('are the own of a user, end with the time that the server waits, and can be forgotten', () => {
    nowMs = 0;
    const remembered = new RememberedUploads(parts());
    remembered.keep(film);
    remembered.keep({ ...film, uploadId: 11 });
    expect(remembered.of(2)).toEqual([]);
    remembered.forget(11);
    expect(remembered.of(1)).toHaveLength(1);
    nowMs = 100_000;
    expect(remembered.of(1)).toEqual([]);
  });

  it.each(['', 'null', '{}', '[null,1,"a",{"uploadId":1}]', 'not JSON'])('pass over what is none (%j)', (text) => {
    nowMs = 0;
    const shared = storage();
    shared.kept.set('podoh.console.uploads', text);
    const remembered = new RememberedUploads(parts(shared));
    expect(remembered.of(1)).toEqual([]);
    remembered.keep(film);
    expect(remembered.of(1)).toHaveLength(1);
  });

  it('are not, in a browser that keeps nothing', () => {
    const refusing = {
      getItem: () => null,
      setItem: () => {
        throw new DOMException('quota', 'QuotaExceededError');
      },
    };
    const remembered = new RememberedUploads({ ...parts(), shared: refusing, own: refusing });
    remembered.keep(film);
    expect(remembered.of(1)).toEqual([]);
  });

  it('know a file by name, length and time of change', () => {
    const file = { name: 'a', size: 1, lastModified: 2 };
    expect(fingerprintOf({ ...file })).toBe(fingerprintOf(file));
    for (const other of [{ name: 'b' }, { size: 2 }, { lastModified: 3 }])
      expect(fingerprintOf({ ...file, ...other })).not.toBe(fingerprintOf(file));
  });
});
