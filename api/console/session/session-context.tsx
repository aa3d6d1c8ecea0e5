/** The session, for components. */
import { createContext, useContext, useSyncExternalStore, type ReactNode } from 'react';
import type { UserView } from '../../auth/user-view.ts';
import type { Session, SessionState } from './session.ts';

const SessionContext = createContext<Session | null>(null);

export function SessionProvider({ session, children }: { readonly session: Session; readonly children: ReactNode }) {
  return <SessionContext.Provider value={session}>{children}</SessionContext.Provider>;
}

/** The way to the API: `call`, `list`, `file`. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('useSession outside of SessionProvider');
  return session;
}

export function useSessionState(): SessionState {
  const session = useSession();
  return useSyncExternalStore(
    (listener) => session.subscribe(listener),
    () => session.state,
  );
}

/** Who is signed in. Only for what is shown to somebody who is. */
export function useUser(): UserView {
  const state = useSessionState();
  if (state.phase !== 'signed-in' && state.phase !== 'expired') throw new Error('useUser while nobody is signed in');
  return state.user;
}

/** What the user's role lets them do in some group at least; the API decides in every single case. */
export function useMay(): { readonly manage: boolean; readonly administer: boolean } {
  const { role } = useUser();
  return { manage: role !== 'user', administer: role === 'admin' };
}
