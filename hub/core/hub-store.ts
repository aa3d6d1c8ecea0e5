/**
 * What the hub asks of the database. One SQL text implements it over SQLite and MariaDB (hub/store); the two databases
 * are its two adapters. Every call may reject with a database error; `isUnavailable` tells "try again" from "our bug".
 */
import type { Change } from './changes.ts';
import type { ModelSnapshot } from './hub-model.ts';
import type { DeviceRecord } from './model.ts';
import type { ScheduleReport } from './schedule-report.ts';

export interface LogPage {
  readonly epoch: number;
  /** The newest committed rev. */
  readonly headRev: number;
  /** Changes after the cursor in rev order, at most the page's size. Empty although headRev is ahead: they were pruned. */
  readonly changes: readonly Change[];
}

/** A device that connects, and the credentialVersion of the token it came with. */
export interface Connecting {
  readonly deviceId: number;
  readonly credentialVersion: number;
}

export interface Connected {
  readonly record: DeviceRecord;
  /** 0 when it was not connected: the device is revoked, or the token is of another credential. */
  readonly connEpoch: number;
}

export type DeviceStage = 'received' | 'displayed' | 'cleared' | 'failed';

/** One stage of one device on one deployment, as the hub learned it. */
export interface ReceiptRow {
  readonly tenantId: number;
  readonly deviceId: number;
  /** The connection it came over; null over HTTP, where the token alone speaks. */
  readonly connEpoch: number | null;
  readonly deploymentId: number;
  readonly stage: DeviceStage | 'sent';
  /** The hub's clock. */
  readonly at: number;
  /** When this node pushed the alert to the device, if it knows: saves a write of its own for `sent`. */
  readonly sentAt: number | null;
  /** The device's clock. */
  readonly deviceAt: number | null;
  readonly reason: string | null;
}

export interface ReceiptOutcome {
  /** Rows that added something. */
  readonly accepted: number;
  /** Rows that said what was known already. */
  readonly duplicates: number;
  /** Rows of an unknown deployment or from a connection that was replaced: they change nothing. */
  readonly ignored: number;
}

export interface ReportRow {
  readonly tenantId: number;
  readonly deviceId: number;
  readonly connEpoch: number | null;
  readonly at: number;
  readonly epoch: number | null;
  readonly rev: number | null;
  /** JSON text of the last status, or null to leave it. */
  readonly status: string | null;
  readonly displayed: readonly number[] | null;
  readonly appVersion: string | null;
  readonly osVersion: string | null;
  readonly capabilities: readonly string[] | null;
  /** What it says of its manifest, or null when it says nothing of it. */
  readonly schedule: ScheduleReport | null;
}

export interface CommandUpdateRow {
  readonly tenantId: number;
  readonly deviceId: number;
  readonly commandId: number;
  readonly state: 'acknowledged' | 'succeeded' | 'failed' | 'rejected';
  readonly result: string | null;
  readonly reason: string | null;
  readonly at: number;
}

export interface UsageRow {
  readonly tenantId: number;
  readonly deviceId: number;
  readonly entryId: string;
  readonly contentId: number;
  readonly scheduleId: number | null;
  /** The device's clock. */
  readonly startedAt: number;
  readonly playMs: number;
  /** The hub's clock. */
  readonly at: number;
  /** The alert that was on the screen meanwhile, if the device says so. */
  readonly alertDeploymentId: number | null;
}

export interface Pairing {
  readonly id: number;
  readonly playerId: string;
  /** Eight characters without the dash. */
  readonly code: string;
  readonly state: 'pending' | 'paired' | 'consumed';
  readonly deviceId: number | null;
  readonly expiresAt: number;
}

export interface NewPairing {
  readonly playerId: string;
  readonly code: string;
  readonly pollSecretHash: string;
  readonly name: string | null;
  readonly model: string | null;
  readonly osVersion: string | null;
  readonly appVersion: string | null;
  readonly capabilities: readonly string[];
  readonly now: number;
  readonly expiresAt: number;
}

export interface CredentialFacts {
  readonly tenantId: number;
  readonly credentialHash: string | null;
  readonly credentialVersion: number;
  readonly active: boolean;
}

export interface ManifestRow {
  readonly id: number;
  readonly name: string;
  readonly priority: number;
  /** As it was deployed: the wire's Layout and Timing. */
  readonly layout: unknown;
  readonly timing: unknown;
  readonly deploymentId: number;
  /** 0 the device itself, 1 its group, 2 that group's parent. */
  readonly distance: number;
}

