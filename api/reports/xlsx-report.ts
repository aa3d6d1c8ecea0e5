/**
 * An Office Open XML workbook (ECMA-376), written while it is sent: the libraries hold every row in memory until the end, which a
 * million rows do not allow. Text is stored in place, so that no cell is ever a formula.
 */
import { toIso } from '../iso-time.ts';
import { batchesOf, type ColumnKind, type Report, type ReportColumn, type ReportRow } from './report-model.ts';
import { zipChunks } from './zip-stream.ts';

/** Rows of one sheet with its header: the format's own limit. Past it: the next sheet. */
const SHEET_ROWS_MAX = 1_048_576;
/** Characters of one cell: the format's own limit. Past it: cut. */
const CELL_CHARS_MAX = 32_767;
/** Days from the spreadsheet's first day (30 December 1899) to 1970. */
const EPOCH_DAYS = 25_569;
const DAY_MS = 86_400_000;

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';

/** Index into the cell formats of STYLES, and the width of the column in characters. */
const LOOKS: Readonly<Record<ColumnKind, { readonly style: number; readonly width: number }>> = {
  text: { style: 0, width: 28 },
  integer: { style: 2, width: 12 },
  number: { style: 3, width: 12 },
  timestamp: { style: 4, width: 22 },
  seconds: { style: 3, width: 14 },
  percent: { style: 3, width: 12 },
};
const HEADER_STYLE = 1;

