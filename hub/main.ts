/** The hub process: `npm run start:hub`. With HUB_PROCESSES above one, the parent of several. */
import { readConfig } from './config.ts';
import { composeHub, composeParts, createLogger } from './compose.ts';
import { answerMetricsRequests, askForAllMetrics, HubProcesses, isHubChild } from './hub-processes.ts';
import { runProgram, type Running } from './run-program.ts';

await runProgram(start, { isChild: isHubChild() });

async function start(): Promise<Running> {
  const config = readConfig();
  if (config.hubProcesses > 1 && !isHubChild()) {
    const log = createLogger(config, 'hub');
    // What the children would all stumble over is said once, before there are any.
    await (await composeParts(config, log)).close();
    const processes = new HubProcesses(config.hubProcesses, log);
    await processes.start();
    process.stdout.write(`hub: ${config.hubProcesses} processes on http://${config.hubHost}:${config.hubPort}\n`);
    return { stop: () => processes.stop() };
  }
  const log = createLogger(config, 'hub');
  const parts = await composeParts(config, log);
  const { hub, ownMetrics } = composeHub(parts, isHubChild() ? askForAllMetrics : null);
  if (isHubChild()) answerMetricsRequests(ownMetrics);
  const port = await hub.start();
  if (isHubChild()) process.send?.({ kind: 'ready' });
  else process.stdout.write(`hub: http://${config.hubHost}:${port}\n`);
  return {
    async stop() {
      await hub.stop();
      await parts.close();
    },
  };
}
