/** The commands of `npm run cli`. The composer opens the database; failures are one line on stderr and exit code 1. */
import { Command, CommanderError } from 'commander';
import { isDatabaseUnavailable } from '../migrations/dialect.ts';
import { ApiError } from './errors.ts';
import { createTenant, type TenantMaking } from './tenants/create-tenant.ts';
import { renewEpoch } from './tenants/renew-epoch.ts';

export interface CliParts {
  /** Opens the database, migrated, when a command needs it; closed by `close` when the command is done. */
  open(): Promise<TenantMaking & { close(): Promise<void> }>;
  /** One line to stdout. */
  out(line: string): void;
  /** One line to stderr. */
  err(line: string): void;
}

async function withDatabase<T>(parts: CliParts, work: (making: TenantMaking) => Promise<T>): Promise<T> {
  const opened = await parts.open();
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

function addTenantCommands(program: Command, parts: CliParts): void {
  const tenant = program.command('tenant').description('tenants');
  tenant
    .command('create')
    .description('make a tenant with its first admin; prints a generated password once')
    .requiredOption('--name <name>', 'name of the tenant, unique')
    .requiredOption('--admin <username>', 'username of its first admin, unique over all tenants')
    .action(async ({ name, admin }: { name: string; admin: string }) => {
      const made = await withDatabase(parts, (making) => createTenant(making, name, admin));
      parts.out(`tenant ${made.tenantId} "${name}" created`);
      parts.out(`admin username: ${made.username}`);
      parts.out(`admin password: ${made.generatedPassword}`);
    });
}

function addEpochCommands(program: Command, parts: CliParts): void {
  const epoch = program.command('epoch').description("identity of the database's history");
  epoch
    .command('renew')
    .description('begin a new epoch; run it after the database was restored from a backup, before hubs start')
    .action(async () => {
      const { before, after } = await withDatabase(parts, renewEpoch);
      parts.out(`epoch ${before ?? 'none'} -> ${after}; hubs that run take it within a second`);
    });
}

/** The program, without having parsed anything. */
function buildCli(parts: CliParts): Command {
  const program = new Command('podoh')
    .description('Podoh: administration on the command line')
    .exitOverride()
    .configureOutput({ writeOut: (text) => parts.out(text.trimEnd()), writeErr: () => undefined });
  addTenantCommands(program, parts);
  addEpochCommands(program, parts);
  // Options and output settings are not inherited by subcommands made with command().
  for (const command of program.commands.flatMap((child) => [child, ...child.commands]))
    command.copyInheritedSettings(program);
  return program;
}

/** One line for an error of a command. */
function lineOf(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  if (isDatabaseUnavailable(error))
    return `the database is not available: ${error instanceof Error ? error.message : String(error)}`;
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n', 1)[0] ?? text).replace(/^error: /, '');
}

/** Runs one command line (without `node` and the script). Returns the exit code: 0, or 1 after one line on stderr. */
export async function runCli(parts: CliParts, args: readonly string[]): Promise<number> {
  try {
    await buildCli(parts).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    parts.err(`podoh: ${lineOf(error)}`);
    return 1;
  }
}
