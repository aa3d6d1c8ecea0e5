/**
 * One tenant, while any of its users has a socket: its audiences, and what has to be told to them.
 *
 * Invariant: what was learned stays until it was told; a step that fails leaves its work to the next one, which is made to tell that
 * more changed than it knows of.
 */
import type { ApiContext } from '../context.ts';
import { isGroupInScope } from '../scope.ts';
import { Audience, everything } from './audience.ts';
import { LadderWatch } from './ladder-watch.ts';
import { CHANGED_IDS_MAX, type ChangedEntity } from './live-messages.ts';
import { countDevices, readDeviceRows, sumCounts, type PresenceRow } from './presence-reader.ts';
import { ProgressWatch } from './progress-watch.ts';
import type { NewsItem, TenantNews } from './read-news.ts';

/** Presence is told at most so often, in milliseconds. */
const PRESENCE_EVERY_MS = 350;
/** Devices are counted anew at least so often, in milliseconds: what no transition told of is found then. */
const COUNT_EVERY_MS = 10_000;
/** Changes are told at most so often, in milliseconds. */
const CHANGED_EVERY_MS = 250;
/** Devices and things that changed and are remembered. Past it: that there were more is told instead. */
const REMEMBERED_MAX = 2_000;

export class TenantWatch {
  readonly #ctx: Pick<ApiContext, 'db' | 'clock'>;
  readonly #tenantId: number;
  /** By what they see. */
  readonly audiences = new Map<string, Audience>();
  readonly #ladders: LadderWatch;
  readonly #progress: ProgressWatch;
  #touched = new Set<number>();
  #items = new Map<string, NewsItem>();
  /** More changed than is remembered; more devices came and went. */
  #isMore = false;
  #areMoreDevices = false;
  #isCountDue = true;
  #presenceAtMs = Number.NEGATIVE_INFINITY;
  #changedAtMs = Number.NEGATIVE_INFINITY;
  /** Counts what devices did: coming and going, and being made, moved or removed. */
  #presenceVersion = 0;
  #placeVersion = 0;

  constructor(ctx: Pick<ApiContext, 'db' | 'clock'>, tenantId: number) {
    this.#ctx = ctx;
    this.#tenantId = tenantId;
    this.#ladders = new LadderWatch(ctx, tenantId);
    this.#progress = new ProgressWatch(ctx, tenantId);
  }

