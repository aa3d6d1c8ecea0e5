/**
 * The live sessions of this node: by device and by group. A session subscribes to its own group's topic only; whoever
 * publishes to a subtree publishes to each of its groups. So moving a group in the tree costs no subscription.
 *
 * Invariant: a session is in here exactly while it is `live`; per device there is at most one, the newest.
 */
import type { Codec } from './frames.ts';
import type { Session } from './session.ts';

export function topicOf(groupId: number, codec: Codec): string {
  return `${codec === 'json' ? 'j' : 'm'}${groupId}`;
}

export class SessionRegistry {
  readonly byDevice = new Map<number, Session>();
  readonly #byGroup = new Map<number, Set<Session>>();

  get size(): number {
    return this.byDevice.size;
  }

  add(session: Session): void {
    this.byDevice.set(session.deviceId, session);
    this.#join(session);
  }

  remove(session: Session): void {
    if (this.byDevice.get(session.deviceId) === session) this.byDevice.delete(session.deviceId);
    const group = this.#byGroup.get(session.groupId);
    group?.delete(session);
    if (group?.size === 0) this.#byGroup.delete(session.groupId);
  }

  /** Moves a live session to another group's topic. */
  move(session: Session, groupId: number): void {
    if (session.groupId === groupId) return;
    session.unsubscribe(topicOf(session.groupId, session.codec));
    const old = this.#byGroup.get(session.groupId);
    old?.delete(session);
    if (old?.size === 0) this.#byGroup.delete(session.groupId);
    session.groupId = groupId;
    this.#join(session);
  }

  #join(session: Session): void {
    const group = this.#byGroup.get(session.groupId);
    if (group === undefined) this.#byGroup.set(session.groupId, new Set([session]));
    else group.add(session);
    session.subscribe(topicOf(session.groupId, session.codec));
  }

  inGroup(groupId: number): ReadonlySet<Session> | undefined {
    return this.#byGroup.get(groupId);
  }

  /** Live sessions of this tenant's devices that are in no group: topic and set of group 0 are shared by all tenants. [INV-10] */
  *ungrouped(tenantId: number): Generator<Session> {
    for (const session of [...(this.#byGroup.get(0) ?? [])]) if (session.tenantId === tenantId) yield session;
  }

  /** Every live session of these groups and devices, each once. */
  *of(groupIds: readonly number[], deviceIds: readonly number[]): Generator<Session> {
    const groups = new Set(groupIds);
    for (const groupId of groups) {
      const sessions = this.#byGroup.get(groupId);
      // A copy: whoever walks may close sessions, and closing takes them out of here.
      if (sessions !== undefined) yield* [...sessions];
    }
    for (const deviceId of deviceIds) {
      const session = this.byDevice.get(deviceId);
      if (session !== undefined && !groups.has(session.groupId)) yield session;
    }
  }
}
