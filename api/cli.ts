/** `npm run cli -- <command>`: administration on the command line. */
import { createLogger, prepareDatabase } from '../hub/compose.ts';
import { readConfig } from '../hub/config.ts';
import { systemClock, systemIds } from '../hub/system-ports.ts';
import { createPasswordHasher } from './auth/passwords.ts';
import { runCli } from './command-line.ts';

process.exitCode = await runCli(
  {
    async open() {
      const config = readConfig();
      const db = await prepareDatabase(config, createLogger(config, 'cli', 'warn'));
      return { db, clock: systemClock, ids: systemIds, passwords: createPasswordHasher(), close: () => db.close() };
    },
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
  },
  process.argv.slice(2),
);
