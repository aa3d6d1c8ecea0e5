/**
 * A PDF with one line a row: A4 across, title and criteria first, the columns' headers and the page's number on every page.
 * It is set in a standard font of PDF, which has the characters of Western Europe, and where that does not do in DejaVu, which has
 * the alphabets of Europe and the Caucasus. Any other character shows as a question mark, and the page says so.
 */
import { createRequire } from 'node:module';
import PDFDocument from 'pdfkit';
import { toIso } from '../iso-time.ts';
import { batchesOf, type ColumnKind, type Report, type ReportColumn, type ReportRow } from './report-model.ts';

/** Rows of a PDF: some 600 pages. Past it: VALIDATION_ERROR, or a connection cut when nobody knew before. */
export const PDF_ROWS_MAX = 20_000;

/** Rows that are set in one go: a few milliseconds of work. */
const BATCH_ROWS = 20;

/** Lengths are in points. */
const MARGIN = 36;
/** A font that needs no embedding, and the one that stands in for it. */
interface Face {
  readonly standard: string;
  readonly wide: string;
}
const require = createRequire(import.meta.url);
const REGULAR: Face = {
  standard: 'Helvetica',
  wide: require.resolve('dejavu-fonts-ttf/ttf/DejaVuSansCondensed.ttf'),
};
const BOLD: Face = {
  standard: 'Helvetica-Bold',
  wide: require.resolve('dejavu-fonts-ttf/ttf/DejaVuSansCondensed-Bold.ttf'),
};
const FONT_SIZE = 8;
const LINE = 14;
const TITLE_LINE = 24;
const CELL_GAP = 6;
/** How wide columns are to each other. */
const WEIGHTS: Readonly<Record<ColumnKind, number>> = {
  text: 3,
  integer: 1.3,
  number: 1.5,
  timestamp: 2.4,
  seconds: 1.6,
  percent: 1.3,
};
/** In points; the Latin letters written as two are wider than a square. */
const WIDEST_CHARACTER = FONT_SIZE * 1.6;

/** Everything but printable ASCII, Latin-1 and what Windows-1252 has besides: what the standard fonts lack. */
const NOT_STANDARD = /[^\x20-\x7e\xa0-\xffŒœŠšŸŽžƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]/u;
/** What DejaVu lacks besides, and what it would set in the wrong direction. */
const NOT_IN_FONT =
  /[^\x20-\x7e\xa0-\xff\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Armenian}\p{Script=Georgian}\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2100-\u218b\u2190-\u22ff]/gu;

interface Place extends ReportColumn {
  readonly x: number;
  readonly width: number;
}

/** Text that the font can show. A line break or tab is a space. */
function printable(text: string): string {
  return text.replaceAll(/\s+/g, ' ').normalize('NFC').replaceAll(NOT_IN_FONT, '?');
}

function shown(value: string | number | null | undefined, kind: ColumnKind): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return kind === 'timestamp' ? value.slice(0, 19).replace('T', ' ') : value;
  return kind === 'integer' ? String(value) : String(Math.round(value * 1_000) / 1_000);
}

/** One document being written. Invariant: `y` is where the next line goes, and a line always fits the page. */
class Sheets {
  readonly #doc: PDFKit.PDFDocument;
  readonly #report: Report;
  readonly #places: readonly Place[];
  readonly #bottom: number;
  #page = 0;
  #y = 0;
  #replaced = false;

