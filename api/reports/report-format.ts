/**
 * A report as a file: CSV, XLSX or PDF, streamed row by row. A reader that stops reading stops the writing; what goes wrong half-way
 * cuts the connection, so that nobody takes a part for the whole.
 */
import { Readable } from 'node:stream';
import Type, { type Static } from 'typebox';
import { apiError } from '../errors.ts';
import { toIso } from '../iso-time.ts';
import type { Call, Page, RawAnswer } from '../route.ts';
import { csvChunks } from './csv-report.ts';
import { PDF_ROWS_MAX, pdfChunks } from './pdf-report.ts';
import { batchesOf, type Report, type ReportRow } from './report-model.ts';
import { xlsxChunks } from './xlsx-report.ts';

const FORMATS = ['json', 'csv', 'xlsx', 'pdf'] as const;

/** `format` in the query of every report. */
export const ReportFormat = Type.Enum([...FORMATS], {
  default: 'json',
  description: `json: a page in the usual envelope; csv (UTF-8 with BOM, RFC 4180), xlsx and pdf (at most ${PDF_ROWS_MAX} rows): everything, as a file`,
});
export type ReportFormat = Static<typeof ReportFormat>;
export type FileFormat = Exclude<ReportFormat, 'json'>;

const CONTENT_TYPES: Readonly<Record<FileFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  pdf: 'application/pdf',
};

/** The first chunk is made before the answer begins, so that what fails at once is answered as an error. */
const CHUNKS = { csv: csvChunks, xlsx: xlsxChunks, pdf: pdfChunks } as const;

/**
 * The report as a file to download, made while it is being read. Throws VALIDATION_ERROR naming `format` when it has more rows
 * than the format takes, and what the first rows throw.
 */
export async function answerReport(
  call: Pick<Call, 'ctx' | 'requestId'>,
  format: FileFormat,
  report: Report,
): Promise<RawAnswer> {
  if (format === 'pdf' && report.total !== null && report.total > PDF_ROWS_MAX) throw tooManyForPdf();
  const chunks = CHUNKS[format](format === 'pdf' && report.total === null ? await counted(report) : report);
  const first = await chunks.next();
  const day = toIso(report.generatedAt).slice(0, 10);
  return {
    contentType: CONTENT_TYPES[format],
    body: Readable.from(following(call, report, first, chunks), { objectMode: false }),
    headers: {
      'Content-Disposition': `attachment; filename="${report.name}-${day}.${format}"`,
      'Cache-Control': 'no-store',
    },
  };
}

function tooManyForPdf(): Error {
  return apiError('VALIDATION_ERROR', 'The report has too many rows for a PDF: take CSV or XLSX, or less time', [
    { field: 'format', message: `a PDF holds at most ${PDF_ROWS_MAX} rows; csv and xlsx hold all` },
  ]);
}

/** The report with its rows in memory, as many as a PDF holds. */
async function counted(report: Report): Promise<Report> {
  const rows: ReportRow[] = [];
  for await (const batch of batchesOf(report.rows)) {
    rows.push(...batch);
    if (rows.length > PDF_ROWS_MAX) throw tooManyForPdf();
  }
  return { ...report, rows: Readable.from(rows), total: rows.length };
}

async function* following(
  call: Pick<Call, 'ctx' | 'requestId'>,
  report: Report,
  first: IteratorResult<Buffer>,
  rest: AsyncGenerator<Buffer>,
): AsyncGenerator<Buffer> {
  if (first.done === true) return;
  try {
    yield first.value;
    yield* rest;
  } catch (error) {
    call.ctx.log.error(
      { err: error, requestId: call.requestId, report: report.name },
      'a report broke off half-way: its connection is cut',
    );
    throw error;
  } finally {
    await rest.return(undefined);
  }
}

/** A JSON answer of a report, in the envelope of all lists. */
export function answerJson(data: unknown, page: Page): RawAnswer {
  return {
    contentType: 'application/json; charset=utf-8',
    body: JSON.stringify({ success: true, data, meta: page }),
    headers: { 'Cache-Control': 'no-store' },
  };
}
