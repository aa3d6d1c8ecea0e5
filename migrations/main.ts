/** `npm run migrate`: brings the database to this version's shape, then exits. */
import { readConfig } from '../hub/config.ts';
import { createLogger, prepareDatabase } from '../hub/compose.ts';
import { runOnce } from '../hub/run-program.ts';

await runOnce(async () => {
  const config = readConfig();
  const db = await prepareDatabase(config, createLogger(config, 'migrate'));
  await db.close();
  process.stdout.write('the database is up to date\n');
});
