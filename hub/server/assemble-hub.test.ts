/** What ties the parts together: who is told when a device's connection turns out to be replaced, and who is not. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { recordingLog } from '../../test/support/recording-log.ts';
import type { ReportRow } from '../core/hub-store.ts';
import { systemClock, systemIds } from '../system-ports.ts';
import { assembleHub, type HubDependencies, type HubReach } from './assemble-hub.ts';
import type { HubContext } from './hub-context.ts';
import { Session } from './session.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A node whose store finds every report to be of a connection that was replaced. */
function node(): { context: HubContext; replaced: Session[] } {
  const replaced: Session[] = [];
  const store = {
    saveReports: async (rows: readonly ReportRow[]) => rows.map((row) => row.deviceId),
    isUnavailable: () => false,
  };
  const dependencies = {
    settings: { heartbeatSeconds: 30, pollMinMs: 500, pollMaxMs: 1_000 },
    store,
    clock: systemClock,
    ids: systemIds,
    log: { ...recordingLog(), debug: () => undefined },
  } as unknown as HubDependencies;
  const reach = { replace: (session) => replaced.push(session) } as Partial<HubReach> as HubReach;
  return { context: assembleHub(dependencies, reach), replaced };
}

function session(context: HubContext, deviceId: number, connEpoch: number): Session {
  const live = new Session('json', '127.0.0.1', 'token', 100, 0);
  Object.assign(live, { deviceId, connEpoch, state: 'live' });
  context.registry.add(live);
  return live;
}

function report(deviceId: number, connEpoch: number): ReportRow {
  const said = { status: '{}', displayed: null, appVersion: null, osVersion: null, capabilities: null, schedule: null };
  return { tenantId: 1, deviceId, connEpoch, at: 1, epoch: 1, rev: 1, ...said };
}

test('a session whose report is found to be of a replaced connection ends; a newer one of the device does not', async () => {
  const { context, replaced } = node();
  const stale = session(context, 70, 4);
  session(context, 71, 6);
  context.ingest.report(report(70, 4));
  // Said by the connection before this one, and written only after it began.
  context.ingest.report(report(71, 5));
  context.ingest.report(report(72, 1));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(replaced).toEqual([stale]);
});
