import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import Type from 'typebox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { databaseMaker } from '../../test/support/databases.ts';
import { API_BASE, route } from '../route.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { csvChunks } from './csv-report.ts';
import { PDF_ROWS_MAX, pdfChunks } from './pdf-report.ts';
import { answerReport, type FileFormat } from './report-format.ts';
import type { Report, ReportRow } from './report-model.ts';
import { readArchive, readCsv, readSheet } from './testing/read-report-file.ts';
import { xlsxChunks } from './xlsx-report.ts';

const COLUMNS = [
  { key: 'name', title: 'Name', kind: 'text' },
  { key: 'plays', title: 'Plays', kind: 'integer' },
  { key: 'at', title: 'Started', kind: 'timestamp' },
  { key: 'share', title: 'Share', kind: 'percent' },
] as const;

function reportOf(rows: Iterable<ReportRow> | AsyncIterable<ReportRow>, total: number | null = null): Report {
  return {
    name: 'sample',
    title: 'A sample',
    columns: COLUMNS,
    rows: Readable.from(rows),
    total,
    generatedAt: Date.UTC(2026, 10, 20, 9),
    criteria: ['Time: all', 'Group: Łódź & <Lobby>'],
  };
}

function bytesOf(chunks: AsyncGenerator<Buffer>): Promise<Buffer> {
  return buffer(Readable.from(chunks));
}

function row(name: string, plays = 1): ReportRow {
  return { name, plays, at: '2026-11-20T09:30:00.000Z', share: 33.5 };
}

const HARD_NAMES = [
  'plain',
  'with, comma',
  'a "quoted" one',
  'two\r\nlines',
  ' spaces ',
  'Größe 日本 🎬',
  '',
  '<b>&amp;',
];

