import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { runScript } from '../../test/support/run-script.ts';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';

const ROWS = 300_000;
/** What an export may add to the memory in use by its process, in bytes; all rows held at once take several times as much. */
const GROWTH_BYTES_MAX = 24 * 1024 * 1024;
/** Memory is looked at once for so many bytes of a file. */
const LOOK_EVERY_BYTES = { csv: 5 * 1024 * 1024, xlsx: 600 * 1024 };
const AT_MS = Date.UTC(2026, 10, 1);

/** Plays made by the database itself: sending so many would take longer than all else. */
async function fillPlays(db: OpenDatabase<Database>, tenantId: number): Promise<void> {
  const digit = sql`(select 0 as d union all select 1 union all select 2 union all select 3 union all select 4
    union all select 5 union all select 6 union all select 7 union all select 8 union all select 9)`;
  const number = sql`(a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d)`;
  await db.unhurried(async (unhurried) => {
    for (let first = 0; first < ROWS; first += 100_000) {
      await sql`
        insert into usage_logs (tenant_id, device_id, entry_id, content_id, schedule_id, started_at, play_ms, received_at,
          alert_deployment_id, clock_suspect)
        select ${tenantId}, 1 + ${number} % 500, cast(${first} + ${number} as char(20)), 1 + ${number} % 97, 3,
          ${AT_MS + first} + ${number}, 10000, ${AT_MS}, null, 0
        from ${digit} a cross join ${digit} b cross join ${digit} c cross join ${digit} e cross join ${digit} f`.execute(
        unhurried,
      );
    }
  });
}

/** Serves an export in a process of its own, reads it there bit by bit, and prints how far its memory grew. */
function exportScript(place: object, tenantId: number, format: 'csv' | 'xlsx', hold: boolean): string {
  const file = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  return `
    import { request } from 'node:http';
    import { once } from 'node:events';
    import { setFlagsFromString } from 'node:v8';
    import { runInNewContext } from 'node:vm';
    import { openDatabase } from ${file('../../migrations/open.ts')};
    import { openApi } from ${file('../testing/api-fixture.ts')};
    import { reportRoutes } from ${file('./routes.ts')};
    import { readCsv } from ${file('./testing/read-report-file.ts')};
    const db = openDatabase({ ...${JSON.stringify(place)}, poolSize: 4, logWarn: console.warn });
    const api = await openApi(db, { routes: reportRoutes() });
    const { token } = await api.newUser(${tenantId}, 'admin');
    await api.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = api.app.server.address();
    const download = async (format, to, take) => {
      const path = '/api/v1/reports/plays?from=2026-10-31&to=' + to + '&format=' + format;
      const asked = request({ port, host: '127.0.0.1', path, headers: { authorization: 'Bearer ' + token } });
      asked.end();
      const [answer] = await once(asked, 'response');
      if (answer.statusCode !== 200) throw new Error('status ' + answer.statusCode);
      for await (const chunk of answer) take(chunk);
    };
    // What the code itself and the first buffers take is no growth.
    await download(${JSON.stringify(format)}, '2026-11-01T00:00:20Z', () => undefined);
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc');
    // What is in use, without what is only waiting to be collected.
    const inUse = () => {
      gc();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const before = inUse();
    let peak = before;
    let bytes = 0;
    let looked = 0;
    const parts = [];
    await download(${JSON.stringify(format)}, '2026-11-02', (chunk) => {
      bytes += chunk.length;
      if (${hold}) parts.push(chunk);
      if (bytes < looked || ${hold}) return;
      looked = bytes + ${LOOK_EVERY_BYTES[format]};
      peak = Math.max(peak, inUse());
    });
    const rows = ${hold} ? readCsv(Buffer.concat(parts).toString()) : [];
    peak = Math.max(peak, inUse());
    console.log(JSON.stringify({ growth: peak - before, bytes, rows: rows.length }));
    await api.close();
    await db.close();
  `;
}

describeEachDatabase('memory of an export', (open, engine) => {
  test(`stays where it is over ${ROWS} rows`, { timeout: 300_000 }, async () => {
    const db = await open();
    const made = await db.sql.insertInto('tenants').values({ name: 'large', created_at: 1 }).executeTakeFirstOrThrow();
    const tenantId = Number(made.insertId);
    await fillPlays(db, tenantId);
    const measure = async (format: 'csv' | 'xlsx', hold = false) => {
      const { exitCode, stdout, stderr } = await runScript(exportScript(db.place, tenantId, format, hold));
      expect([exitCode, stderr]).toEqual([0, '']);
      return JSON.parse(stdout) as { growth: number; bytes: number; rows: number };
    };
    for (const format of ['csv', 'xlsx'] as const) {
      const { growth, bytes } = await measure(format);
      expect(bytes).toBeGreaterThan(format === 'csv' ? 20_000_000 : 1_000_000);
      expect(growth).toBeLessThan(GROWTH_BYTES_MAX);
    }
    if (engine !== 'sqlite') return;
    // The measure tells the difference, on whatever database: who holds the rows grows far beyond.
    const held = await measure('csv', true);
    expect(held.rows).toBe(ROWS + 1);
    expect(held.growth).toBeGreaterThan(GROWTH_BYTES_MAX);
  });
});
