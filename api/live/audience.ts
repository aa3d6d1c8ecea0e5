/**
 * The sockets of one tenant whose users see the same: what is read and worded, is so once for all of them.
 *
 * Invariant: a socket that is new is told nothing until `welcome`; what is told to the others is what changed since they were told.
 */
import type { Actor } from '../context.ts';
import { toIsoOrNull } from '../iso-time.ts';
import {
  PRESENCE_DEVICES_MAX,
  type ChangedEntity,
  type LadderItem,
  type LiveServerMessage,
  type LiveTopic,
  type PresenceCounts,
  type ProgressItem,
} from './live-messages.ts';
import type { LiveSocket } from './live-socket.ts';
import type { PresenceRow } from './presence-reader.ts';

/** What somebody may see, as a key: the same for all who see the same. */
export function scopeKey({ scope }: Pick<Actor, 'scope'>): string {
  return scope === null ? '*' : [...scope].sort((a, b) => a - b).join(',');
}

/** One look at a tenant. */
export interface Round {
  /** When it began, on the monotonic clock. */
  readonly nowMs: number;
  /** Whether it has taken as long as it may. */
  readonly isLate: () => boolean;
  /** Another text whenever devices did something that counts. */
  readonly devices: string;
}

/** Of what is looked at, the last that was told, with the state of things that it was made from. */
interface Told<T> {
  readonly print: string;
  /** Null: nothing that this audience may see. */
  readonly item: T | null;
}

export class Audience {
  /** Stands for all of them: tenant and scope are theirs, the rest is one of theirs. */
  readonly actor: Actor;
  readonly sockets = new Set<LiveSocket>();
  counts: PresenceCounts | null = null;
  readonly ladders = new Map<number, Told<LadderItem>>();
  readonly progress = new Map<number, Told<ProgressItem>>();
  /** Not before then are ladders and progress counted again, on the monotonic clock. */
  nextLadderAtMs = 0;
  nextProgressAtMs = 0;

  constructor(actor: Actor) {
    this.actor = actor;
  }

  /** Tells of devices as they are now, and of the counts when they are others; `isMore`: there were more than these. */
  tellPresence(devices: readonly PresenceRow[], counts: PresenceCounts, isMore: boolean): void {
    const before = this.counts;
    this.counts = counts;
    if (before === null) return;
    const isSame = before.online === counts.online && before.http === counts.http && before.total === counts.total;
    if (devices.length === 0 && isSame && !isMore) return;
    // A device that is new, gone or moved is in no list here.
    const isResync = isMore || before.total !== counts.total || devices.length > PRESENCE_DEVICES_MAX;
    this.#tell('presence', {
      type: 'presence',
      devices: devices.length > PRESENCE_DEVICES_MAX ? [] : devices.map(presenceOf),
      counts,
      ...(isResync && { resync: true }),
    });
  }

  tellLadders(deployments: readonly LadderItem[]): void {
    if (deployments.length === 0) return;
    this.#tellItems('ladder', deployments, (some) => ({ type: 'ladder', deployments: [...some] }));
  }

  tellProgress(items: readonly ProgressItem[]): void {
    if (items.length === 0) return;
    this.#tellItems('deployments', items, (some) => ({ type: 'deployments', items: [...some] }));
  }

  tellChanged(entities: readonly ChangedEntity[]): void {
    if (entities.length > 0) this.#tell('changed', { type: 'changed', entities: [...entities] });
  }

  /** Tells those who are new where things stand. Before the devices were counted it does nothing. */
  welcome(): void {
    const { counts } = this;
    if (counts === null) return;
    const ladders = present(this.ladders);
    const progress = present(this.progress);
    for (const socket of this.sockets) {
      if (!socket.isNew) continue;
      const wasTold = socket.isStale;
      socket.isNew = false;
      socket.isStale = false;
      if (socket.wants('changed') && wasTold) socket.say({ type: 'changed', entities: everything() });
      if (socket.wants('presence'))
        socket.say({ type: 'presence', devices: [], counts, ...(wasTold && { resync: true }) });
      const some = chosen(ladders, socket);
      if (socket.wants('ladder') && some.length > 0) socket.say({ type: 'ladder', deployments: some });
      const items = chosen(progress, socket);
      if (socket.wants('deployments') && items.length > 0) socket.say({ type: 'deployments', items });
    }
  }

  #tell(topic: LiveTopic, message: LiveServerMessage): void {
    const text = JSON.stringify(message);
    for (const socket of this.sockets) if (!socket.isNew && socket.wants(topic)) socket.sendText(text);
  }

  #tellItems<T extends { readonly deploymentId: number }>(
    topic: LiveTopic,
    items: readonly T[],
    worded: (some: readonly T[]) => LiveServerMessage,
  ): void {
    const text = JSON.stringify(worded(items));
    for (const socket of this.sockets) {
      if (socket.isNew || !socket.wants(topic)) continue;
      if (socket.deploymentIds === null) socket.sendText(text);
      else {
        const some = chosen(items, socket);
        if (some.length > 0) socket.say(worded(some));
      }
    }
  }
}

function presenceOf(row: PresenceRow) {
  return { deviceId: row.id, status: row.status, transport: row.transport, lastSeen: toIsoOrNull(row.last_seen_at) };
}

function present<T>(told: ReadonlyMap<number, Told<T>>): T[] {
  return [...told.values()].flatMap(({ item }) => (item === null ? [] : [item]));
}

function chosen<T extends { readonly deploymentId: number }>(items: readonly T[], socket: LiveSocket): T[] {
  const { deploymentIds } = socket;
  return deploymentIds === null ? [...items] : items.filter((item) => deploymentIds.has(item.deploymentId));
}

/** For one whose scope is another now, or who missed what changed. */
export function everything(): ChangedEntity[] {
  return [
    { entity: 'group' },
    { entity: 'device' },
    { entity: 'content' },
    { entity: 'schedule' },
    { entity: 'alert' },
    { entity: 'alertDeployment' },
    { entity: 'user' },
  ];
}
