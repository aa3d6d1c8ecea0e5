/**
 * What devices say, on its way to the database in batches: receipts, reports, command updates, proof of play.
 * WebSocket frames are acknowledged after the commit, HTTP requests answered after it; what is never acknowledged is sent
 * again by the device and changes nothing the second time.
 *
 * Limits: each queue holds `queueMax` items; past it new ones are refused and not acknowledged (the device keeps them).
 */
import type { CommandUpdateRow, HubStore, ReceiptOutcome, ReceiptRow, ReportRow, UsageRow } from '../core/hub-store.ts';
import type { Clock } from '../core/ports.ts';
import { laterReport } from '../core/schedule-report.ts';
import { BatchWriter } from './batch-writer.ts';
import type { HubLog } from './hub-log.ts';

export interface IngestOptions {
  readonly store: HubStore;
  readonly clock: Clock;
  readonly log: HubLog;
  /** A device whose connection (this one, or an older) was replaced by a newer one, found out while writing its report. */
  readonly onReplaced: (deviceId: number, connEpoch: number) => void;
  /** A change was appended: the log has grown to this rev. */
  readonly onAppended: (rev: number) => void;
  readonly onReceipt: (row: ReceiptRow, outcome: ReceiptOutcome) => void;
}

export type Settled<R> = { ok: true; result: R } | { ok: false; error: unknown };

const QUEUE_MAX = 50_000;
const BATCH_MAX = 500;
const RECEIPT_DELAY_MS = 40;
const REPORT_DELAY_MS = 1_000;
const COMMAND_DELAY_MS = 20;
const USAGE_DELAY_MS = 50;

export class Ingest {
  readonly receipts: BatchWriter<ReceiptRow, ReceiptOutcome>;
  readonly commands: BatchWriter<CommandUpdateRow, null>;
  readonly usage: BatchWriter<UsageRow, boolean>;
  readonly #reportWriter: BatchWriter<number, null>;
  /** The latest report of each device that waits to be written. */
  readonly #reports = new Map<number, ReportRow>();
  readonly #clock: Clock;

  constructor({ store, clock, log, onReplaced, onAppended, onReceipt }: IngestOptions) {
    this.#clock = clock;
    const common = (name: string) => ({
      name,
      queueMax: QUEUE_MAX,
      batchMax: BATCH_MAX,
      isTransient: (error: unknown) => store.isUnavailable(error),
      onError: (error: unknown, items: number) => {
        if (store.isUnavailable(error)) log.debug({ name, items }, 'write put off: database away');
        else log.error({ err: error, name, items }, 'write failed');
      },
    });
    this.receipts = new BatchWriter({
      ...common('receipts'),
      delayMs: RECEIPT_DELAY_MS,
      write: async (rows) => {
        const outcomes = await store.saveReceipts(rows);
        rows.forEach((row, index) => onReceipt(row, outcomes[index] ?? { accepted: 0, duplicates: 0, ignored: 1 }));
        return outcomes;
      },
    });
    this.commands = new BatchWriter({
      ...common('command updates'),
      delayMs: COMMAND_DELAY_MS,
      write: async (rows) => {
        const rev = await store.saveCommandUpdates(rows);
        if (rev !== null) onAppended(rev);
        return rows.map(() => null);
      },
    });
    this.usage = new BatchWriter({
      ...common('proof of play'),
      delayMs: USAGE_DELAY_MS,
      write: (rows) => store.saveUsage(rows),
    });
    this.#reportWriter = new BatchWriter({
      ...common('reports'),
      delayMs: REPORT_DELAY_MS,
      write: async (deviceIds) => {
        const rows: ReportRow[] = [];
        for (const deviceId of deviceIds) {
          const row = this.#reports.get(deviceId);
          if (row !== undefined) rows.push(row);
          this.#reports.delete(deviceId);
        }
        try {
          const epochs = new Map(rows.map((row) => [row.deviceId, row.connEpoch ?? 0]));
          for (const deviceId of await store.saveReports(rows)) onReplaced(deviceId, epochs.get(deviceId) ?? 0);
        } catch (error) {
          // Kept only where the writer tries again: a row that no queued item stands for would swallow every later report.
          if (store.isUnavailable(error)) for (const row of rows) this.#keep(row);
          throw error;
        }
        return deviceIds.map(() => null);
      },
    });
  }

  /** Items waiting over all queues. */
  get length(): number {
    return this.receipts.length + this.commands.length + this.usage.length + this.#reportWriter.length;
  }

  /** Takes a report; of one device only the latest is written, with what an earlier one alone said kept. */
  report(row: ReportRow): void {
    const waiting = this.#reports.get(row.deviceId);
    if (waiting !== undefined) {
      this.#reports.set(row.deviceId, completed(row, waiting));
      return;
    }
    // A full queue costs a report; the next status brings another.
    if (this.#reportWriter.add(row.deviceId, () => undefined)) this.#reports.set(row.deviceId, row);
  }

  /** Puts a row back that could not be written; what came in meanwhile is newer. */
  #keep(row: ReportRow): void {
    const newer = this.#reports.get(row.deviceId);
    this.#reports.set(row.deviceId, newer === undefined ? row : completed(newer, row));
  }

  /**
   * Queues items of one request and waits until all are committed.
   * @returns the results, or null when the queue was full, the write failed or the time was up
   */
  async committed<T, R>(writer: BatchWriter<T, R>, items: readonly T[], withinMs: number): Promise<R[] | null> {
    if (items.length === 0) return [];
    const results: Promise<Settled<R>>[] = items.map(
      (item) =>
        new Promise((resolve) => {
          if (!writer.add(item, resolve)) resolve({ ok: false, error: new Error('queue full') });
        }),
    );
    let timer: NodeJS.Timeout | undefined;
    const timeUp = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), withinMs);
    });
    const settled = await Promise.race([Promise.all(results), timeUp]);
    clearTimeout(timer);
    if (settled === null) return null;
    const values: R[] = [];
    for (const one of settled) {
      if (!one.ok) return null;
      values.push(one.result);
    }
    return values;
  }

  /** Writes what is queued, then refuses more. */
  async close(withinMs: number): Promise<void> {
    const startedAtMs = this.#clock.monotonicMs();
    const left = () => Math.max(0, withinMs - (this.#clock.monotonicMs() - startedAtMs));
    await Promise.all([
      this.receipts.close(left()),
      this.commands.close(left()),
      this.usage.close(left()),
      this.#reportWriter.close(left()),
    ]);
  }
}

/** The newer report, with what the older one alone said. */
function completed(newer: ReportRow, older: ReportRow): ReportRow {
  return {
    ...newer,
    epoch: newer.epoch ?? older.epoch,
    rev: newer.rev ?? older.rev,
    status: newer.status ?? older.status,
    displayed: newer.displayed ?? older.displayed,
    appVersion: newer.appVersion ?? older.appVersion,
    osVersion: newer.osVersion ?? older.osVersion,
    capabilities: newer.capabilities ?? older.capabilities,
    schedule: laterReport(older.schedule, newer.schedule),
  };
}
