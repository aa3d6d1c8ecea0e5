/** Asks before a page with unsaved changes is left: by the browser when the tab goes, by a dialog when a link is followed. */
import { useEffect, useEffectEvent } from 'react';
import { useLocation } from 'wouter';
import { useTexts } from '../texts/texts-context.tsx';
import { useConfirm } from '../ui/confirm-context.tsx';

/** Where the console is served. */
const BASE = '/console';

/** The path below the console that a click leads to in this tab; null: elsewhere, in another tab, or to a place on this page. */
function destination(event: MouseEvent): string | null {
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return null;
  const link = event.target instanceof Element ? event.target.closest('a[href]') : null;
  if (!(link instanceof HTMLAnchorElement) || link.target === '_blank' || link.origin !== location.origin) return null;
  if (link.pathname === location.pathname || !link.pathname.startsWith(`${BASE}/`)) return null;
  return `${link.pathname.slice(BASE.length)}${link.search}`;
}

export function useLeaveGuard(isDirty: boolean): void {
  const texts = useTexts().schedules.editor;
  const confirm = useConfirm();
  const [, navigate] = useLocation();
  const ask = useEffectEvent((event: MouseEvent) => {
    const to = destination(event);
    if (to === null) return;
    event.preventDefault();
    event.stopPropagation();
    confirm({
      title: texts.leaveTitle,
      message: texts.leaveMessage,
      confirm: texts.leave,
      danger: false,
      onConfirm: () => navigate(to),
    });
  });
  useEffect(() => {
    if (!isDirty) return;
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault();
    const click = (event: MouseEvent): void => ask(event);
    addEventListener('beforeunload', warn);
    // Before the router hears of it.
    document.addEventListener('click', click, { capture: true });
    return () => {
      removeEventListener('beforeunload', warn);
      document.removeEventListener('click', click, { capture: true });
    };
  }, [isDirty]);
}
