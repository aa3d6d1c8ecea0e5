/** What a player says of itself to people: one word for the page, and diagnostics for the technician in front of it. */
import type { DownFrameOf } from '../../protocol/down.ts';
import { waitingUpdates } from './command-log.ts';
import type { Identity } from './identity.ts';
import type { Link } from './link.ts';
import type { PlayerMemory } from './player-memory.ts';
import { waitingReceipts } from './receipt-queue.ts';
import type { Phase } from './surface.ts';

/** How the player stands, in the one word that the page carries. */
export function phaseOf(link: Link, heartbeatWorks: boolean): Phase {
  if (link.phase === 'unpaired') return 'pairing';
  if (link.phase === 'live') return 'online';
  return link.http && heartbeatWorks ? 'fallback' : 'offline';
}

/** Who this screen is, for the corner and for `identify`: the name it was given, else its number. */
export function introduce(
  identity: Identity,
  paired: { readonly deviceId: number } | null,
): { readonly title: string; readonly detail: string } {
  const unnamed = paired === null ? 'New screen' : `Screen ${paired.deviceId}`;
  const device = paired === null ? 'not paired' : `device ${paired.deviceId}`;
  return { title: identity.name === '' ? unnamed : identity.name, detail: `${device} · player ${identity.playerId}` };
}

/** Where the hub is and how it answers a page that wants to be paired. */
export function describeHub(
  { hubUrl }: Identity,
  { failures, shutOut }: { readonly failures: number; readonly shutOut: boolean },
): string {
  if (failures === 0) return `Hub ${hubUrl}`;
  if (shutOut) return `Hub ${hubUrl} does not accept pages from this address (PODOH_ALLOWED_ORIGINS): trying again`;
  return `Hub ${hubUrl} does not answer: trying again`;
}

export interface TechnicianFacts {
  readonly phase: Phase;
  readonly link: Link;
  readonly memory: PlayerMemory;
  readonly identity: Identity;
  readonly deviceId: number | null;
  readonly welcome: DownFrameOf<'welcome'> | null;
  readonly wallMs: number;
  readonly noise: number;
  readonly appVersion: string;
}

export function describeForTechnician(facts: TechnicianFacts): [string, string][] {
  const { link, memory, identity, welcome } = facts;
  const { screen } = memory;
  const hubMs = memory.nowMs();
  return [
    ['state', `${facts.phase} (${link.phase})`],
    ['transport', link.phase === 'live' ? 'websocket' : link.http ? 'http' : 'none'],
    ['hub', identity.hubUrl],
    ['player', identity.playerId],
    ['device', String(facts.deviceId ?? '–')],
    ['session', welcome === null ? '–' : `${welcome.sessionId} #${welcome.connEpoch}`],
    ['epoch', String(screen.epoch ?? '–')],
    ['rev', `${screen.rev} (complete to ${screen.stateRev})`],
    ['clock offset', hubMs === null ? 'unknown' : `${Math.round(hubMs - facts.wallMs)} ms`],
    ['receipts waiting', String(waitingReceipts(memory.receipts))],
    ['updates waiting', String(waitingUpdates(memory.commands))],
    ['failed sockets', String(link.reconnect.failures)],
    ['frames left out', String(facts.noise)],
    ['version', facts.appVersion],
  ];
}
