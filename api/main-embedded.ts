/** API, player page and hub in one process: what `npm start` runs. */
import { fileURLToPath } from 'node:url';
import { composeApi, composeHub, composeParts, createLogger } from '../hub/compose.ts';
import { ConfigError, readConfig } from '../hub/config.ts';
import { runProgram } from '../hub/run-program.ts';
import { startApi, welcomeLines } from './start-api.ts';

await runProgram(async () => {
  const config = readConfig();
  if (config.hubProcesses > 1)
    throw new ConfigError('HUB_PROCESSES: several hub processes run with `npm run start:hub`, not with `npm start`');
  const parts = await composeParts(config, createLogger(config, 'podoh', 'warn'));
  let { publicApiUrl } = config;
  const { hub } = composeHub(parts, null, () => publicApiUrl);
  const hubPort = await hub.start();
  const started = await startApi(composeApi(parts), {
    host: config.apiHost,
    port: config.apiPort,
    adminUsername: config.adminUsername,
    adminPassword: config.adminPassword,
    webRoot: fileURLToPath(new URL('../dist', import.meta.url)),
    publicHubUrl: config.publicHubUrl === ':0' ? `:${hubPort}` : config.publicHubUrl,
    // One process: nobody balances over it, so nothing is gained by waiting.
    drainMs: 0,
  });
  if (publicApiUrl === ':0') publicApiUrl = `:${new URL(started.url).port}`;
  process.stdout.write(`${[...welcomeLines(started), `  Hub      port ${hubPort}`].join('\n')}\n`);
  return {
    async stop() {
      await Promise.all([hub.stop(), started.stop()]);
      await parts.close();
    },
  };
});
