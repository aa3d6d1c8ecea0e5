/**
 * The life of a program: start, run until SIGINT or SIGTERM, stop, exit. A start-up error is one line on stderr and exit 1;
 * a clean stop is exit 0; a second signal does not wait.
 *
 * A child among several has a parent that passes signals on. A terminal and a service manager signal both, so that a second one
 * means nothing there; and when the parent is gone the child ends too, because nobody would ever stop it.
 */
import { ConfigError } from './config.ts';

export interface Running {
  stop(): Promise<void>;
}

export interface ProgramOptions {
  /** Whether another process of ours started this one, and stops it. */
  readonly isChild?: boolean;
}

/** A stop that takes longer than this is given up, in milliseconds: the longest drain that can be set, and time to write. */
const STOP_WITHIN_MS = 150_000;

export async function runProgram(
  start: () => Promise<Running>,
  { isChild = false }: ProgramOptions = {},
): Promise<void> {
  // Only after this turn, so that a signal is heard from its first line on.
  const starting = Promise.resolve().then(start);
  let stopping = false;
  const stop = (): void => {
    if (stopping) {
      if (isChild) return;
      process.exit(1);
    }
    stopping = true;
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
    // Asked to while it starts, it stops as soon as it has started.
    const stopped = starting.then((running) => running.stop());
    stopped.then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`stopping failed: ${startupLine(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  if (isChild) process.on('disconnect', stop);
  try {
    await starting;
  } catch (error) {
    process.stderr.write(`${startupLine(error)}\n`);
    process.exit(1);
  }
  if (isChild && !process.connected) stop();
}

/** Runs a program that ends by itself. */
export async function runOnce(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    process.stderr.write(`${startupLine(error)}\n`);
    process.exit(1);
  }
}

interface SystemError extends Error {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly address?: unknown;
  readonly port?: unknown;
  readonly hostname?: unknown;
}

/** The API's server cannot listen, in the words of its variables; null for every other error. (The hub words its own.) */
function listenLine({ code, syscall, address, port, hostname, message }: SystemError): string | null {
  if (syscall === 'getaddrinfo') return `API_HOST: ${String(hostname)} is no address of this machine (${String(code)})`;
  if (syscall !== 'listen') return null;
  switch (code) {
    case 'EADDRINUSE':
      return `API_PORT: port ${String(port)} is taken`;
    case 'EACCES':
      return `API_PORT: may not listen on port ${String(port)}`;
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
      return `API_HOST: ${String(address)} is no address of this machine`;
    default:
      return `API_PORT: ${message}`;
  }
}

/** Errors that begin with a variable's name are meant for a person; those of the system begin with their code, as `ENOENT: `. */
function namesVariable({ message, code }: SystemError): boolean {
  const name = /^([A-Z][A-Z_0-9]+): /.exec(message)?.[1];
  return name !== undefined && name !== code;
}

/** One line that a person can act on; a bug keeps its stack. */
export function startupLine(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ConfigError || namesVariable(error)) return error.message;
  return listenLine(error) ?? error.stack ?? error.message;
}
