/** What the player's service worker answers from its cache. Pure. */

/** The files of one build of the player, relative to its folder; `version` names exactly these. */
export interface ShellFiles {
  readonly version: string;
  readonly files: readonly string[];
}

/** Prefix of the caches of shells: one cache is one build, whole. */
export const SHELL_CACHE = 'podoh-player-shell-';

/**
 * The file of the shell that a request is for, relative to the player's folder, or null when it is none: whatever else is asked
 * for (config.json, the API, media) goes to the network as if there were no worker.
 * @param scope address of the player's folder, with its slash
 */
export function shellFileOf(url: string, scope: string, shell: ShellFiles): string | null {
  const asked = new URL(url);
  const folder = new URL(scope);
  if (asked.origin !== folder.origin || !asked.pathname.startsWith(folder.pathname)) return null;
  const name = asked.pathname.slice(folder.pathname.length);
  if (name === '' || name === 'index.html') return 'index.html';
  // Assets carry their content in their names: one of an older build is asked for by a page that still runs from it.
  return name.startsWith('assets/') || shell.files.includes(name) ? name : null;
}

/**
 * Caches of builds that are not needed any more: all but the newest and the one before it, from which pages may still be running.
 * @param names in the order in which they were made
 */
export function outdatedCaches(names: readonly string[], newest: string): string[] {
  return names.filter((name) => name.startsWith(SHELL_CACHE) && name !== newest).slice(0, -1);
}