  constructor(report: Report) {
    this.#report = report;
    this.#doc = new PDFDocument({
      size: 'A4',
      layout: 'landscape',
      margin: 0,
      autoFirstPage: false,
      info: { Title: report.title, Creator: 'Podoh', CreationDate: new Date(report.generatedAt) },
    });
    const { columns } = report;
    const [width, height] = [841.89, 595.28];
    this.#bottom = height - MARGIN - LINE;
    const unit = (width - 2 * MARGIN) / columns.reduce((sum, { kind }) => sum + WEIGHTS[kind], 0);
    let x = MARGIN;
    this.#places = columns.map((column) => {
      const place = { ...column, x, width: WEIGHTS[column.kind] * unit - CELL_GAP };
      x += WEIGHTS[column.kind] * unit;
      return place;
    });
    this.#begin();
  }

  row(row: ReportRow): void {
    if (this.#y + LINE > this.#bottom) {
      this.#finish();
      this.#begin();
    }
    for (const place of this.#places) {
      this.#text(shown(row[place.key], place.kind), place, REGULAR);
    }
    this.#y += LINE;
  }

  /** What has been written since the last call. */
  take(): Buffer | null {
    return this.#doc.read() as Buffer | null;
  }

  /** Writes the end of the document; the rest of it comes from the iterator. */
  end(): AsyncIterable<Buffer> {
    this.#finish();
    this.#doc.end();
    return this.#doc as AsyncIterable<Buffer>;
  }

  #begin(): void {
    this.#doc.addPage();
    this.#page += 1;
    this.#replaced = false;
    this.#y = MARGIN;
    const whole = { x: MARGIN, width: this.#doc.page.width - 2 * MARGIN, kind: 'text' as const };
    if (this.#page === 1) {
      this.#doc.fontSize(14);
      this.#text(this.#report.title, whole, BOLD);
      this.#y += TITLE_LINE;
      for (const line of [`Made: ${toIso(this.#report.generatedAt)}`, ...this.#report.criteria]) {
        this.#doc.fontSize(FONT_SIZE);
        this.#text(line, whole, REGULAR);
        this.#y += LINE;
      }
      this.#y += LINE / 2;
    }
    this.#doc.fontSize(FONT_SIZE);
    for (const place of this.#places) {
      this.#text(place.kind === 'timestamp' ? `${place.title} (UTC)` : place.title, place, BOLD);
    }
    this.#y += LINE;
    this.#doc
      .moveTo(MARGIN, this.#y - 4)
      .lineTo(MARGIN + whole.width, this.#y - 4)
      .lineWidth(0.5)
      .stroke();
  }

  #finish(): void {
    this.#y = this.#bottom + LINE / 2;
    const note = this.#replaced ? ' - characters that this font lacks are shown as ?; CSV and XLSX have them' : '';
    const whole = { x: MARGIN, width: this.#doc.page.width - 2 * MARGIN, kind: 'text' as const };
    this.#text(`Page ${this.#page}${note}`, whole, REGULAR);
  }

  #text(text: string, place: Pick<Place, 'x' | 'width' | 'kind'>, face: Face): void {
    if (text === '') return;
    const clean = printable(text);
    this.#replaced ||= clean.includes('?') && text.match(NOT_IN_FONT) !== null;
    this.#doc.font(NOT_STANDARD.test(clean) ? face.wide : face.standard);
    const fitting = this.#fit(clean, place.width);
    const isNumber = place.kind !== 'text' && place.kind !== 'timestamp';
    const x = isNumber ? place.x + place.width - this.#doc.widthOfString(fitting) : place.x;
    this.#doc.text(fitting, x, this.#y, { lineBreak: false });
  }

  /** As much of the text as fits, with an ellipsis where it was cut. */
  #fit(text: string, width: number): string {
    if (text.length * WIDEST_CHARACTER <= width || this.#doc.widthOfString(text) <= width) return text;
    let [fits, tooLong] = [0, Math.min(text.length, Math.ceil(width))];
    while (tooLong - fits > 1) {
      const middle = (fits + tooLong) >> 1;
      if (this.#doc.widthOfString(`${text.slice(0, middle)}…`) <= width) fits = middle;
      else tooLong = middle;
    }
    return `${text.slice(0, fits)}…`;
  }
}

/** The file in chunks. Throws when more rows come than PDF_ROWS_MAX. */
export async function* pdfChunks(report: Report): AsyncGenerator<Buffer> {
  const sheets = new Sheets(report);
  let rows = 0;
  for await (const batch of batchesOf(report.rows, BATCH_ROWS)) {
    rows += batch.length;
    if (rows > PDF_ROWS_MAX) throw new Error(`a PDF holds at most ${PDF_ROWS_MAX} rows`);
    for (const row of batch) sheets.row(row);
    const written = sheets.take();
    if (written !== null) yield written;
  }
  yield* sheets.end();
}
