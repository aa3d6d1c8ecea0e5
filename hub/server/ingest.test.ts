/** What devices say, over a store that the test writes: what is merged, what is waited for, what is said again. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { recordingLog } from '../../test/support/recording-log.ts';
import type { HubStore, ReceiptRow, ReportRow } from '../core/hub-store.ts';
import { systemClock } from '../system-ports.ts';
import { Ingest } from './ingest.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

class Away extends Error {}

class Bench {
  readonly reports: ReportRow[][] = [];
  readonly receipts: ReceiptRow[][] = [];
  readonly replaced: { deviceId: number; connEpoch: number }[] = [];
  readonly ingest: Ingest;
  /** Devices whose connection the store finds replaced. */
  replacedIds: number[] = [];
  failing: Error | null = null;

  constructor() {
    const store = {
      isUnavailable: (error: unknown) => error instanceof Away,
      saveReports: async (rows: ReportRow[]) => {
        this.reports.push(rows);
        if (this.failing !== null) throw this.failing;
        return this.replacedIds;
      },
      saveReceipts: async (rows: ReceiptRow[]) => {
        this.receipts.push(rows);
        if (this.failing !== null) throw this.failing;
        return rows.map(() => ({ accepted: 1, duplicates: 0, ignored: 0 }));
      },
    };
    this.ingest = new Ingest({
      store: store as unknown as HubStore,
      clock: systemClock,
      log: { ...recordingLog(), debug: () => undefined },
      onReplaced: (deviceId, connEpoch) => this.replaced.push({ deviceId, connEpoch }),
      onAppended: () => undefined,
      onReceipt: () => undefined,
    });
  }
}

const SILENT = { status: null, displayed: null, appVersion: null, osVersion: null, capabilities: null, schedule: null };

function report(deviceId: number, more: Partial<ReportRow> = {}): ReportRow {
  return { tenantId: 1, deviceId, connEpoch: 2, at: 1, epoch: 1, rev: 5, ...SILENT, ...more };
}

function receipt(deploymentId: number): ReceiptRow {
  const words = { stage: 'received', at: 1, sentAt: null, deviceAt: null, reason: null } as const;
  return { tenantId: 1, deviceId: 70, connEpoch: 2, deploymentId, ...words };
}

describe('reports', () => {
  test('of one device that wait keep the word on its manifest that stands, not the one that came last', async () => {
    const bench = new Bench();
    const word = (version: number, state: 'received' | 'applied') => ({ schedule: { version, state, reason: null } });
    bench.ingest.report(report(70, word(8, 'applied')));
    bench.ingest.report(report(70, word(8, 'received')));
    bench.ingest.report(report(70, word(7, 'applied')));
    bench.ingest.report(report(70));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(bench.reports).toEqual([[report(70, word(8, 'applied'))]]);
  });

  test('of one device are written once a second, the latest with what earlier ones alone said', async () => {
    const bench = new Bench();
    bench.ingest.report(report(70, { appVersion: '1.0', displayed: [3] }));
    bench.ingest.report(report(70, { connEpoch: 3, rev: 6, status: '{}' }));
    bench.ingest.report(report(71));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(bench.reports).toEqual([
      [report(70, { connEpoch: 3, rev: 6, status: '{}', appVersion: '1.0', displayed: [3] }), report(71)],
    ]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(bench.reports).toHaveLength(1);
  });

  test('that could not be written are not lost, and what came meanwhile stands', async () => {
    const bench = new Bench();
    bench.failing = new Away();
    bench.ingest.report(report(70, { rev: 5 }));
    bench.ingest.report(report(71, { rev: 5 }));
    await vi.advanceTimersByTimeAsync(1_000);
    bench.ingest.report(report(70, { rev: 9 }));
    bench.failing = null;
    await vi.advanceTimersByTimeAsync(5_000);
    const last = bench.reports.at(-1)?.map(({ deviceId, rev }) => ({ deviceId, rev }));
    expect(last).toContainEqual({ deviceId: 71, rev: 5 });
    const ofFirst = bench.reports.flat().filter(({ deviceId }) => deviceId === 70);
    expect(ofFirst.at(-1)).toMatchObject({ rev: 9 });
  });

  test('of a replaced connection name the connection, so that a newer session on this node is not ended for it', async () => {
    const bench = new Bench();
    bench.replacedIds = [70];
    bench.ingest.report(report(70, { connEpoch: 4 }));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(bench.replaced).toEqual([{ deviceId: 70, connEpoch: 4 }]);
  });
});

describe('what a request brings', () => {
  test('[INV-4] is answered for after it was written', async () => {
    const bench = new Bench();
    const { ingest } = bench;
    const committed = ingest.committed(ingest.receipts, [receipt(1), receipt(2)], 900);
    await vi.advanceTimersByTimeAsync(10);
    expect(await Promise.race([committed, Promise.resolve('not yet')])).toBe('not yet');
    await vi.advanceTimersByTimeAsync(40);
    expect(bench.receipts).toHaveLength(1);
    expect(await committed).toEqual([
      { accepted: 1, duplicates: 0, ignored: 0 },
      { accepted: 1, duplicates: 0, ignored: 0 },
    ]);
  });

  test('[INV-4] is not answered for while the database is away, and is written when it is back', async () => {
    const bench = new Bench();
    const { ingest } = bench;
    bench.failing = new Away();
    const committed = ingest.committed(ingest.receipts, [receipt(1)], 900);
    await vi.advanceTimersByTimeAsync(900);
    expect(await committed).toBeNull();
    bench.failing = null;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(ingest.length).toBe(0);
    expect(bench.receipts.at(-1)).toEqual([receipt(1)]);
  });

  test('is refused at once after the end', async () => {
    const bench = new Bench();
    const { ingest } = bench;
    await ingest.close(100);
    expect(await ingest.committed(ingest.receipts, [receipt(1)], 900)).toBeNull();
    expect(await ingest.committed(ingest.receipts, [], 900)).toEqual([]);
  });
});