export interface ManifestContentRow {
  readonly id: number;
  readonly type: 'video' | 'image' | 'html' | 'stream';
  readonly url: string;
  readonly sha256: string | null;
  readonly size: number | null;
  readonly mimeType: string | null;
  readonly durationMs: number | null;
}

export interface HubStore {
  /** Whether the error means that the database is away or busy past its deadline. */
  isUnavailable(error: unknown): boolean;

  /** Everything the read model needs, in one consistent snapshot. */
  loadModel(now: number): Promise<ModelSnapshot>;
  /** The next page of the log after `cursor`. */
  readLog(cursor: number, limit: number): Promise<LogPage>;
  /**
   * Deletes changes older than `before` but never the newest `keep`, nor one that a consumer has not read. A consumer that has not
   * been heard of since `aliveSince` is dead and holds nothing back.
   */
  pruneLog(before: number, keep: number, aliveSince: number): Promise<number>;

  /**
   * Gives each device a higher connEpoch, marks it online over WebSocket on this node and reads it; each device at most once in a
   * call. A device that is revoked or whose credential is another by now is only read: an old token must not end the session of
   * the new one. [INV-9] Missing ids are unknown devices.
   */
  connect(tokens: readonly Connecting[], nodeId: string, now: number): Promise<Map<number, Connected>>;
  /** Reads devices without connecting them. */
  loadDevices(deviceIds: readonly number[], now: number): Promise<Map<number, DeviceRecord>>;
  /** Marks devices offline, each only if its connEpoch is still the one given. [design: the newest session wins] */
  disconnect(devices: readonly { deviceId: number; connEpoch: number }[], now: number): Promise<void>;
  /** Marks devices online on this node again, each only if its connEpoch is still the one given: others may have given the node up. */
  reclaim(devices: readonly { deviceId: number; connEpoch: number }[], nodeId: string, now: number): Promise<void>;
  /** Devices that polled over HTTP; those online over WebSocket are left alone. */
  seenOverHttp(deviceIds: readonly number[], now: number): Promise<void>;
  /** Renews this node's lease. */
  renewLease(nodeId: string, startedAt: number, until: number): Promise<void>;
  dropLease(nodeId: string): Promise<void>;
  /** Marks offline what nodes without a lease left online and HTTP devices silent since `httpSince`. Returns how many. */
  reapAbsent(now: number, httpSince: number): Promise<number>;

  /** One transaction; the answer per row is in the order given. */
  saveReceipts(rows: readonly ReceiptRow[]): Promise<ReceiptOutcome[]>;
  /**
   * Returns the devices whose connection was replaced by a newer one: their rows changed nothing. What is said of a manifest is kept
   * by the law of `laterReport`; of one that this history has not reached it is not believed.
   */
  saveReports(rows: readonly ReportRow[]): Promise<number[]>;
  /** Returns the rev of the last change it appended, or null; unknown, foreign and finished commands change nothing. */
  saveCommandUpdates(rows: readonly CommandUpdateRow[]): Promise<number | null>;
  /** True per row that was new, false per duplicate, in the order given. */
  saveUsage(rows: readonly UsageRow[]): Promise<boolean[]>;

  /** Finds the player's newest pairing that this poll secret opens. */
  findPairing(playerId: string, pollSecretHash: string): Promise<Pairing | null>;
  /** Pairings that wait and have not run out. */
  countPendingPairings(now: number): Promise<number>;
  /** False when the code is taken by another live pairing. */
  createPairing(pairing: NewPairing): Promise<boolean>;
  /** Turns a paired pairing into a credential, once: false when somebody else collected it first or the device is gone. */
  collectCredential(pairingId: number, credentialHash: string, now: number): Promise<boolean>;
  deleteExpiredPairings(before: number): Promise<void>;
  credentialFacts(deviceId: number): Promise<CredentialFacts | null>;

  /**
   * Schedules deployed along the chain (from the device's own group up) or to the device, in the order in which they win, with the
   * content that they use, and what alerts show: prepared ones, and those that are on for the device.
   */
  manifest(
    tenantId: number,
    groupIds: readonly number[],
    deviceId: number,
    now: number,
  ): Promise<{ schedules: ManifestRow[]; content: ManifestContentRow[]; prefetch: ManifestContentRow[] }>;

  /** The open command's facts if it is this device's own. */
  findCommand(
    tenantId: number,
    deviceId: number,
    commandId: number,
  ): Promise<{ name: string; finished: boolean } | null>;
  attachCommandFile(commandId: number, fileKey: string, fileType: string): Promise<void>;
}
