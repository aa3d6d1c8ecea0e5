import { describe, expect, it } from 'vitest';
import { persistentKeyValue } from './key-value.ts';

/** A Storage whose every access fails, as when site data is blocked. */
function blocked(): Storage {
  throw new DOMException('The operation is insecure.', 'SecurityError');
}

/** A Storage with room for values of at most two characters. */
function small(): Storage {
  const values = new Map<string, string>();
  return {
    length: 0,
    clear: () => values.clear(),
    key: () => null,
    getItem: (key) => values.get(key) ?? null,
    removeItem: (key) => void values.delete(key),
    setItem(key, value) {
      if (value.length > 2) throw new DOMException('full', 'QuotaExceededError');
      values.set(key, value);
    },
  };
}

describe('persistentKeyValue', () => {
  it('lives on in memory when storage is forbidden, and says that nothing is kept', () => {
    const refusals: unknown[] = [];
    const keyValue = persistentKeyValue(blocked, (cause) => refusals.push(cause));
    expect(keyValue.get('a')).toBeNull();
    expect(keyValue.set('a', '1')).toBe(false);
    expect(keyValue.get('a')).toBe('1');
    keyValue.remove('a');
    expect(keyValue.get('a')).toBeNull();
    expect(refusals).toHaveLength(1);
  });

  it('never answers with an older value than the last one set', () => {
    const storage = small();
    const keyValue = persistentKeyValue(
      () => storage,
      () => undefined,
    );
    expect(keyValue.set('a', '1')).toBe(true);
    expect(keyValue.set('a', 'long')).toBe(false);
    expect(keyValue.get('a')).toBe('long');
    expect(keyValue.set('a', '2')).toBe(true);
    expect([keyValue.get('a'), storage.getItem('a')]).toEqual(['2', '2']);
  });
});
