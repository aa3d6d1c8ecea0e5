/** The domain's nouns. Instants are epoch milliseconds; the shells turn them into ISO 8601 on the wire. */

export type Severity = 'info' | 'warning' | 'critical';

export interface AlertContent {
  readonly id: number;
  readonly type: 'video' | 'image' | 'html' | 'stream';
  readonly url: string;
  readonly sha256: string | null;
}

/** One act of raising an alert, as every hub keeps it in memory while it is active. */
export interface ActiveAlert {
  readonly deploymentId: number;
  readonly alertId: number | null;
  /** The change that started it. */
  readonly rev: number;
  readonly severity: Severity;
  readonly title: string;
  readonly message: string;
  readonly content: AlertContent | null;
  readonly startedAt: number;
  readonly expiresAt: number;
  readonly drill: boolean;
}

/** What an alert or a schedule is aimed at; a group stands for its whole subtree. */
export interface Targets {
  readonly groupIds: readonly number[];
  readonly deviceIds: readonly number[];
}

/** Settings of a group or a device; per key the nearest to the device wins. */
export interface DeviceConfig {
  readonly volume?: number;
  readonly brightness?: number;
  readonly orientation?: 'landscape' | 'portrait' | 'landscape-flipped' | 'portrait-flipped';
  readonly timezone?: string;
  readonly power?: 'on' | 'off';
  readonly statusSeconds?: number;
}

export interface PendingCommand {
  readonly commandId: number;
  readonly name: string;
  readonly args: Readonly<Record<string, string | number | boolean>>;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** What a hub knows of one device: its row and its open commands, as of `rev`. */
export interface DeviceRecord {
  readonly deviceId: number;
  readonly tenantId: number;
  readonly groupId: number | null;
  readonly config: DeviceConfig;
  readonly active: boolean;
  readonly credentialVersion: number;
  /** The change that last touched the device or gave it a command. */
  readonly rev: number;
  /** The change that last put the device into its group. */
  readonly placementRev: number;
  readonly commands: readonly PendingCommand[];
}

/** The desired state in domain terms. */
export interface DeviceState {
  readonly epoch: number;
  readonly rev: number;
  readonly alerts: readonly ActiveAlert[];
  /** Version of the manifest, or null when there was never anything in it for the device. */
  readonly scheduleVersion: number | null;
  readonly config: DeviceConfig;
  readonly commands: readonly PendingCommand[];
}
