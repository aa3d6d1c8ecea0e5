/** The uploads of this browser, for components: one queue for a session, so that it goes on whatever page is open. */
import { useSyncExternalStore } from 'react';
import { newKey } from '../session/new-key.ts';
import { useSession } from '../session/session-context.tsx';
import type { Session } from '../session/session.ts';
import { putBytes } from './put-bytes.ts';
import { RememberedUploads } from './remembered-uploads.ts';
import { UploadQueue, type UploadItem } from './upload-queue.ts';

const queues = new WeakMap<Session, UploadQueue>();

function queueOf(session: Session): UploadQueue {
  const known = queues.get(session);
  if (known !== undefined) return known;
  const nowMs = (): number => Date.now();
  const remembered = new RememberedUploads({ shared: localStorage, own: sessionStorage, nowMs, newKey });
  const queue = new UploadQueue({ session, putBytes, remembered, nowMs, random: Math.random });
  queues.set(session, queue);
  return queue;
}

export function useUploadQueue(): UploadQueue {
  return queueOf(useSession());
}

/** What the queue holds now. */
export function useUploads(): readonly UploadItem[] {
  const queue = useUploadQueue();
  return useSyncExternalStore(
    (listener) => queue.subscribe(listener),
    () => queue.items,
  );
}
