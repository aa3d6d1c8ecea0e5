/**
 * The change log's vocabulary: what the API writes in the transaction of a mutation and every hub reads from its cursor.
 * A change carries all that a hub needs to bring its read model up to date, so that fan-out costs one query.
 */
import type { ActiveAlert, DeviceConfig, PendingCommand } from './model.ts';

/** A change as its writer gives it; `rev` comes from the counter when it is appended. */
export type NewChange =
  /** `alert.rev` is filled in from the change's own rev when it is read. */
  | {
      readonly kind: 'alert.started';
      readonly alert: Omit<ActiveAlert, 'rev'>;
      readonly groupIds: readonly number[];
      readonly deviceIds: readonly number[];
    }
  | { readonly kind: 'alert.stopped'; readonly deploymentId: number }
  /** A group was created, moved, renamed or configured. */
  | {
      readonly kind: 'group.saved';
      readonly groupId: number;
      readonly parentId: number | null;
      readonly config: DeviceConfig;
    }
  /** A group was deleted; its devices were moved by changes of their own before. */
  | { readonly kind: 'group.removed'; readonly groupId: number }
  /** A device was created, moved, renamed or configured. */
  | {
      readonly kind: 'device.saved';
      readonly deviceId: number;
      readonly groupId: number | null;
      readonly config: DeviceConfig;
    }
  /** Tokens of a lower credentialVersion are dead. `reason` tells the device what to do. */
  | {
      readonly kind: 'device.credential';
      readonly deviceId: number;
      readonly credentialVersion: number;
      readonly reason: 'rotated' | 'revoked' | 'removed';
    }
  | { readonly kind: 'command.issued'; readonly deviceId: number; readonly command: PendingCommand }
  /** A command reached a final state: it leaves the desired state. */
  | { readonly kind: 'command.finished'; readonly deviceId: number; readonly commandId: number }
  /**
   * Schedules were deployed to or withdrawn from these targets: their manifest has a new version, this rev. `everywhere`: so have
   * all the others of the tenant (what is to be fetched ahead for alerts is another).
   */
  | {
      readonly kind: 'schedule.assigned';
      readonly groupIds: readonly number[];
      readonly deviceIds: readonly number[];
      readonly everywhere?: true;
    }
  /** A user was changed, disabled or logged out everywhere; concerns API nodes only. */
  | { readonly kind: 'user.changed'; readonly userId: number };

/** A committed row of the change log. */
export interface Change {
  readonly rev: number;
  readonly tenantId: number;
  readonly change: NewChange;
}
