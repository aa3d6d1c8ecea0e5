/**
 * What a signed-in browser keeps: the refresh token, shared by its tabs. The access token is never stored.
 *
 * A storage that refuses (a browser set to keep nothing) keeps it for this tab alone.
 */
const KEY = 'podoh.console.refresh-token';

export interface StoredSession {
  read(): string | null;
  write(refreshToken: string | null): void;
  /** Tells when another tab signed in, refreshed or signed out. Returns what ends the listening. */
  onChanged(listener: (refreshToken: string | null) => void): () => void;
}

/** @param storage e.g. `localStorage` */
export function storedSession(storage: Storage): StoredSession {
  let own: string | null = null;
  let refused = false;
  return {
    read() {
      return refused ? own : storage.getItem(KEY);
    },
    write(refreshToken) {
      own = refreshToken;
      try {
        if (refreshToken === null) storage.removeItem(KEY);
        else storage.setItem(KEY, refreshToken);
      } catch (cause) {
        refused = true;
        console.warn('this browser keeps nothing: signing in holds for this tab', cause);
      }
    },
    onChanged(listener) {
      const heard = (event: StorageEvent): void => {
        if (event.storageArea === storage && event.key === KEY) listener(event.newValue);
      };
      addEventListener('storage', heard);
      return () => removeEventListener('storage', heard);
    },
  };
}
