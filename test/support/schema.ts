import { sql } from 'kysely';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';

/** The whole schema as the engine itself writes it, one text per table or index, in a fixed order. */
export async function schemaOf(db: OpenDatabase<Database>): Promise<string[]> {
  if (db.dialect.name === 'sqlite') {
    const { rows } = await sql<{ text: string }>`
      select sql as text from sqlite_master where sql is not null and name not like 'sqlite_%' order by type, name`.execute(
      db.sql,
    );
    return rows.map((row) => row.text);
  }
  const tables = await db.sql.introspection.getTables({ withInternalKyselyTables: true });
  const texts: string[] = [];
  for (const name of tables.map((table) => table.name).sort()) {
    const { rows } = await sql<Record<string, string>>`show create table ${sql.table(name)}`.execute(db.sql);
    texts.push(String(rows[0]?.['Create Table']).replace(/ AUTO_INCREMENT=\d+/, ''));
  }
  return texts;
}
