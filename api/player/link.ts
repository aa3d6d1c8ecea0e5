/**
 * The player's way to the hub, decided without doing anything: what happened goes in, what to do comes out.
 *
 * States of `phase`:
 * - `unpaired`: no credential that the hub accepts; the pairing loop runs.
 * - `authorizing`: getting an access token. - `opening`: a socket is being opened. - `greeting`: hello sent, welcome awaited.
 * - `live`: welcomed. - `waiting`: until the next try. - `outdated`: this player is too old for the hub; a newer one is
 *   fetched later.
 * `http` says whether heartbeats run beside all this; they stop with a welcome.
 *
 * Invariants: at most one socket exists, in `opening`, `greeting` or `live`; at most one retry is set, in `waiting`; events
 * that do not belong to the phase change nothing, so a late answer of an abandoned try is harmless; no phase is final except
 * `outdated`, which ends with the page.
 */
import { CLOSE_CODES } from '../../protocol/close-codes.ts';
import { FRESH_RECONNECT, planReconnect, type Reconnect, type SocketEnd } from '../../protocol/reconnect.ts';

export type LinkPhase = 'unpaired' | 'authorizing' | 'opening' | 'greeting' | 'live' | 'waiting' | 'outdated';

export interface Link {
  readonly phase: LinkPhase;
  readonly reconnect: Reconnect;
  readonly http: boolean;
  /** `reconnect` of the last welcome. */
  readonly hub: { readonly minMs: number; readonly maxMs: number } | null;
  /** How the last socket ended: the next hello depends on it. */
  readonly lastCloseCode: number | null;
  /** The next token must be a new one. */
  readonly freshToken: boolean;
}

export type LinkEvent =
  | { readonly kind: 'start'; readonly paired: boolean }
  | { readonly kind: 'paired' }
  | { readonly kind: 'token.ready' }
  /** The hub does not know this credential, or has revoked it. */
  | { readonly kind: 'token.refused' }
  | { readonly kind: 'token.failed'; readonly retryAfterMs: number | null }
  | { readonly kind: 'socket.opened' }
  | { readonly kind: 'welcomed'; readonly reconnect: { readonly minMs: number; readonly maxMs: number } }
  | { readonly kind: 'socket.ended'; readonly end: SocketEnd }
  /** What is held cannot be trusted, or the operator wants it fetched anew. */
  | { readonly kind: 'resync' }
  /** The hub is going away and said when. */
  | { readonly kind: 'goaway' }
  | { readonly kind: 'retry.due' }
  /** The browser says that the network is back. */
  | { readonly kind: 'network.back' };

export type LinkEffect =
  | { readonly do: 'pair' }
  | { readonly do: 'get-token'; readonly fresh: boolean }
  | { readonly do: 'open-socket' }
  | { readonly do: 'say-hello' }
  | { readonly do: 'close-socket'; readonly why: string }
  | { readonly do: 'retry'; readonly afterMs: number }
  | { readonly do: 'start-heartbeats' }
  | { readonly do: 'stop-heartbeats' }
  | { readonly do: 'fetch-newer-player' };

export interface LinkInput {
  /** Uniform in [0, 1). */
  readonly random: number;
  readonly alertActive: boolean;
}

export interface LinkStep {
  readonly link: Link;
  readonly effects: readonly LinkEffect[];
}

export const NEW_LINK: Link = {
  phase: 'unpaired',
  reconnect: FRESH_RECONNECT,
  http: false,
  hub: null,
  lastCloseCode: null,
  freshToken: false,
};

