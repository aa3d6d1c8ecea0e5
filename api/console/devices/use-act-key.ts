/** Keys of acts (`Idempotency-Key`). */
import { useState } from 'react';
import { newKey } from '../session/new-key.ts';

/**
 * The key of one intended act, which `act` describes: the same for as long as that is the same, so that trying it again after an
 * answer was lost cannot do it twice.
 */
export function useActKey(act: string): string {
  const [made, setMade] = useState(() => ({ act, key: newKey() }));
  if (made.act === act) return made.key;
  const next = { act, key: newKey() };
  setMade(next);
  return next.key;
}
