/** The REST process: `npm run start:api`. */
import { fileURLToPath } from 'node:url';
import { composeApi, composeParts, createLogger } from '../hub/compose.ts';
import { readConfig } from '../hub/config.ts';
import { runProgram } from '../hub/run-program.ts';
import { startApi, welcomeLines } from './start-api.ts';

await runProgram(async () => {
  const config = readConfig();
  const parts = await composeParts(config, createLogger(config, 'api'));
  const started = await startApi(composeApi(parts), {
    host: config.apiHost,
    port: config.apiPort,
    adminUsername: config.adminUsername,
    adminPassword: config.adminPassword,
    webRoot: fileURLToPath(new URL('../dist', import.meta.url)),
    publicHubUrl: config.publicHubUrl,
    drainMs: config.drainMs,
  });
  process.stdout.write(`${welcomeLines(started).join('\n')}\n`);
  return {
    async stop() {
      await started.stop();
      await parts.close();
    },
  };
});
