/**
 * What every hub keeps in memory of one tenant: the group tree, the active alerts with their targets, and the revs at which
 * each group's and device's state last changed. Pure: no clock, no I/O; instants are arguments.
 *
 * Invariants:
 * - The model at rev r equals what the database said at r. Changes are applied in rev order, each exactly once. [INV-5]
 * - `floorRev` is the rev of the snapshot the model was loaded from. Nothing is remembered of what happened before it
 *   (a stopped alert, say), so a device that claims an older rev is never "current".
 * - An alert is in `alerts` from its start until its stop; one that expired may linger until swept but is never handed out.
 */
import type { NewChange } from './changes.ts';
import type { ActiveAlert, DeviceConfig, DeviceRecord, Targets } from './model.ts';

export interface GroupNode {
  readonly groupId: number;
  parentId: number | null;
  config: DeviceConfig;
  /** The last change that touched what devices below this group should show or be. */
  stateRev: number;
  /** The last change that deployed schedules here or withdrew them; 0 when there was none. */
  scheduleRev: number;
  /** The last change that moved the group under another parent; 0 when there was none. */
  placementRev: number;
  readonly children: Set<number>;
}

export interface TargetedAlert {
  readonly alert: ActiveAlert;
  readonly targets: Targets;
}

/** A tenant's part of a snapshot of the database. */
export interface TenantSnapshot {
  readonly tenantId: number;
  readonly groups: readonly {
    groupId: number;
    parentId: number | null;
    config: DeviceConfig;
    rev: number;
    placementRev: number;
  }[];
  readonly alerts: readonly TargetedAlert[];
  /** When the manifest of each target last changed; kind `tenant` is for every device. */
  readonly schedules: readonly { kind: 'group' | 'device' | 'tenant'; targetId: number; rev: number }[];
}

/** Deeper trees than this are refused by the API; walking stops here whatever the data says. */
const CHAIN_LENGTH_MAX = 64;

const SEVERITY_ORDER = { critical: 2, warning: 1, info: 0 } as const;

/** The order in which alerts are shown: the most severe first, then the newest, then the highest id. */
export function compareAlerts(a: ActiveAlert, b: ActiveAlert): number {
  return (
    SEVERITY_ORDER[b.severity] - SEVERITY_ORDER[a.severity] ||
    b.startedAt - a.startedAt ||
    b.deploymentId - a.deploymentId
  );
}

export class TenantModel {
  readonly tenantId: number;
  readonly floorRev: number;
  readonly groups = new Map<number, GroupNode>();
  readonly alerts = new Map<number, TargetedAlert>();
  readonly #alertsByGroup = new Map<number, Set<number>>();
  readonly #alertsByDevice = new Map<number, Set<number>>();
  readonly #stateRevByDevice = new Map<number, number>();
  readonly #scheduleRevByDevice = new Map<number, number>();
  /** The last change to the manifest of every device; 0 when there was none. */
  #scheduleRevEverywhere = 0;

  constructor(snapshot: TenantSnapshot, floorRev: number) {
    this.tenantId = snapshot.tenantId;
    this.floorRev = floorRev;
    for (const { groupId, parentId, config, rev, placementRev } of snapshot.groups) {
      this.#saveGroup(groupId, parentId, config, rev).placementRev = placementRev;
    }
    for (const { alert, targets } of snapshot.alerts) this.startAlert(alert, targets);
    for (const { kind, targetId, rev } of snapshot.schedules) {
      if (kind === 'tenant') this.#scheduleRevEverywhere = Math.max(this.#scheduleRevEverywhere, rev);
      else if (kind === 'group') this.assignSchedules({ groupIds: [targetId], deviceIds: [] }, rev);
      else this.assignSchedules({ groupIds: [], deviceIds: [targetId] }, rev);
    }
  }

  /** Applies what a change says about groups, alerts and schedules; what it says of single devices is the caller's. */
  apply(change: NewChange, rev: number): void {
    switch (change.kind) {
      case 'alert.started':
        this.startAlert({ ...change.alert, rev }, change);
        return;
      case 'alert.stopped':
        this.stopAlert(change.deploymentId, rev);
        return;
      case 'group.saved':
        this.#saveGroup(change.groupId, change.parentId, change.config, rev);
        return;
      case 'group.removed':
        this.#removeGroup(change.groupId);
        return;
      case 'schedule.assigned':
        this.assignSchedules(change, rev);
        if (change.everywhere === true) this.#scheduleRevEverywhere = Math.max(this.#scheduleRevEverywhere, rev);
        return;
      case 'device.saved':
      case 'device.credential':
      case 'command.issued':
      case 'command.finished':
      case 'user.changed':
        return;
    }
  }

