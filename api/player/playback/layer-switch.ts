/** How one layer of a zone takes the place of another: the `transition` of the item that comes in. */
import type { ZoneItem } from '../../../protocol/schedule.ts';

/** How long a transition takes that does not say, in milliseconds. */
const TRANSITION_MS_DEFAULT = 500;

const FROM = {
  'slide-left': 'translateX(100%)',
  'slide-right': 'translateX(-100%)',
  'slide-up': 'translateY(100%)',
  'slide-down': 'translateY(-100%)',
} as const;

/** How long it takes, in milliseconds: no more than half of the slot. */
export function transitionMs({ transition }: ZoneItem, slotMs: number): number {
  if (transition === undefined || transition.type === 'none') return 0;
  return Math.min(transition.durationMs ?? TRANSITION_MS_DEFAULT, slotMs / 2);
}

/** Brings a layer in over another one and resolves when that one is not seen any more. */
export async function switchLayers(
  incoming: HTMLElement,
  outgoing: HTMLElement | null,
  item: ZoneItem,
  slotMs: number,
): Promise<void> {
  delete incoming.dataset['waiting'];
  const duration = transitionMs(item, slotMs);
  if (outgoing === null || duration === 0) return;
  const type = item.transition?.type ?? 'none';
  const timing: KeyframeAnimationOptions = { duration, easing: 'ease-in-out', fill: 'both' };
  const running: Animation[] = [];
  if (type === 'fade') {
    incoming.dataset['fading'] = '';
    running.push(incoming.animate([{ opacity: 0 }, { opacity: 1 }], timing));
    running.push(outgoing.animate([{ opacity: 1 }, { opacity: 0 }], timing));
  } else if (type !== 'none') {
    running.push(incoming.animate([{ transform: FROM[type] }, { transform: 'none' }], timing));
  }
  // An animation is cancelled when its element goes: the switch is over then, too.
  await Promise.allSettled(running.map(({ finished }) => finished));
  delete incoming.dataset['fading'];
  running[0]?.cancel();
}
