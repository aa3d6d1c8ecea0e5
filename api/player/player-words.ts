/** What a player says of itself: to the hub as `status`, to the technician in front of it as diagnostics. */
import type { DownFrameOf } from '../../protocol/down.ts';
import type { Status } from '../../protocol/up.ts';
import { waitingUpdates } from './command-log.ts';
import type { Identity } from './identity.ts';
import type { Link } from './link.ts';
import type { PlayerMemory } from './player-memory.ts';
import { waitingReceipts } from './receipt-queue.ts';
import type { Phase } from './surface.ts';

export interface StatusFacts {
  readonly displayed: number[];
  readonly uptimeMs: number;
  readonly wallMs: number;
  readonly size: { readonly width: number; readonly height: number };
  readonly about: { readonly appVersion: string; readonly osVersion: string };
}

/** Only what is known: volume and brightness are there when the configuration set them. */
export function describeStatus(memory: PlayerMemory, facts: StatusFacts): Status {
  const { config } = memory.screen;
  const hubMs = memory.nowMs();
  return {
    ...(hubMs === null ? {} : { at: new Date(hubMs).toISOString(), clockOffsetMs: Math.round(hubMs - facts.wallMs) }),
    displayed: facts.displayed,
    uptimeSeconds: Math.round(facts.uptimeMs / 1000),
    screenOn: true,
    screenWidth: facts.size.width,
    screenHeight: facts.size.height,
    appVersion: facts.about.appVersion,
    osVersion: facts.about.osVersion,
    ...(config.volume === undefined ? {} : { volume: config.volume }),
    ...(config.brightness === undefined ? {} : { brightness: config.brightness }),
  };
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
  readonly lastWord: string;
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
    ['last word', facts.lastWord === '' ? '–' : facts.lastWord],
    ['version', facts.appVersion],
  ];
}
