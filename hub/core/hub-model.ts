/**
 * The hub's read model over all tenants and the effects of a change: what has to be told to whom. Pure: it decides, the
 * server's fan-out does.
 *
 * States: empty until `load`; then at (epoch, rev), moving only through `apply` in rev order without a gap, or through
 * another `load`.
 */
import type { Change } from './changes.ts';
import type { ActiveAlert, DeviceConfig, DeviceRecord, PendingCommand } from './model.ts';
import { TenantModel, type TenantSnapshot } from './tenant-model.ts';

/** The database's truth at one rev, read in one consistent snapshot. */
export interface ModelSnapshot {
  readonly epoch: number;
  readonly rev: number;
  readonly tenants: readonly TenantSnapshot[];
  /** Devices revoked so recently that tokens of theirs may still run: refused before anything is read for them. */
  readonly revokedDeviceIds: readonly number[];
  /** Whether there is any device at all; absent where nobody looked. */
  readonly holdsDevices?: boolean;
}

/** Whom an effect concerns: every device in these groups (subtrees spread out already) and these devices. */
export interface Audience {
  readonly tenantId: number;
  readonly groupIds: readonly number[];
  readonly deviceIds: readonly number[];
  /** And the tenant's devices that are in no group. */
  readonly ungrouped?: true;
}

/** What a change makes the hub do. */
export type Effect =
  | { readonly kind: 'alert.start'; readonly rev: number; readonly audience: Audience; readonly alert: ActiveAlert }
  | { readonly kind: 'alert.stop'; readonly rev: number; readonly audience: Audience; readonly deploymentId: number }
  /** The manifest of these devices may have changed: each has its own version. */
  | { readonly kind: 'schedule'; readonly rev: number; readonly audience: Audience }
  /** The merged settings of these devices may have changed. */
  | { readonly kind: 'config'; readonly rev: number; readonly audience: Audience }
  /** Everything may have changed: the whole state again. */
  | { readonly kind: 'state'; readonly rev: number; readonly audience: Audience }
  | {
      readonly kind: 'device';
      readonly rev: number;
      readonly deviceId: number;
      readonly groupId: number | null;
      readonly config: DeviceConfig;
    }
  | {
      readonly kind: 'credential';
      readonly rev: number;
      readonly deviceId: number;
      readonly credentialVersion: number;
      readonly reason: 'rotated' | 'revoked' | 'removed';
    }
  | { readonly kind: 'command'; readonly rev: number; readonly deviceId: number; readonly command: PendingCommand }
  | { readonly kind: 'command.finished'; readonly rev: number; readonly deviceId: number; readonly commandId: number };

export class HubModel {
  #epoch = 0;
  #rev = 0;
  #floorRev = 0;
  #tenants = new Map<number, TenantModel>();

  /** Identity of the history and how far it was read. */
  get position(): { epoch: number; rev: number } {
    return { epoch: this.#epoch, rev: this.#rev };
  }

  get rev(): number {
    return this.#rev;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Replaces everything with a snapshot. */
  load(snapshot: ModelSnapshot): void {
    this.#epoch = snapshot.epoch;
    this.#rev = snapshot.rev;
    this.#floorRev = snapshot.rev;
    this.#tenants = new Map(snapshot.tenants.map((tenant) => [tenant.tenantId, new TenantModel(tenant, snapshot.rev)]));
  }

  tenant(tenantId: number): TenantModel {
    let tenant = this.#tenants.get(tenantId);
    if (tenant === undefined) {
      tenant = new TenantModel({ tenantId, groups: [], alerts: [], schedules: [] }, this.#floorRev);
      this.#tenants.set(tenantId, tenant);
    }
    return tenant;
  }

  /** Whether an active alert targets the device at this instant. */
  hasActiveAlert(device: DeviceRecord, now: number): boolean {
    return this.tenant(device.tenantId).alertsFor(device, now).length > 0;
  }

  sweepExpired(now: number): void {
    for (const tenant of this.#tenants.values()) tenant.sweepExpired(now);
  }

  /** Whether the deployment is on, as far as this model knows. */
  isActive(deploymentId: number): boolean {
    for (const tenant of this.#tenants.values()) if (tenant.alerts.has(deploymentId)) return true;
    return false;
  }

  /** Active alerts held in memory, over all tenants. */
  activeAlerts(): number {
    let count = 0;
    for (const tenant of this.#tenants.values()) count += tenant.alerts.size;
    return count;
  }

  /**
   * Applies the next change of the log and says what follows from it, or null when nothing does.
   * A change that is not the next one is our bug: the log's reader reloads instead of skipping.
   */
  apply({ rev, tenantId, change }: Change): Effect | null {
    if (rev !== this.#rev + 1)
      throw new Error(`change ${rev} applied after ${this.#rev}: the log's reader lost its place`);
    const tenant = this.tenant(tenantId);
    const stoppedTargets =
      change.kind === 'alert.stopped' ? tenant.alerts.get(change.deploymentId)?.targets : undefined;
    const oldGroup = change.kind === 'group.saved' ? tenant.groups.get(change.groupId) : undefined;
    const movedFrom = oldGroup?.parentId;
    tenant.apply(change, rev);
    this.#rev = rev;
    const inGroups = (groupIds: readonly number[], deviceIds: readonly number[] = []): Audience => ({
      tenantId,
      groupIds: tenant.subtrees(groupIds),
      deviceIds,
    });
    switch (change.kind) {
      case 'alert.started':
        return {
          kind: 'alert.start',
          rev,
          audience: inGroups(change.groupIds, change.deviceIds),
          alert: { ...change.alert, rev },
        };
      case 'alert.stopped': {
        const { groupIds, deviceIds } = stoppedTargets ?? { groupIds: [], deviceIds: [] };
        return { kind: 'alert.stop', rev, audience: inGroups(groupIds, deviceIds), deploymentId: change.deploymentId };
      }
      case 'group.saved':
        if (oldGroup === undefined) return null;
        return { kind: movedFrom === change.parentId ? 'config' : 'state', rev, audience: inGroups([change.groupId]) };
      case 'schedule.assigned': {
        const everybody: Audience = { tenantId, groupIds: [...tenant.groups.keys()], deviceIds: [], ungrouped: true };
        const audience = change.everywhere === true ? everybody : inGroups(change.groupIds, change.deviceIds);
        return { kind: 'schedule', rev, audience };
      }
      case 'device.saved':
        return { kind: 'device', rev, deviceId: change.deviceId, groupId: change.groupId, config: change.config };
      case 'device.credential':
        return {
          kind: 'credential',
          rev,
          deviceId: change.deviceId,
          credentialVersion: change.credentialVersion,
          reason: change.reason,
        };
      case 'command.issued':
        return { kind: 'command', rev, deviceId: change.deviceId, command: change.command };
      case 'command.finished':
        return { kind: 'command.finished', rev, deviceId: change.deviceId, commandId: change.commandId };
      case 'group.removed':
      case 'user.changed':
        return null;
      default:
        return passedOver(change);
    }
  }
}

/** A kind that only a newer API writes: it concerns nothing that this version knows. */
function passedOver(_unknown: never): null {
  return null;
}
