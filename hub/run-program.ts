/**
 * The life of a program: start, run until SIGINT or SIGTERM, stop, exit. A start-up error is one line on stderr and exit 1;
 * a clean stop is exit 0; a second signal does not wait.
 */
import { ConfigError } from './config.ts';

export interface Running {
  stop(): Promise<void>;
}

/** A stop that takes longer than this is given up, in milliseconds. */
const STOP_WITHIN_MS = 60_000;

export async function runProgram(start: () => Promise<Running>): Promise<void> {
  let running: Running;
  try {
    running = await start();
  } catch (error) {
    process.stderr.write(`${startupLine(error)}\n`);
    process.exit(1);
  }
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
    running.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`stopping failed: ${startupLine(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
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

/** One line that a person can act on; a bug keeps its stack. */
function startupLine(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  if (error instanceof Error) {
    const { code, port } = error as NodeJS.ErrnoException & { port?: number };
    if (code === 'EADDRINUSE') return `API_PORT: port ${port ?? ''} is taken`;
    if (code === 'EACCES') return `API_PORT: may not listen on port ${port ?? ''}`;
    return /^[A-Z][A-Z_0-9]+: /.test(error.message) ? error.message : (error.stack ?? error.message);
  }
  return String(error);
}
