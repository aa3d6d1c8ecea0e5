/** What a device says, turned into rows to write: the same for a WebSocket frame and an HTTP body. Pure. */
import type { CommandUpdateRow, ReceiptRow, ReportRow, UsageRow } from '../core/hub-store.ts';
import type { DeviceRecord } from '../core/model.ts';
import type { ScheduleReport } from '../core/schedule-report.ts';
import type { CommandUpdate, LogEntry, Receipt, Status } from '../../protocol/up.ts';

/** Who says it. */
export interface Speaker {
  readonly tenantId: number;
  readonly deviceId: number;
  /** Null over HTTP. */
  readonly connEpoch: number | null;
}

/** A device that speaks over HTTP. */
export function speaker({ tenantId, deviceId }: DeviceRecord): Speaker {
  return { tenantId, deviceId, connEpoch: null };
}

export function receiptRows(
  who: Speaker,
  items: readonly Receipt[],
  now: number,
  publishedAt: (deploymentId: number) => number | null,
): ReceiptRow[] {
  return items.map((item) => ({
    tenantId: who.tenantId,
    deviceId: who.deviceId,
    connEpoch: who.connEpoch,
    deploymentId: item.deploymentId,
    stage: item.stage,
    at: now,
    sentAt: publishedAt(item.deploymentId),
    deviceAt: Date.parse(item.at),
    reason: item.reason ?? null,
  }));
}

/** The first rung that is the hub's own to say: the alert was written to this device, or given in its answer. */
export function sentRow(who: Speaker, deploymentId: number, at: number): ReceiptRow {
  return {
    tenantId: who.tenantId,
    deviceId: who.deviceId,
    connEpoch: who.connEpoch,
    deploymentId,
    stage: 'sent',
    at,
    sentAt: at,
    deviceAt: null,
    reason: null,
  };
}

export function reportRow(
  who: Speaker,
  now: number,
  said: {
    status?: Status | undefined;
    epoch?: number | undefined;
    rev?: number | undefined;
    displayed?: readonly number[] | undefined;
    appVersion?: string | undefined;
    capabilities?: readonly string[] | undefined;
  },
): ReportRow {
  const { status } = said;
  return {
    tenantId: who.tenantId,
    deviceId: who.deviceId,
    connEpoch: who.connEpoch,
    at: now,
    epoch: said.epoch ?? null,
    rev: said.rev ?? null,
    status: status === undefined ? null : JSON.stringify(status),
    displayed: said.displayed ?? status?.displayed ?? null,
    appVersion: said.appVersion ?? status?.appVersion ?? null,
    osVersion: status?.osVersion ?? null,
    capabilities: said.capabilities ?? null,
    schedule: scheduleReport(status),
  };
}

/** A device that names a manifest without a word on it plays it. */
function scheduleReport(status: Status | undefined): ScheduleReport | null {
  if (status?.scheduleVersion === undefined) return null;
  const { scheduleVersion: version, scheduleState: state = 'applied', scheduleReason: reason } = status;
  return { version, state, reason: state === 'failed' ? (reason ?? null) : null };
}

export function commandRows(who: Speaker, updates: readonly CommandUpdate[], now: number): CommandUpdateRow[] {
  return updates.map((update) => ({
    tenantId: who.tenantId,
    deviceId: who.deviceId,
    commandId: update.commandId,
    state: update.state,
    result: update.result === undefined ? null : JSON.stringify(update.result),
    reason: update.reason ?? null,
    at: now,
  }));
}

export function usageRows(who: Speaker, entries: readonly LogEntry[], now: number): UsageRow[] {
  return entries.map((entry) => ({
    tenantId: who.tenantId,
    deviceId: who.deviceId,
    entryId: entry.id,
    contentId: entry.contentId,
    scheduleId: entry.scheduleId ?? null,
    startedAt: Date.parse(entry.startedAt),
    playMs: Math.round(entry.playSeconds * 1000),
    at: now,
    alertDeploymentId: entry.alertDeploymentId ?? null,
  }));
}
