/** The logger of every process: one JSON object a line on stdout, nothing secret in it. */
import { pino, type Logger } from 'pino';
import { LogWriter } from './log-writer.ts';

const STDOUT = 1;

export interface LogOptions {
  readonly level: string;
  /** `api`, `hub` or `podoh` (both in one). */
  readonly name: string;
  /** What no line may hold (api/log-redaction.ts). */
  readonly redact: { paths: string[]; censor: string };
}

export function createLog({ level, name, redact }: LogOptions): Logger {
  const writer = new LogWriter(STDOUT, (dropped) => log.warn({ dropped }, 'log lines were dropped: nobody took them'));
  const log: Logger = pino({ level, name, redact, timestamp: pino.stdTimeFunctions.isoTime }, writer);
  return log;
}