  #saveGroup(groupId: number, parentId: number | null, config: DeviceConfig, rev: number): GroupNode {
    let node = this.groups.get(groupId);
    if (node === undefined) {
      node = { groupId, parentId, config, stateRev: 0, scheduleRev: 0, placementRev: 0, children: new Set() };
      // Children may have been loaded before their parent.
      for (const other of this.groups.values()) if (other.parentId === groupId) node.children.add(other.groupId);
      this.groups.set(groupId, node);
    }
    if (node.parentId !== parentId) {
      if (node.parentId !== null) this.groups.get(node.parentId)?.children.delete(groupId);
      node.parentId = parentId;
      node.placementRev = rev;
    }
    if (parentId !== null) this.groups.get(parentId)?.children.add(groupId);
    node.config = config;
    node.stateRev = Math.max(node.stateRev, rev);
    return node;
  }

  #removeGroup(groupId: number): void {
    const node = this.groups.get(groupId);
    if (node === undefined) return;
    if (node.parentId !== null) this.groups.get(node.parentId)?.children.delete(groupId);
    this.groups.delete(groupId);
    this.#alertsByGroup.delete(groupId);
  }

  startAlert(alert: ActiveAlert, targets: Targets): void {
    const { groupIds, deviceIds } = targets;
    this.alerts.set(alert.deploymentId, { alert, targets: { groupIds, deviceIds } });
    for (const groupId of groupIds) addTo(this.#alertsByGroup, groupId, alert.deploymentId);
    for (const deviceId of deviceIds) addTo(this.#alertsByDevice, deviceId, alert.deploymentId);
    this.#touch(targets, alert.rev);
  }

  /** Returns the targets the alert had, or null when it is not known (stopped already). */
  stopAlert(deploymentId: number, rev: number): Targets | null {
    const found = this.alerts.get(deploymentId);
    if (found === undefined) return null;
    this.#dropAlert(found);
    this.#touch(found.targets, rev);
    return found.targets;
  }

  #dropAlert({ alert, targets }: TargetedAlert): void {
    this.alerts.delete(alert.deploymentId);
    for (const groupId of targets.groupIds) removeFrom(this.#alertsByGroup, groupId, alert.deploymentId);
    for (const deviceId of targets.deviceIds) removeFrom(this.#alertsByDevice, deviceId, alert.deploymentId);
  }

  /** Forgets alerts that expired before `now`. Devices hide them by themselves, so no rev moves. */
  sweepExpired(now: number): void {
    for (const found of this.alerts.values()) if (found.alert.expiresAt <= now) this.#dropAlert(found);
  }

  assignSchedules(targets: Targets, rev: number): void {
    for (const groupId of targets.groupIds) {
      const node = this.groups.get(groupId);
      if (node !== undefined) node.scheduleRev = Math.max(node.scheduleRev, rev);
    }
    for (const deviceId of targets.deviceIds) {
      this.#scheduleRevByDevice.set(deviceId, Math.max(this.#scheduleRevByDevice.get(deviceId) ?? 0, rev));
    }
    this.#touch(targets, rev);
  }

  #touch(targets: Targets, rev: number): void {
    for (const groupId of targets.groupIds) {
      const node = this.groups.get(groupId);
      if (node !== undefined) node.stateRev = Math.max(node.stateRev, rev);
    }
    for (const deviceId of targets.deviceIds) {
      this.#stateRevByDevice.set(deviceId, Math.max(this.#stateRevByDevice.get(deviceId) ?? 0, rev));
    }
  }

  /** The groups from the device's own up to the root. */
  chain(groupId: number | null): GroupNode[] {
    const nodes: GroupNode[] = [];
    let node = groupId === null ? undefined : this.groups.get(groupId);
    while (node !== undefined && nodes.length < CHAIN_LENGTH_MAX) {
      nodes.push(node);
      node = node.parentId === null ? undefined : this.groups.get(node.parentId);
    }
    return nodes;
  }

  /** The groups given and everything below them, each once. */
  subtrees(groupIds: readonly number[]): number[] {
    const seen = new Set<number>();
    const open = [...groupIds];
    for (let groupId = open.pop(); groupId !== undefined; groupId = open.pop()) {
      if (seen.has(groupId)) continue;
      seen.add(groupId);
      const node = this.groups.get(groupId);
      if (node !== undefined) open.push(...node.children);
    }
    return [...seen];
  }

  /** The rev of the last change that touched what this device should show or be. */
  stateRev(device: DeviceRecord): number {
    let rev = Math.max(device.rev, this.#stateRevByDevice.get(device.deviceId) ?? 0, this.#scheduleRevEverywhere);
    for (const node of this.chain(device.groupId)) rev = Math.max(rev, node.stateRev);
    return rev;
  }

  /** Active alerts that target the device, in the order in which they are shown. */
  alertsFor(device: DeviceRecord, now: number): ActiveAlert[] {
    if (this.alerts.size === 0) return [];
    const ids = new Set<number>(this.#alertsByDevice.get(device.deviceId));
    for (const node of this.chain(device.groupId)) {
      for (const id of this.#alertsByGroup.get(node.groupId) ?? []) ids.add(id);
    }
    const alerts: ActiveAlert[] = [];
    for (const id of ids) {
      const alert = this.alerts.get(id)?.alert;
      if (alert !== undefined && alert.expiresAt > now) alerts.push(alert);
    }
    return alerts.sort(compareAlerts);
  }

  /**
   * The manifest's version for the device: it rises with whatever changes the manifest, a withdrawal and a move included. Null
   * when nothing was ever scheduled along its chain and nothing is to be fetched ahead for alerts.
   */
  scheduleVersion(device: DeviceRecord): number | null {
    let scheduled = Math.max(this.#scheduleRevByDevice.get(device.deviceId) ?? 0, this.#scheduleRevEverywhere);
    // Another chain means another manifest, even where no deployment along it is newer: moves count too.
    let placed = device.placementRev;
    for (const node of this.chain(device.groupId)) {
      scheduled = Math.max(scheduled, node.scheduleRev);
      placed = Math.max(placed, node.placementRev);
    }
    return scheduled === 0 ? null : Math.max(scheduled, placed);
  }

  /** Settings merged along the chain: per key the nearest to the device wins. */
  configFor(device: DeviceRecord): DeviceConfig {
    let config: DeviceConfig = {};
    for (const node of this.chain(device.groupId).reverse()) config = { ...config, ...node.config };
    return { ...config, ...device.config };
  }
}

function addTo(index: Map<number, Set<number>>, key: number, value: number): void {
  const set = index.get(key);
  if (set === undefined) index.set(key, new Set([value]));
  else set.add(value);
}

function removeFrom(index: Map<number, Set<number>>, key: number, value: number): void {
  const set = index.get(key);
  set?.delete(value);
  if (set?.size === 0) index.delete(key);
}
