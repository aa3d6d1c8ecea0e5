/** What no log line may hold. The logger of every process is made with this; that nothing of it is logged is the second line. */

const SECRET_FIELDS = [
  'authorization',
  'cookie',
  'password',
  'currentPassword',
  'newPassword',
  'generatedPassword',
  'passwordHash',
  'password_hash',
  'accessToken',
  'refreshToken',
  'token',
  'credential',
  'credentials',
  'credential_hash',
  'pollSecret',
  'poll_secret_hash',
  'privateKey',
  'sql',
  'parameters',
] as const;

/** Depths at which a secret field is looked for: pino's wildcard stands for one level each, and none for the top. */
const DEPTHS = ['', '*.', '*.*.'];

/** pino's `redact` option. */
export const LOG_REDACTION = {
  paths: [
    ...DEPTHS.flatMap((depth) => SECRET_FIELDS.map((field) => `${depth}${field}`)),
    // What a refused Redis command was given: `HELLO 3 AUTH default <password>` among others.
    '*.command.args',
    '*.*.command.args',
    '*.headers["set-cookie"]',
    'headers["idempotency-key"]',
    '*.headers["idempotency-key"]',
  ],
  censor: '[redacted]',
};
