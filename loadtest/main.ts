/** `npm run loadtest -- <scenario>`: measures a running system from outside. */
import { Command } from 'commander';
import { runFanout } from './fanout.ts';
import { RestClient } from './rest-client.ts';

const program = new Command('loadtest').description('simulated fleets and benchmarks against a running Podoh');

program
  .command('fanout')
  .description('an alert to a whole fleet: time from the 201 to the last frame, receipts, memory per idle session')
  .option('--api <url>', 'address of the API', 'http://127.0.0.1:8080')
  .option('--hub <url...>', 'addresses of the hubs', ['http://127.0.0.1:8081'])
  .option('--username <name>', 'an admin of the system under test', 'admin')
  .requiredOption('--password <password>', "that admin's password")
  .option('--devices <count>', 'size of the fleet', '1000')
  .option('--alerts <count>', 'alerts, one after the other', '5')
  .action(
    async (options: {
      api: string;
      hub: string[];
      username: string;
      password: string;
      devices: string;
      alerts: string;
    }) => {
      const rest = new RestClient(options.api);
      await rest.login(options.username, options.password);
      const figures = await runFanout({
        rest,
        hubUrls: options.hub,
        devices: Number(options.devices),
        alerts: Number(options.alerts),
      });
      console.table(figures.alerts);
      console.log(`memory per idle session: ${figures.memoryPerSessionBytes} bytes (${figures.devices} devices)`);
    },
  );

await program.parseAsync();
