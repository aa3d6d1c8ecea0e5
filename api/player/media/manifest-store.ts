/**
 * The manifests that a player holds: `current` is what plays, `staged` what will play once its content is here.
 * Invariant: `promote` is one transaction, so whatever happens in it, afterwards the old or the new manifest is current, whole.
 */
import type { Manifest } from '../../../protocol/sync.ts';
import type { KeptManifest, PlayerDatabase, Slot } from './player-database.ts';
import { isKeptManifest } from './read-manifest.ts';

export interface ManifestStore {
  /** What is kept and is a manifest in every detail that playing needs. */
  load(scope: string): Promise<Readonly<Record<Slot, KeptManifest | null>>>;
  stage(scope: string, kept: KeptManifest): Promise<void>;
  /** Makes it the current one; nothing is staged afterwards. */
  promote(scope: string, kept: KeptManifest): Promise<void>;
  /** Forgets both. */
  forget(scope: string): Promise<void>;
  /** Of all players of this browser: their files must not be thrown away. */
  all(): Promise<Manifest[]>;
}

const SAFELY = { durability: 'strict' } as const;

export function databaseManifestStore(database: PlayerDatabase): ManifestStore {
  const read = async (scope: string, slot: Slot): Promise<KeptManifest | null> => {
    const kept: unknown = await database.get('manifests', [scope, slot]);
    return isKeptManifest(kept) ? kept : null;
  };
  return {
    load: async (scope) => ({ current: await read(scope, 'current'), staged: await read(scope, 'staged') }),
    async stage(scope, kept) {
      const work = database.transaction('manifests', 'readwrite', SAFELY);
      await Promise.all([work.store.put(kept, [scope, 'staged']), work.done]);
    },
    async promote(scope, kept) {
      const work = database.transaction('manifests', 'readwrite', SAFELY);
      await Promise.all([work.store.put(kept, [scope, 'current']), work.store.delete([scope, 'staged']), work.done]);
    },
    async forget(scope) {
      const work = database.transaction('manifests', 'readwrite', SAFELY);
      await Promise.all([work.store.delete([scope, 'current']), work.store.delete([scope, 'staged']), work.done]);
    },
    async all() {
      const kept: unknown[] = await database.getAll('manifests');
      return kept.filter(isKeptManifest).map(({ manifest }) => manifest);
    },
  };
}

/** Manifests that last as long as the page. */
export function memoryManifestStore(): ManifestStore {
  const kept = new Map<string, { current: KeptManifest | null; staged: KeptManifest | null }>();
  const of = (scope: string): { current: KeptManifest | null; staged: KeptManifest | null } =>
    kept.get(scope) ?? { current: null, staged: null };
  return {
    load: (scope) => Promise.resolve(of(scope)),
    stage(scope, staged) {
      kept.set(scope, { ...of(scope), staged });
      return Promise.resolve();
    },
    promote(scope, current) {
      kept.set(scope, { current, staged: null });
      return Promise.resolve();
    },
    forget(scope) {
      kept.delete(scope);
      return Promise.resolve();
    },
    all: () =>
      Promise.resolve(
        [...kept.values()].flatMap(({ current, staged }) =>
          [current, staged].flatMap((one) => (one === null ? [] : [one.manifest])),
        ),
      ),
  };
}