const STYLES = `${XML}<styleSheet xmlns="${MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd hh:mm:ss"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="5"><xf/><xf fontId="1" applyFont="1"/><xf numFmtId="3" applyNumberFormat="1"/><xf numFmtId="4" applyNumberFormat="1"/><xf numFmtId="164" applyNumberFormat="1"/></cellXfs></styleSheet>`;

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text as XML 1.0 may hold it: what it may not hold becomes U+FFFD. */
function escapeXml(text: string): string {
  return (
    text
      .toWellFormed()
      // eslint-disable-next-line no-control-regex -- these are what XML forbids
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replaceAll(/[&<>"]/g, (found) => ESCAPES[found] ?? found)
  );
}

function textCell(text: string, style: number): string {
  const kept = text.slice(0, CELL_CHARS_MAX);
  return `<c t="inlineStr" s="${style}"><is><t xml:space="preserve">${escapeXml(kept)}</t></is></c>`;
}

function cell(value: string | number | null | undefined, kind: ColumnKind): string {
  if (value === null || value === undefined) return '<c/>';
  const { style } = LOOKS[kind];
  if (typeof value === 'number') return `<c s="${style}"><v>${value}</v></c>`;
  if (kind === 'timestamp') {
    const epochMs = Date.parse(value);
    if (!Number.isNaN(epochMs)) return `<c s="${style}"><v>${epochMs / DAY_MS + EPOCH_DAYS}</v></c>`;
  }
  return textCell(value, 0);
}

function sheetHead(columns: readonly ReportColumn[]): string {
  const widths = columns.map(
    ({ kind, title }, index) =>
      `<col min="${index + 1}" max="${index + 1}" width="${Math.max(LOOKS[kind].width, title.length + 2)}" customWidth="1"/>`,
  );
  const titles = columns.map(({ title, kind }) =>
    textCell(kind === 'timestamp' ? `${title} (UTC)` : title, HEADER_STYLE),
  );
  return `${XML}<worksheet xmlns="${MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>${widths.join('')}</cols><sheetData><row>${titles.join('')}</row>`;
}

const SHEET_TAIL = '</sheetData></worksheet>';

function rowXml(columns: readonly ReportColumn[], row: ReportRow): string {
  return `<row>${columns.map(({ key, kind }) => cell(row[key], kind)).join('')}</row>`;
}

interface File {
  readonly name: string;
  readonly chunks: AsyncIterable<string>;
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}

/** One sheet after the other, as many as the rows take; at least one. */
async function* sheets(report: Report, rowsMax: number): AsyncGenerator<AsyncIterable<string>> {
  const batches = batchesOf(report.rows)[Symbol.asyncIterator]();
  let rest: ReportRow[] = [];
  let ended = false;
  async function* sheet(): AsyncGenerator<string> {
    yield sheetHead(report.columns);
    let room = rowsMax - 1;
    while (room > 0 && !ended) {
      if (rest.length === 0) {
        const next = await batches.next();
        if (next.done === true) ended = true;
        else rest = next.value;
      }
      const now = rest.slice(0, room);
      rest = rest.slice(room);
      room -= now.length;
      yield now.map((row) => rowXml(report.columns, row)).join('');
    }
    yield SHEET_TAIL;
  }
  try {
    do yield sheet();
    while (!ended && (rest.length > 0 || !(await peek())));
  } finally {
    await batches.return?.(undefined);
  }
  /** Whether the rows ended exactly with a sheet. */
  async function peek(): Promise<boolean> {
    const next = await batches.next();
    if (next.done === true) ended = true;
    else rest = next.value;
    return ended;
  }
}

function aboutSheet(report: Report): string {
  const lines = [report.title, `Made: ${toIso(report.generatedAt)}`, ...report.criteria];
  const rows = lines.map((line, index) => `<row>${textCell(line, index === 0 ? HEADER_STYLE : 0)}</row>`);
  return `${XML}<worksheet xmlns="${MAIN}"><cols><col min="1" max="1" width="80" customWidth="1"/></cols><sheetData>${rows.join('')}${SHEET_TAIL}`;
}

function contentTypes(sheetCount: number): string {
  const sheet = (index: number) =>
    `<Override PartName="/xl/worksheets/sheet${index + 1}.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`;
  return `${XML}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>${Array.from({ length: sheetCount }, (_, index) => sheet(index)).join('')}</Types>`;
}

function workbook(names: readonly string[]): string {
  const sheetTags = names.map(
    (name, index) => `<sheet name="${escapeXml(name)}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`,
  );
  return `${XML}<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><sheets>${sheetTags.join('')}</sheets></workbook>`;
}

function workbookRelations(sheetCount: number): string {
  const sheetTags = Array.from(
    { length: sheetCount },
    (_, index) =>
      `<Relationship Id="rId${index + 1}" Type="${RELATIONS}/worksheet" Target="worksheets/sheet${index + 1}.xml"/>`,
  );
  return `${XML}<Relationships xmlns="${PACKAGE}/relationships">${sheetTags.join('')}<Relationship Id="rId${sheetCount + 1}" Type="${RELATIONS}/styles" Target="styles.xml"/></Relationships>`;
}

const ROOT_RELATIONS = `${XML}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>`;

/** The data's sheets, then one that says what was asked for. */
async function* files(report: Report, rowsMax: number): AsyncGenerator<File> {
  yield { name: '_rels/.rels', chunks: once(ROOT_RELATIONS) };
  yield { name: 'xl/styles.xml', chunks: once(STYLES) };
  const names: string[] = [];
  for await (const chunks of sheets(report, rowsMax)) {
    names.push(names.length === 0 ? 'Report' : `Report ${names.length + 1}`);
    yield { name: `xl/worksheets/sheet${names.length}.xml`, chunks };
  }
  names.push('About');
  yield { name: `xl/worksheets/sheet${names.length}.xml`, chunks: once(aboutSheet(report)) };
  yield { name: 'xl/workbook.xml', chunks: once(workbook(names)) };
  yield { name: 'xl/_rels/workbook.xml.rels', chunks: once(workbookRelations(names.length)) };
  yield { name: '[Content_Types].xml', chunks: once(contentTypes(names.length)) };
}

/** The file in chunks. `rowsMax`: rows of one sheet with its header. */
export function xlsxChunks(report: Report, rowsMax = SHEET_ROWS_MAX): AsyncGenerator<Buffer> {
  return zipChunks(files(report, rowsMax));
}
