/**
 * The little bit of storage a player needs: text by key, kept over reloads. In a browser it is localStorage, which may
 * be missing, forbidden or full; the player then lives on in memory and says so, instead of failing.
 */
export interface KeyValue {
  get(key: string): string | null;
  /** Answers whether the value is now really kept: `false` means that a reload will lose it. */
  set(key: string, value: string): boolean;
  remove(key: string): void;
}

/** Storage that lasts as long as the page. */
export function memoryKeyValue(): KeyValue {
  const values = new Map<string, string>();
  return {
    get: (key) => values.get(key) ?? null,
    set(key, value) {
      values.set(key, value);
      return false;
    },
    remove(key) {
      values.delete(key);
    },
  };
}

/**
 * localStorage, with a copy in memory for what it refuses. Every access may throw (SecurityError when site data is
 * blocked, QuotaExceededError when it is full); each is reported once to `onRefusal`.
 */
export function persistentKeyValue(storage: () => Storage, onRefusal: (cause: unknown) => void): KeyValue {
  const memory = memoryKeyValue();
  let refused = false;
  function attempt<T>(work: () => T, otherwise: T): T {
    try {
      return work();
    } catch (cause) {
      if (!refused) onRefusal(cause);
      refused = true;
      return otherwise;
    }
  }
  return {
    get: (key) => memory.get(key) ?? attempt(() => storage().getItem(key), null),
    set(key, value) {
      const kept = attempt(() => {
        storage().setItem(key, value);
        return true;
      }, false);
      if (kept) memory.remove(key);
      else memory.set(key, value);
      return kept;
    },
    remove(key) {
      memory.remove(key);
      attempt(() => {
        storage().removeItem(key);
      }, undefined);
    },
  };
}
