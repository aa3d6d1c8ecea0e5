/** CSV as RFC 4180 has it: CRLF, quotes doubled. With a byte order mark, because spreadsheets take it for something else than UTF-8 without. */
import { stringify } from 'csv-stringify/sync';
import { batchesOf, type Report } from './report-model.ts';

const OPTIONS = {
  record_delimiter: 'windows',
  // A name such as `=HYPERLINK(...)` must stay text in the spreadsheet that opens the file.
  escape_formulas: true,
} as const;

/** The file in chunks; the header line has the columns' keys. */
export async function* csvChunks(report: Report): AsyncGenerator<Buffer> {
  const keys = report.columns.map(({ key }) => key);
  let head = stringify([keys], { ...OPTIONS, bom: true });
  for await (const batch of batchesOf(report.rows)) {
    const lines = stringify(
      batch.map((row) => keys.map((key) => row[key] ?? null)),
      OPTIONS,
    );
    yield Buffer.from(head + lines);
    head = '';
  }
  if (head !== '') yield Buffer.from(head);
}
