/** The logger of every process: one JSON object a line, nothing secret in it. */
import { pino, type Logger } from 'pino';

export interface LogOptions {
  readonly level: string;
  /** `api`, `hub` or `podoh` (both in one). */
  readonly name: string;
  /** What no line may hold (api/log-redaction.ts). */
  readonly redact: { paths: string[]; censor: string };
}

export function createLog({ level, name, redact }: LogOptions): Logger {
  return pino({ level, name, redact, timestamp: pino.stdTimeFunctions.isoTime });
}
