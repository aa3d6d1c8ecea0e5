import { pino } from 'pino';
import { expect, test } from 'vitest';
import { LOG_REDACTION } from './log-redaction.ts';

const FIELDS = [
  'authorization',
  'password',
  'accessToken',
  'refreshToken',
  'credential',
  'pollSecret',
  'sql',
  'password_hash',
];

test.each(FIELDS)('%s is logged at no depth', (field) => {
  const lines: string[] = [];
  const log = pino({ redact: LOG_REDACTION }, { write: (line: string) => void lines.push(line) });
  const secret = 'canary-5f3a';
  log.info({ [field]: secret, a: { [field]: secret, b: { [field]: secret } }, kept: 'kept' }, 'line');
  log.child({ [field]: secret }).info('child');
  log.info({ req: { headers: { authorization: secret, 'idempotency-key': secret } } });
  expect(lines.join('')).toContain('kept');
  expect(lines.join('')).not.toContain(secret);
});
