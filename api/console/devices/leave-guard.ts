/**
 * Asks before the page is left while something on it would be lost: by a link, by going back, by closing the tab. The last is asked
 * by the browser, in its own words.
 */
import { useEffect, useRef } from 'react';
import { useLocation } from 'wouter';
import { useConfirm, type Question } from '../ui/confirm-context.tsx';

/** Marks the extra entry of the history. */
const STAYS = 'podoh.stays';

/** @param isArmed something would be lost @param question what is asked; the page is left when it is confirmed */
export function useLeaveGuard(isArmed: boolean, question: Omit<Question, 'onConfirm'>): void {
  const confirm = useConfirm();
  const [, navigate] = useLocation();
  const ask = useRef((_leave: () => void): void => undefined);
  useEffect(() => {
    ask.current = (onConfirm) => confirm({ ...question, onConfirm });
  });
  useEffect(() => {
    if (!isArmed) return undefined;
    let letThrough = false;
    const onUnload = (event: BeforeUnloadEvent): void => event.preventDefault();
    const onClick = (event: MouseEvent): void => {
      const link = event.target instanceof Element ? event.target.closest('a[href]') : null;
      const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
      if (!(link instanceof HTMLAnchorElement) || !isPlain || link.target === '_blank' || link.download !== '') return;
      const url = new URL(link.href);
      if (url.origin !== location.origin || url.pathname === location.pathname) return;
      event.preventDefault();
      event.stopPropagation();
      ask.current(() => {
        letThrough = true;
        navigate(url.pathname.replace(/^\/console/, '') + url.search);
      });
    };
    // Going back first comes to the same address once more, so that the page is still there when it asks.
    const stay = (): void => history.pushState({ [STAYS]: true }, '', location.href);
    if ((history.state as Record<string, unknown> | null)?.[STAYS] !== true) stay();
    const onBack = (): void => {
      if (letThrough) return;
      stay();
      ask.current(() => {
        letThrough = true;
        history.go(-2);
      });
    };
    addEventListener('beforeunload', onUnload);
    addEventListener('popstate', onBack);
    document.addEventListener('click', onClick, { capture: true });
    return () => {
      removeEventListener('beforeunload', onUnload);
      removeEventListener('popstate', onBack);
      document.removeEventListener('click', onClick, { capture: true });
    };
  }, [isArmed, navigate]);
}
