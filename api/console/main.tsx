/** Puts the console together in a browser. */
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './console.css';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Router } from 'wouter';
import { FrontDoor } from './account/front-door.tsx';
import { SessionEndedDialog } from './account/session-ended-dialog.tsx';
import { LiveProvider } from './live/live-context.tsx';
import { Routes } from './routes.tsx';
import { ApiFailure } from './session/api-failure.ts';
import { SessionProvider } from './session/session-context.tsx';
import { Session } from './session/session.ts';
import { storedSession } from './session/stored-session.ts';
import { RaiseAlertProvider } from './shell/raise-alert-provider.tsx';
import { Shell } from './shell/shell.tsx';
import { english } from './texts/english.ts';
import { themeOf } from './theme.ts';
import { ConfirmProvider } from './ui/confirm-context.tsx';

/** The live feed tells of changes; what is older than this is read again when it is shown, in milliseconds. */
const STALE_MS = 30_000;
/** How often a reading that met a passing trouble is tried again. */
const RETRIES_MAX = 4;

const session = new Session({
  stored: storedSession(localStorage),
  base: '/api/v1',
  fetchFrom: (input, init) => fetch(input, init),
  nowMs: Date.now,
});

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: STALE_MS,
      refetchOnWindowFocus: false,
      retry: (failures, cause) => cause instanceof ApiFailure && cause.isPassing && failures < RETRIES_MAX,
      retryDelay: (failures, cause) =>
        Math.max(cause instanceof ApiFailure ? (cause.retryAfterMs ?? 0) : 0, Math.min(8_000, 500 * 2 ** failures)),
    },
    mutations: { retry: false, networkMode: 'always' },
  },
});

// Nothing of one user may be left for the next.
session.subscribe(() => {
  if (session.state.phase === 'signed-out') queries.clear();
});

const place = document.getElementById('console');
if (place === null) throw new Error('index.html has no place for the console');
createRoot(place).render(
  <StrictMode>
    <MantineProvider theme={themeOf(english)} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <SessionProvider session={session}>
          {/* Where it covers nothing that one would click next: forms have their buttons at the right, uploads stand at the left below. */}
          <Notifications position="top-center" containerWidth={340} />
          <Router base="/console">
            <FrontDoor>
              <LiveProvider>
                <ConfirmProvider>
                  <RaiseAlertProvider>
                    <Shell>
                      <Routes />
                    </Shell>
                  </RaiseAlertProvider>
                </ConfirmProvider>
              </LiveProvider>
            </FrontDoor>
            <SessionEndedDialog />
          </Router>
        </SessionProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
