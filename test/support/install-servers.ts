/**
 * The programs that tests need beside Node. Where they are missing and we may, they are installed as Debian packages;
 * where we may not, the suites that need them are named and skipped, and in CI the run fails instead.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface NeededProgram {
  readonly program: string;
  readonly debianPackage: string;
  /** What is skipped without it. */
  readonly suites: string;
}

const NEEDED_PROGRAMS: readonly NeededProgram[] = [
  { program: 'mariadbd', debianPackage: 'mariadb-server', suites: 'everything on MariaDB' },
  { program: 'redis-server', debianPackage: 'redis-server', suites: 'everything on Redis' },
  { program: 'chromium', debianPackage: 'chromium', suites: 'the console and the player in a browser' },
];

/** Debian keeps package scripts from starting services when this file says so. */
const POLICY = '/usr/sbin/policy-rc.d';

/** Absolute path of a program, or null. Looks where servers live too, which a normal user's PATH leaves out. */
export function findProgram(program: string): string | null {
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    '/usr/sbin',
    '/usr/local/sbin',
    '/sbin',
    '/usr/bin',
  ];
  for (const folder of folders) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return null;
}

export interface EnsureOptions {
  readonly needed: readonly NeededProgram[];
  /** Root on a machine with apt-get. */
  readonly mayInstall: boolean;
  /** In CI nothing may be skipped. */
  readonly isCi: boolean;
  readonly say: (line: string) => void;
}

/** What this machine allows. */
function machineOptions(): EnsureOptions {
  return {
    needed: NEEDED_PROGRAMS,
    mayInstall: process.getuid?.() === 0 && findProgram('apt-get') !== null,
    isCi: Boolean(process.env['CI']),
    say: (line) => console.error(line),
  };
}

/**
 * Makes sure the programs are there. Returns those that are not, after saying what that skips.
 * Throws in CI when one is missing in the end.
 */
export function ensurePrograms(options: EnsureOptions = machineOptions()): readonly NeededProgram[] {
  const absent = (): NeededProgram[] => options.needed.filter(({ program }) => findProgram(program) === null);
  let missing = absent();
  if (missing.length === 0) return [];
  if (options.mayInstall) {
    options.say(`installing for the tests: ${packagesOf(missing)}`);
    try {
      installPackages(missing.map(({ debianPackage }) => debianPackage));
    } catch (error) {
      options.say(`the installation failed: ${String(error)}`);
    }
    missing = absent();
    if (missing.length === 0) return [];
  }
  if (options.isCi) throw new Error(`the tests need these Debian packages, and this is CI: ${packagesOf(missing)}`);
  for (const { program, suites } of missing) options.say(`SKIPPED: ${suites}, because ${program} is not installed`);
  options.say(`to run them: apt-get install --no-install-recommends ${packagesOf(missing)}`);
  return missing;
}

function packagesOf(programs: readonly NeededProgram[]): string {
  return programs.map(({ debianPackage }) => debianPackage).join(' ');
}

function installPackages(packages: readonly string[]): void {
  const kept = `${POLICY}.before-podoh-tests`;
  const hadPolicy = existsSync(POLICY);
  if (hadPolicy) renameSync(POLICY, kept);
  writeFileSync(POLICY, '#!/bin/sh\nexit 101\n');
  chmodSync(POLICY, 0o755);
  try {
    const lock = ['-o', 'DPkg::Lock::Timeout=300'];
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    execFileSync('apt-get', [...lock, 'update'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    execFileSync('apt-get', [...lock, 'install', '-y', '--no-install-recommends', ...packages], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } finally {
    rmSync(POLICY, { force: true });
    if (hadPolicy) renameSync(kept, POLICY);
  }
}