describe('CSV', () => {
  test('comes back as it went in, after the header of keys and a byte order mark', async () => {
    const bytes = await bytesOf(csvChunks(reportOf([...HARD_NAMES.map((name) => row(name)), { name: 'nothing' }])));
    expect(bytes.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
    const [header, ...lines] = readCsv(bytes.toString());
    expect(header).toEqual(['name', 'plays', 'at', 'share']);
    expect(lines.map(([name]) => name)).toEqual([...HARD_NAMES, 'nothing']);
    expect(lines[0]).toEqual(['plain', '1', '2026-11-20T09:30:00.000Z', '33.5']);
    expect(lines.at(-1)).toEqual(['nothing', '', '', '']);
    expect(bytes.toString().endsWith('\r\n')).toBe(true);
  });

  test('no text is a formula, and numbers stay numbers', async () => {
    const evil = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '=HYPERLINK("http://evil")'];
    const lines = readCsv((await bytesOf(csvChunks(reportOf(evil.map((name) => row(name, -5)))))).toString()).slice(1);
    for (const [name, plays] of lines) {
      expect(name).toMatch(/^'/);
      expect(plays).toBe('-5');
    }
    expect(lines.map(([name]) => name?.slice(1))).toEqual(evil);
  });

  test('an empty report has its header', async () => {
    expect((await bytesOf(csvChunks(reportOf([])))).toString()).toBe('\ufeffname,plays,at,share\r\n');
  });
});

describe('XLSX', () => {
  test('a workbook holds every cell, instants as dates, and what was asked for', async () => {
    const files = await readArchive(
      await bytesOf(xlsxChunks(reportOf([...HARD_NAMES, '=1+1'].map((name) => row(name))))),
    );
    const sheet = files.get('xl/worksheets/sheet1.xml') ?? '';
    const [header, ...lines] = readSheet(sheet);
    expect(header).toEqual(['Name', 'Plays', 'Started (UTC)', 'Share']);
    expect(lines.map(([name]) => name)).toEqual([...HARD_NAMES, '=1+1']);
    expect(lines[0]?.slice(1)).toEqual(['1', String(Date.UTC(2026, 10, 20, 9, 30) / 86_400_000 + 25_569), '33.5']);
    expect(sheet).not.toContain('<f>');
    expect(readSheet(files.get('xl/worksheets/sheet2.xml') ?? '').flat()).toEqual([
      'A sample',
      'Made: 2026-11-20T09:00:00.000Z',
      'Time: all',
      'Group: Łódź & <Lobby>',
    ]);
    for (const part of ['[Content_Types].xml', '_rels/.rels', 'xl/workbook.xml', 'xl/_rels/workbook.xml.rels']) {
      expect(files.has(part)).toBe(true);
    }
  });

  test('what XML forbids becomes visible', async () => {
    const files = await readArchive(await bytesOf(xlsxChunks(reportOf([row('a\u0000b\u001fc\ud800d')]))));
    expect(readSheet(files.get('xl/worksheets/sheet1.xml') ?? '')[1]?.[0]).toBe('a\ufffdb\ufffdc\ufffdd');
  });

  test.each([
    [0, [1]],
    [9, [10]],
    [10, [10, 2]],
    [27, [10, 10, 10]],
    [28, [10, 10, 10, 2]],
    [1_201, [...Array.from({ length: 133 }, () => 10), 5]],
  ])('%i rows in sheets of ten go on in the next sheet', async (count, sizes) => {
    const rows = Array.from({ length: count }, (_, index) => row(`row ${index}`));
    const files = await readArchive(await bytesOf(xlsxChunks(reportOf(rows), 10)));
    const sheets = sizes.map((_, index) => readSheet(files.get(`xl/worksheets/sheet${index + 1}.xml`) ?? ''));
    expect(sheets.map(({ length }) => length)).toEqual(sizes);
    expect(sheets.flatMap((lines) => lines.slice(1).map(([name]) => name))).toEqual(rows.map(({ name }) => name));
    expect(files.has(`xl/worksheets/sheet${sizes.length + 2}.xml`)).toBe(false);
  });
});

describe('PDF', () => {
  const pagesOf = (bytes: Buffer): number => [...bytes.toString('latin1').matchAll(/\/Type \/Page\b(?!s)/g)].length;

  test.each([
    [0, 1],
    [10, 1],
    [100, 3],
    [200, 6],
  ])('%i rows are set on %i pages', async (count, pages) => {
    const rows = Array.from({ length: count }, (_, index) =>
      row(`row ${index} of a very long name that does not fit its column`),
    );
    const bytes = await bytesOf(pdfChunks(reportOf(rows)));
    expect(bytes.subarray(0, 5).toString()).toBe('%PDF-');
    expect(bytes.toString('latin1').trimEnd().endsWith('%%EOF')).toBe(true);
    expect(pagesOf(bytes)).toBe(pages);
  });

  test('no character breaks it', async () => {
    const bytes = await bytesOf(pdfChunks(reportOf([...HARD_NAMES, '\u0000\ud800\u202e'].map((name) => row(name)))));
    expect(pagesOf(bytes)).toBe(1);
  });

  test.each([
    ['Zürich – Süd', false],
    ['Київ', true],
    ['Kraków Główny', true],
    ['Αθήνα', true],
    ['東京', false],
  ])('%s is set in a font that has it', async (name, isWide) => {
    const plain = { ...reportOf([row(name)]), title: 'Plays', criteria: [] };
    const bytes = await bytesOf(pdfChunks(plain));
    expect(bytes.toString('latin1').includes('DejaVu')).toBe(isWide);
  });
});

describe('download', () => {
  const open = databaseMaker('sqlite');
  let api: ApiFixture;
  let admin: TestUser;
  let port: number;
  let read = 0;
  let ended = 0;
  const sources: Record<string, () => AsyncGenerator<ReportRow>> = {
    async *endless() {
      try {
        // Text that does not pack well, as names in real reports do not.
        for (;;) yield row(randomBytes(75).toString('base64'), (read += 1));
      } finally {
        ended += 1;
      }
    },
    async *broken() {
      for (let at = 0; at < 20_000; at += 1) yield row('x'.repeat(100), at);
      throw new Error('the database went away');
    },
    async *empty() {},
    async *refused() {
      yield await Promise.reject(new Error('at once'));
    },
    async *large() {
      for (let at = 0; at <= PDF_ROWS_MAX; at += 1) yield row('x', at);
    },
  };
  beforeAll(async () => {
    const sample = route({
      method: 'GET',
      url: `${API_BASE}/sample/:source/:format`,
      policy: 'user',
      operationId: 'sample',
      summary: 'A sample',
      params: Type.Object({ source: Type.String(), format: Type.String() }),
      data: Type.Object({}),
      raw: true,
      download: true,
      handler: (call) =>
        answerReport(call, call.params.format as FileFormat, reportOf(sources[call.params.source]?.() ?? [])),
    });
    api = await openApi(await open(), { routes: [sample] });
    admin = await api.newUser(await api.newTenant('reports'), 'admin');
    await api.app.listen({ port: 0, host: '127.0.0.1' });
    ({ port } = api.app.server.address() as AddressInfo);
  });
  afterAll(() => api.close());

  const get = async (source: string, format: string) => {
    const asked = request({
      port,
      host: '127.0.0.1',
      path: `${API_BASE}/sample/${source}/${format}`,
      headers: { authorization: `Bearer ${admin.token}` },
    });
    asked.end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    return answer;
  };

  test('a file has a name and is kept by nobody', async () => {
    const answer = await get('empty', 'csv');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': 'attachment; filename="sample-2026-11-20.csv"',
      'cache-control': 'no-store',
    });
    expect((await buffer(answer)).toString()).toBe('\ufeffname,plays,at,share\r\n');
  });

  test.each(['csv', 'xlsx'])('whoever hangs up stops the reading (%s)', async (format) => {
    const before = ended;
    const answer = await get('endless', format);
    const start = read;
    answer.resume();
    await expect.poll(() => read, { timeout: 20_000 }).toBeGreaterThan(start);
    answer.destroy();
    await expect.poll(() => ended, { timeout: 20_000 }).toBe(before + 1);
    const sofar = read;
    await new Promise((resolve) => setImmediate(resolve));
    expect(read).toBe(sofar);
  });

  test('whoever reads slowly slows the reading', async () => {
    const start = read;
    const answer = await get('endless', 'csv');
    answer.pause();
    let last = -1;
    // It comes to rest once the buffers between us are full.
    await expect.poll(() => last === (last = read), { interval: 200, timeout: 20_000 }).toBe(true);
    expect(read - start).toBeGreaterThan(0);
    answer.destroy();
  });

  test.each(['csv', 'xlsx'])('what fails half-way cuts the connection (%s)', async (format) => {
    const answer = await get('broken', format);
    expect(answer.statusCode).toBe(200);
    await expect(buffer(answer)).rejects.toThrow('aborted');
    expect(api.logLines.join('')).toContain('broke off half-way');
    expect(api.logLines.join('')).toContain('the database went away');
  });

  test('what fails at once is an error as any other', async () => {
    const answer = await get('refused', 'csv');
    expect(answer.statusCode).toBe(500);
    expect(answer.headers['content-disposition']).toBeUndefined();
    expect(JSON.parse((await buffer(answer)).toString()).error.code).toBe('INTERNAL');
  });

  test('a PDF too long is refused, and the error points to CSV', async () => {
    const answer = await get('large', 'pdf');
    expect(answer.statusCode).toBe(400);
    expect(JSON.parse((await buffer(answer)).toString()).error).toMatchObject({
      code: 'VALIDATION_ERROR',
      details: [{ field: 'format', message: expect.stringContaining('csv') }],
    });
  });
});