/** The one transition function of the link. */
export function stepLink(link: Link, event: LinkEvent, input: LinkInput): LinkStep {
  switch (event.kind) {
    case 'start':
      return event.paired ? authorize(link) : unpair(link);
    case 'paired':
      return authorize({ ...NEW_LINK, http: link.http });
    case 'token.ready':
      if (link.phase !== 'authorizing') return stay(link);
      return { link: { ...link, phase: 'opening', freshToken: false }, effects: [{ do: 'open-socket' }] };
    case 'token.refused':
      return link.phase === 'unpaired' || link.phase === 'outdated' ? stay(link) : unpair(link);
    case 'token.failed':
      if (link.phase !== 'authorizing') return stay(link);
      return wait(link, { code: 1006, welcomed: false, livedMs: 0 }, input, event.retryAfterMs ?? 0);
    case 'socket.opened':
      if (link.phase !== 'opening') return stay(link);
      return { link: { ...link, phase: 'greeting' }, effects: [{ do: 'say-hello' }] };
    case 'welcomed':
      if (link.phase !== 'greeting') return stay(link);
      return {
        link: { ...link, phase: 'live', hub: event.reconnect, http: false, lastCloseCode: null },
        effects: link.http ? [{ do: 'stop-heartbeats' }] : [],
      };
    case 'socket.ended':
      return hasSocket(link) ? afterSocket(link, event.end, input) : stay(link);
    case 'resync':
      return leave(link, CLOSE_CODES.RESYNC, input);
    case 'goaway':
      return leave(link, CLOSE_CODES.DRAIN, input);
    case 'retry.due':
    case 'network.back':
      return link.phase === 'waiting' ? authorize(link) : stay(link);
  }
}

function stay(link: Link): LinkStep {
  return { link, effects: [] };
}

function authorize(link: Link): LinkStep {
  return { link: { ...link, phase: 'authorizing' }, effects: [{ do: 'get-token', fresh: link.freshToken }] };
}

function hasSocket(link: Link): boolean {
  return link.phase === 'opening' || link.phase === 'greeting' || link.phase === 'live';
}

/** The credential is no good: register again, and meanwhile go on showing what is held. */
function unpair(link: Link): LinkStep {
  const effects: LinkEffect[] = [];
  if (hasSocket(link)) effects.push({ do: 'close-socket', why: 'not paired' });
  if (link.http) effects.push({ do: 'stop-heartbeats' });
  return { link: { ...NEW_LINK, lastCloseCode: link.lastCloseCode }, effects: [...effects, { do: 'pair' }] };
}

function afterSocket(link: Link, end: SocketEnd, input: LinkInput): LinkStep {
  const ended = { ...link, lastCloseCode: end.code };
  if (end.code === CLOSE_CODES.PROTOCOL_TOO_OLD.code) {
    const effects: LinkEffect[] = link.http ? [{ do: 'stop-heartbeats' }] : [];
    return { link: { ...ended, phase: 'outdated', http: false }, effects: [...effects, { do: 'fetch-newer-player' }] };
  }
  return wait(ended, end, input, 0);
}

/** Leaves a live socket of our own will, as if the hub had closed it with this code. */
function leave(link: Link, close: { readonly code: number; readonly reason: string }, input: LinkInput): LinkStep {
  if (link.phase !== 'live') return stay(link);
  const next = wait(link, { code: close.code, welcomed: true, livedMs: 0 }, input, 0);
  return {
    link: { ...next.link, lastCloseCode: close.code },
    effects: [{ do: 'close-socket', why: close.reason }, ...next.effects],
  };
}

function wait(link: Link, end: SocketEnd, input: LinkInput, atLeastMs: number): LinkStep {
  const plan = planReconnect(link.reconnect, end, { ...input, ...(link.hub === null ? {} : { hub: link.hub }) });
  // No socket exists any more, so the way to `unpaired` must not close one.
  if (plan.delayMs === null) return unpair({ ...link, phase: 'waiting' });
  const effects: LinkEffect[] = [{ do: 'retry', afterMs: Math.max(plan.delayMs, atLeastMs) }];
  if (plan.useHttp && !link.http) effects.push({ do: 'start-heartbeats' });
  return {
    link: {
      ...link,
      phase: 'waiting',
      reconnect: plan.state,
      http: link.http || plan.useHttp,
      freshToken: link.freshToken || plan.freshToken,
    },
    effects,
  };
}
