/** A report before it has a format: columns, and rows that come one after the other. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** `timestamp`: ISO 8601 UTC text; `seconds` and `percent` (0 to 100): numbers. */
export type ColumnKind = 'text' | 'integer' | 'number' | 'timestamp' | 'seconds' | 'percent';

export interface ReportColumn {
  /** Name of the value in a row, and the header of the column in CSV. */
  readonly key: string;
  /** The header of the column where people read it. */
  readonly title: string;
  readonly kind: ColumnKind;
}

export type ReportRow = Readonly<Record<string, string | number | null>>;

export interface Report {
  /** Begins the file's name: lower-case letters and dashes. */
  readonly name: string;
  readonly title: string;
  readonly columns: readonly ReportColumn[];
  /** Read once, from the start, and no further than the reader of the file has come. */
  readonly rows: AsyncIterable<ReportRow>;
  /** How many rows will come; null when nobody knows before. */
  readonly total: number | null;
  /** Epoch milliseconds. */
  readonly generatedAt: number;
  /** What was asked for, line by line, e.g. `Time: 2026-11-01 to 2026-11-20`. */
  readonly criteria: readonly string[];
}

/** Rows that are written in one go: a few milliseconds of work. */
const BATCH_ROWS = 500;

/**
 * The rows in batches, with a turn of the event loop between two: SQLite answers without waiting, and a long report would keep
 * everything else (an alert, say) waiting.
 */
export async function* batchesOf(rows: AsyncIterable<ReportRow>, batchRows = BATCH_ROWS): AsyncGenerator<ReportRow[]> {
  let batch: ReportRow[] = [];
  for await (const row of rows) {
    batch.push(row);
    if (batch.length < batchRows) continue;
    yield batch;
    batch = [];
    await nextTurn();
  }
  if (batch.length > 0) yield batch;
}
