/** The HTTP half of the device contract as data: for the AsyncAPI document and for tests. Answers stand in the envelope of errors.ts. */
import type { SYNC_SCHEMAS } from './sync.ts';

/** One call: its bodies by the names of sync.ts. */
export interface HttpCall {
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly summary: string;
  /** Needs no token. */
  readonly open?: true;
  readonly request?: keyof typeof SYNC_SCHEMAS;
  readonly answers: readonly (keyof typeof SYNC_SCHEMAS)[];
}

/** All of them, in the order in which a player meets them. */
export const HTTP_CALLS: readonly HttpCall[] = [
  {
    name: 'register',
    method: 'POST',
    path: '/api/v1/sync/register',
    summary: 'Asks to be paired, and polls for it with pollSecret',
    open: true,
    request: 'RegisterRequest',
    answers: ['RegisterPending', 'RegisterPaired'],
  },
  {
    name: 'token',
    method: 'POST',
    path: '/api/v1/sync/token',
    summary: 'Exchanges the credential for an access token',
    open: true,
    request: 'TokenRequest',
    answers: ['TokenResponse'],
  },
  {
    name: 'heartbeat',
    method: 'POST',
    path: '/api/v1/sync/heartbeat',
    summary: 'The desired state over plain HTTP; held back up to waitSeconds while nothing is new',
    request: 'HeartbeatRequest',
    answers: ['HeartbeatResponse'],
  },
  {
    name: 'schedule',
    method: 'GET',
    path: '/api/v1/sync/schedule',
    summary: 'The manifest; ETag and If-None-Match, 304 when unchanged',
    answers: ['Manifest'],
  },
  {
    name: 'receipts',
    method: 'POST',
    path: '/api/v1/sync/receipts',
    summary: 'A batch of receipts; answered after commit, a repeat is harmless',
    request: 'ReceiptsRequest',
    answers: ['BatchResponse'],
  },
  {
    name: 'log',
    method: 'POST',
    path: '/api/v1/sync/log',
    summary: 'A batch of proof of play; answered after commit, a repeat is harmless',
    request: 'LogRequest',
    answers: ['BatchResponse'],
  },
  {
    name: 'commandFile',
    method: 'PUT',
    path: '/api/v1/sync/commands/{commandId}/file',
    summary:
      'The result file of a command: a PNG, JPEG or WebP picture, gzip, zip or plain text; at most COMMAND_FILE_BYTES_MAX',
    answers: [],
  },
];