  learn(news: TenantNews): void {
    for (const item of news.items) {
      const key = `${item.entity}:${item.id}`;
      const known = this.#items.get(key);
      // Only a line of the audit says whose something was that is gone.
      if (known?.groupId === undefined) this.#items.set(key, item);
    }
    if (this.#items.size > REMEMBERED_MAX) this.learnAll();
    if (news.areDevicesChanged) {
      this.#isCountDue = true;
      this.#placeVersion += 1;
    }
    if (news.areAlertsChanged) this.#ladders.learn();
    if (news.areSchedulesChanged) this.#progress.learn();
  }

  learnPresence(deviceIds: Iterable<number>): void {
    const before = this.#touched.size;
    for (const id of deviceIds) this.#touched.add(id);
    if (this.#touched.size > before) this.#presenceVersion += 1;
    if (this.#touched.size > REMEMBERED_MAX) this.learnManyDevices();
  }

  /** More devices came and went than can be listed. */
  learnManyDevices(): void {
    this.#touched.clear();
    this.#areMoreDevices = true;
    this.#presenceVersion += 1;
  }

  /** Anything may have changed. */
  learnAll(): void {
    this.#items.clear();
    this.#isMore = true;
    this.learnManyDevices();
    this.#placeVersion += 1;
    this.#ladders.learn();
    this.#progress.learn();
  }

  /** Reads what is due and tells it; counts no more once it is late. Rejects when the database is away. */
  async step(nowMs: number, isLate: () => boolean): Promise<void> {
    await this.#tellChanged(nowMs);
    await this.#tellPresence(nowMs);
    const audiences = [...this.audiences.values()];
    const devices = `${this.#placeVersion}.${this.#presenceVersion}`;
    await this.#ladders.step(audiences, { nowMs, isLate, devices });
    await this.#progress.step(audiences, { nowMs, isLate, devices: String(this.#placeVersion) });
    for (const audience of audiences) audience.welcome();
  }

  async #tellPresence(nowMs: number): Promise<void> {
    const audiences = [...this.audiences.values()];
    const isNew = audiences.some(({ counts }) => counts === null);
    const sinceMs = nowMs - this.#presenceAtMs;
    const isTold = this.#areMoreDevices || this.#isCountDue || this.#touched.size > 0;
    if (!isNew && sinceMs < (isTold ? PRESENCE_EVERY_MS : COUNT_EVERY_MS)) return;
    this.#presenceAtMs = nowMs;
    const areMore = this.#areMoreDevices;
    this.#areMoreDevices = false;
    this.#isCountDue = false;
    const touched = [...this.#touched];
    this.#touched.clear();
    const rows = await readDeviceRows(this.#ctx.db.sql, this.#tenantId, touched);
    const counts = await countDevices(this.#ctx.db.sql, this.#tenantId);
    for (const audience of audiences) {
      const { actor } = audience;
      const isInScope = (groupId: number | null): boolean => isGroupInScope(actor, groupId);
      const devices = rows.filter((row) => row.state === 'active' && isInScope(row.group_id));
      const before = audience.counts;
      const now = sumCounts(counts, isInScope);
      if (before !== null && before.online !== now.online) this.#presenceVersion += 1;
      audience.tellPresence(devices, now, areMore);
    }
  }

  async #tellChanged(nowMs: number): Promise<void> {
    if (this.#isMore) {
      this.#isMore = false;
      this.#items.clear();
      for (const audience of this.audiences.values()) audience.tellChanged(everything());
      return;
    }
    if (this.#items.size === 0 || nowMs - this.#changedAtMs < CHANGED_EVERY_MS) return;
    this.#changedAtMs = nowMs;
    const items = [...this.#items.values()];
    this.#items = new Map();
    const owners = await this.#owners(items);
    for (const audience of this.audiences.values()) {
      audience.tellChanged(worded(items.filter((item) => isVisible(audience, item, owners))));
    }
  }

  /** By entity and id: the group that things belong to now; those that are gone are missing. */
  async #owners(items: readonly NewsItem[]): Promise<Map<string, number | null>> {
    // Admins see everything.
    if ([...this.audiences.values()].every(({ actor }) => actor.scope === null)) return new Map();
    const idsOf = (entity: string): number[] => items.filter((item) => item.entity === entity).map(({ id }) => id);
    const owners = new Map<string, number | null>();
    const devices: PresenceRow[] = await readDeviceRows(this.#ctx.db.sql, this.#tenantId, idsOf('device'));
    for (const row of devices) owners.set(`device:${row.id}`, row.group_id);
    for (const entity of ['content', 'schedule'] as const) {
      const ids = idsOf(entity);
      if (ids.length === 0) continue;
      const rows = await this.#ctx.db.sql
        .selectFrom(entity === 'content' ? 'content' : 'schedules')
        .select(['id', 'group_id'])
        .where('tenant_id', '=', this.#tenantId)
        .where('id', 'in', ids)
        .execute();
      for (const row of rows) owners.set(`${entity}:${row.id}`, row.group_id);
    }
    return owners;
  }
}

/** Whether an audience may know that this changed: as with reading it over REST. */
function isVisible({ actor }: Audience, item: NewsItem, owners: ReadonlyMap<string, number | null>): boolean {
  if (actor.scope === null) return true;
  const { entity, id } = item;
  const owner = owners.get(`${entity}:${id}`) ?? (owners.has(`${entity}:${id}`) ? null : item.groupId);
  switch (entity) {
    case 'alert':
      return true;
    case 'group':
      return isGroupInScope(actor, id);
    case 'device':
      return owner !== undefined && isGroupInScope(actor, owner);
    case 'content':
    case 'schedule':
      return owner !== undefined && (owner === null || isGroupInScope(actor, owner));
    case 'alertDeployment':
    case 'user':
    case 'webhook':
    case 'deadLetter':
      return false;
  }
}

/** One entry for each, or one for its kind when there are too many. */
function worded(items: readonly NewsItem[]): ChangedEntity[] {
  const ids = new Map<ChangedEntity['entity'], number[]>();
  for (const { entity, id } of items) ids.set(entity, [...(ids.get(entity) ?? []), id]);
  return [...ids].flatMap(([entity, some]): ChangedEntity[] =>
    some.length > CHANGED_IDS_MAX ? [{ entity }] : some.map((id) => ({ entity, id })),
  );
}
