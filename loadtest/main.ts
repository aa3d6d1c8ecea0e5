/** `npm run loadtest -- <scenario>`: measures a running system from outside. */
import { Command } from 'commander';
import { runFanout } from './fanout.ts';
import { runPlays } from './plays.ts';
import { RestClient } from './rest-client.ts';
import { runRest } from './rest.ts';

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

program
  .command('rest')
  .description('a mix of reads and writes at a fixed rate: how long operators wait')
  .option('--api <url>', 'address of the API', 'http://127.0.0.1:8080')
  .option('--username <name>', 'an admin of the system under test', 'admin')
  .requiredOption('--password <password>', "that admin's password")
  .option('--rate <count>', 'requests per second', '50')
  .option('--seconds <count>', 'how long', '60')
  .option('--users <count>', 'users that take turns; each is limited to 100 requests a minute by default', '40')
  .option('--devices <count>', 'devices in the system', '1000')
  .action(
    async (options: {
      api: string;
      username: string;
      password: string;
      rate: string;
      seconds: string;
      users: string;
      devices: string;
    }) => {
      const figures = await runRest({
        apiUrl: options.api,
        username: options.username,
        password: options.password,
        rate: Number(options.rate),
        seconds: Number(options.seconds),
        users: Number(options.users),
        devices: Number(options.devices),
      });
      console.table(figures);
    },
  );

program
  .command('plays')
  .description('proof of play by the million: ingest, reports, and the memory that exports take')
  .option('--api <url>', 'address of the API', 'http://127.0.0.1:8080')
  .option('--hub <url>', 'address of a hub', 'http://127.0.0.1:8081')
  .option('--username <name>', 'an admin of the system under test', 'admin')
  .requiredOption('--password <password>', "that admin's password")
  .option('--plays <count>', 'plays to report first', '1000000')
  .option('--devices <count>', 'devices that report them', '500')
  .option('--reads <count>', 'how often each report is read; one user may ask 100 times a minute by default', '15')
  .action(
    async (options: {
      api: string;
      hub: string;
      username: string;
      password: string;
      plays: string;
      devices: string;
      reads: string;
    }) => {
      const rest = new RestClient(options.api);
      await rest.login(options.username, options.password);
      const figures = await runPlays({
        rest,
        apiUrl: options.api,
        hubUrl: options.hub,
        plays: Number(options.plays),
        devices: Number(options.devices),
        reads: Number(options.reads),
      });
      console.log(`${figures.plays} plays taken at ${figures.ingestPerSecond} a second`);
      console.table(figures.reports);
      console.table(figures.exports);
    },
  );

await program.parseAsync();
