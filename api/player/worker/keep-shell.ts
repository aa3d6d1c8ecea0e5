/** The page's side of the service worker: has it registered, and has a newer build taken before a reload. */

/** A reload waits this long for a newer build, in milliseconds. */
const NEWEST_MS_MAX = 10_000;

/** Has the page kept for a start without a network, where the browser allows it. */
export function keepShell(log: (line: string) => void): void {
  if (!hasWorkers()) {
    log('this page needs the network to start: no service workers on plain HTTP');
    return;
  }
  navigator.serviceWorker
    .register(new URL('player-worker.js', document.baseURI))
    .catch((cause: unknown) => log(`this page needs the network to start: ${String(cause)}`));
}

/** Resolves when the newest build that can be had now is the one that a reload will show; it never takes long and never fails. */
export async function newestShell(log: (line: string) => void): Promise<void> {
  if (!hasWorkers()) return;
  const deadline = new Promise<void>((resolve) => setTimeout(resolve, NEWEST_MS_MAX));
  await Promise.race([update(log), deadline]);
}

async function update(log: (line: string) => void): Promise<void> {
  try {
    const registration = await (await navigator.serviceWorker.getRegistration())?.update();
    const next = registration === undefined ? null : (registration.installing ?? registration.waiting);
    if (next !== null) await settled(next);
  } catch (cause) {
    // Without a network there is none to be had.
    log(`no newer player could be looked for: ${String(cause)}`);
  }
}

/** Installed and active, or given up. */
function settled(worker: ServiceWorker): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (worker.state === 'activated' || worker.state === 'redundant') resolve();
    };
    worker.addEventListener('statechange', look);
    look();
  });
}

/** Absent on plain HTTP, whatever the types say. */
function hasWorkers(): boolean {
  return 'serviceWorker' in navigator;
}
