/**
 * The heartbeat: the same desired state that a socket pushes, asked for. With `waitSeconds` and nothing new the answer is
 * held until something changes, so that an alert is instant over plain HTTP too.
 */
import { composeState, isCurrent } from '../core/desired-state.ts';
import type { DeviceRecord } from '../core/model.ts';
import type { HeartbeatRequest, HeartbeatResponse } from '../../protocol/sync.ts';
import { commandRows, receiptRows, reportRow, sentRow, speaker, usageRows } from './device-words.ts';
import { isoTime, wireAlert, wireState } from './frames.ts';
import type { HubContext } from './hub-context.ts';
import type { Exchange } from './http-exchange.ts';
import type { Waiter } from './heartbeat-waiters.ts';

/** What a device said must be committed within this, in milliseconds, or it is told to say it again. */
export const COMMIT_WITHIN_MS = 900;
/** While an alert is active a device without a socket asks this often, in seconds. */
const ALERT_HEARTBEAT_SECONDS = 5;

export async function heartbeat(
  context: HubContext,
  exchange: Exchange,
  record: DeviceRecord,
  body: HeartbeatRequest,
): Promise<void> {
  const { presence, follower, directory, model, metrics } = context;
  presence.polled(record.deviceId);
  if (!(await takeIn(context, record, body))) {
    exchange.refuse('UNAVAILABLE', 'what you said could not be stored now: send it again', { retryAfterSeconds: 2 });
    return;
  }
  if (body.rev !== undefined && body.epoch === model.epoch && body.rev > model.rev)
    await follower.reached(body.rev, 500);
  const waitMs = (body.waitSeconds ?? 0) * 1000;
  if (waitMs > 0 && !context.draining && answerIsCurrent(context, record, body, undefined)) {
    await hold(context, exchange, record, waitMs);
  }
  if (exchange.over) return;
  // The record may have changed while the answer was held.
  const latest = directory.get(record.deviceId) ?? record;
  if (!latest.active || latest.credentialVersion !== record.credentialVersion) {
    exchange.refuse('UNAUTHENTICATED', 'this device may not speak any more');
    return;
  }
  const answer = compose(context, latest, body);
  metrics.heartbeats.inc({ answer: answer.hasUpdate ? 'state' : 'current' });
  exchange.data(answer);
}

/** Commits what came with the heartbeat; false when that could not be done in time. */
async function takeIn(context: HubContext, record: DeviceRecord, body: HeartbeatRequest): Promise<boolean> {
  const { ingest, clock, fanOut } = context;
  const now = clock.now();
  const who = speaker(record);
  if (body.status !== undefined) {
    ingest.report(reportRow(who, now, { status: body.status, epoch: body.epoch, rev: body.rev }));
  }
  if (body.receipts === undefined && body.commandUpdates === undefined && body.logs === undefined) return true;
  const receipts = ingest.committed(
    ingest.receipts,
    receiptRows(who, body.receipts ?? [], now, (id) => fanOut.publishedAt(id)),
    COMMIT_WITHIN_MS,
  );
  // After the receipts, which tell what alert was on the screen during a play.
  const usage = receipts.then((stored) =>
    stored === null ? null : ingest.committed(ingest.usage, usageRows(who, body.logs ?? [], now), COMMIT_WITHIN_MS),
  );
  const commands = ingest.committed(
    ingest.commands,
    commandRows(who, body.commandUpdates ?? [], now),
    COMMIT_WITHIN_MS,
  );
  const written = await Promise.all([receipts, commands, usage]);
  return written.every((result) => result !== null);
}

function answerIsCurrent(
  context: HubContext,
  record: DeviceRecord,
  body: HeartbeatRequest,
  displayed: readonly number[] | undefined,
): boolean {
  const latest = context.directory.get(record.deviceId) ?? record;
  return isCurrent(
    context.model.tenant(latest.tenantId),
    latest,
    context.model.position,
    { epoch: body.epoch, rev: body.rev, displayed },
    context.clock.now(),
  );
}

async function hold(context: HubContext, exchange: Exchange, record: DeviceRecord, waitMs: number): Promise<void> {
  const { waiters, directory } = context;
  // Who went away while its words were being stored will not call back.
  if (exchange.over) return;
  // A pinned record follows the log while the answer is held.
  const isPinned = directory.pin(record.deviceId);
  await new Promise<void>((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      waiters.remove(waiter);
      resolve();
    };
    const { groupId } = directory.get(record.deviceId) ?? record;
    const { tenantId, deviceId } = record;
    const waiter: Waiter = { tenantId, deviceId, groupId: groupId ?? 0, wake: finish };
    const timer = setTimeout(finish, waitMs);
    if (!waiters.add(waiter)) {
      finish();
      return;
    }
    exchange.onGone(finish);
  });
  if (isPinned) directory.unpin(record.deviceId);
}

function compose(context: HubContext, record: DeviceRecord, body: HeartbeatRequest): HeartbeatResponse {
  const { model, clock, settings, fanOut, ingest } = context;
  const now = clock.now();
  const state = composeState(model.tenant(record.tenantId), record, model.position, now);
  // A screen that shows something else than it should is told again, but it does not cut a wait short: one that cannot show
  // an alert would ask without a pause.
  const hasUpdate = !answerIsCurrent(context, record, body, body.status?.displayed);
  const top = state.alerts[0];
  if (hasUpdate) {
    for (const alert of state.alerts) {
      const at = fanOut.publishedAt(alert.deploymentId) ?? now;
      ingest.receipts.add(sentRow(speaker(record), alert.deploymentId, at), () => undefined);
    }
  }
  return {
    epoch: state.epoch,
    rev: state.rev,
    serverTime: isoTime(now),
    hasUpdate,
    scheduleVersion: state.scheduleVersion,
    alert: top !== undefined,
    alertContent: top === undefined ? null : wireAlert(top),
    ...(hasUpdate ? { state: wireState(state) } : {}),
    nextHeartbeatSeconds:
      top === undefined ? settings.heartbeatSeconds : Math.min(ALERT_HEARTBEAT_SECONDS, settings.heartbeatSeconds),
  };
}
