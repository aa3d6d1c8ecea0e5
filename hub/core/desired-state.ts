/** Composing the one document that is a device's whole duty, and deciding whether the device has it already. Pure. */
import type { DeviceRecord, DeviceState } from './model.ts';
import type { TenantModel } from './tenant-model.ts';

/** What a device says it has when it connects or sends a heartbeat. */
export interface DeviceClaim {
  readonly epoch: number | undefined;
  readonly rev: number | undefined;
  /** Alert deployments on glass; absent when the device did not say. */
  readonly displayed?: readonly number[] | undefined;
}

/** The device's desired state at the model's rev. Commands that ran out are left away. */
export function composeState(
  model: TenantModel,
  device: DeviceRecord,
  position: { epoch: number; rev: number },
  now: number,
): DeviceState {
  return {
    epoch: position.epoch,
    rev: position.rev,
    alerts: model.alertsFor(device, now),
    scheduleVersion: model.scheduleVersion(device),
    config: model.configFor(device),
    commands: device.commands.filter((command) => command.expiresAt > now),
  };
}

/**
 * Whether the device has its desired state already, so that nothing need be sent. When in doubt: no.
 *
 * Not current is a device of another epoch, of a rev before the last change that concerns it, of a rev before what this
 * hub remembers (`floorRev`), of a rev that the database has not reached, or one whose screen differs from what it
 * should show whatever it claims (a resumed stream lies now and then) [INV-1].
 */
export function isCurrent(
  model: TenantModel,
  device: DeviceRecord,
  position: { epoch: number; rev: number },
  claim: DeviceClaim,
  now: number,
): boolean {
  if (claim.epoch !== position.epoch || claim.rev === undefined) return false;
  if (claim.rev < model.floorRev || claim.rev > position.rev) return false;
  if (claim.rev < model.stateRev(device)) return false;
  if (claim.displayed !== undefined) {
    const should = model.alertsFor(device, now);
    if (should.length !== claim.displayed.length) return false;
    const displayed = new Set(claim.displayed);
    if (should.some((alert) => !displayed.has(alert.deploymentId))) return false;
  }
  return true;
}
