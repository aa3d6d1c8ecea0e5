/** The logger that the programs make, in a process of its own: what it writes to stdout is what is asserted on. */
import { expect, test } from 'vitest';
import { runScript } from '../../test/support/run-script.ts';
import { describeWithRedis } from '../../test/support/server-suites.ts';

const COMPOSE = JSON.stringify(new URL('../compose.ts', import.meta.url).href);

type Line = Readonly<Record<string, unknown>>;

/** Runs the body, which has `createLogger` and a `log` of level `debug`; returns what was written, and its lines. */
async function logged(body: string): Promise<{ text: string; lines: Line[] }> {
  const { exitCode, stdout, stderr } = await runScript(
    `const { createLogger, composeParts } = await import(${COMPOSE});
    const log = createLogger({ logLevel: 'debug' }, 'hub');
    ${body}`,
  );
  expect([exitCode, stderr]).toEqual([0, '']);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return { text: stdout, lines: lines.map((line) => JSON.parse(line) as Line) };
}

const SECRET_FIELDS = [
  'authorization',
  'cookie',
  'password',
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
];

test('a line is one JSON object with time, level and program; the level is that of the settings, else of the program', async () => {
  const { lines } = await logged(`
    log.info({ deviceId: 7, name: 'a\\r\\n{"level":60}' }, 'one\\ntwo');
    const settings = [[undefined, undefined], [undefined, 'warn'], ['debug', 'warn'], ['silent', undefined]];
    for (const [logLevel, fallback] of settings) {
      const each = createLogger({ logLevel }, \`\${logLevel}/\${fallback}\`, fallback);
      for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal']) each[level](level);
    }
  `);
  const first = lines.find(({ msg }) => msg === 'one\ntwo');
  expect(first).toMatchObject({ level: 30, name: 'a\r\n{"level":60}', deviceId: 7 });
  expect(String(first?.['time'])).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const writtenBy = (name: string): unknown[] => lines.filter((line) => line['name'] === name).map(({ msg }) => msg);
  expect(writtenBy('undefined/undefined')).toEqual(['info', 'warn', 'error', 'fatal']);
  expect(writtenBy('undefined/warn')).toEqual(['warn', 'error', 'fatal']);
  expect(writtenBy('debug/warn')).toEqual(['debug', 'info', 'warn', 'error', 'fatal']);
  expect(writtenBy('silent/undefined')).toEqual([]);
});

test('no secret is written, wherever in a line it stands; an error keeps what explains it', async () => {
  const secrets = JSON.stringify(Object.fromEntries(SECRET_FIELDS.map((field) => [field, `canary-${field}`])));
  const { text, lines } = await logged(`
    const secrets = ${secrets};
    log.info(secrets, 'top');
    log.info({ body: secrets }, 'below');
    log.info({ req: { headers: secrets } }, 'two below');
    log.info({ devices: [secrets, secrets] }, 'in a list');
    log.info({ req: { headers: { 'idempotency-key': 'canary' } }, res: { headers: { 'set-cookie': 'canary' } } }, 'headers');
    log.child({ password: 'canary' }).info({ shown: 'this is shown' }, 'child');
    const cause = Object.assign(new Error('connection lost'), { sql: "select 'canary'" });
    const err = Object.assign(new Error('query failed', { cause }), {
      code: 'ECONNRESET', sql: "insert 'canary'", parameters: ['canary'], command: { name: 'auth', args: ['canary'] },
    });
    log.error({ err }, 'error');
    log.error({ error: { cause: { command: { name: 'auth', args: ['canary'] } } } }, 'cause');
  `);
  expect(text).not.toContain('canary');
  expect(lines.map(({ msg }) => msg)).toEqual([
    'top',
    'below',
    'two below',
    'in a list',
    'headers',
    'child',
    'error',
    'cause',
  ]);
  const redacted = Object.fromEntries(SECRET_FIELDS.map((field) => [field, '[redacted]']));
  expect(lines[0]).toMatchObject(redacted);
  expect(lines[3]).toMatchObject({ devices: [redacted, redacted] });
  expect(lines[5]).toMatchObject({ shown: 'this is shown', password: '[redacted]' });
  const { stack, ...error } = (lines[6]?.['err'] ?? {}) as Record<string, unknown>;
  expect(error).toMatchObject({ type: 'Error', message: 'query failed: connection lost', code: 'ECONNRESET' });
  expect(stack).toContain('caused by: Error: connection lost');
});

describeWithRedis('a Redis that refuses our password', (redisUrl) => {
  test('is told of without the password', async () => {
    const url = JSON.stringify(redisUrl.replace('redis://', 'redis://nobody:canary@'));
    const { text, lines } = await logged(`
      const { readConfig } = await import(new URL('config.ts', ${COMPOSE}).href);
      const { mkdtempSync, rmSync } = await import('node:fs');
      const { tmpdir } = await import('node:os');
      const folder = mkdtempSync(tmpdir() + '/podoh-log-');
      const parts = await composeParts(readConfig({ PODOH_DATA_DIR: folder, REDIS_URL: ${url} }), log);
      await new Promise((resolve) => parts.limiterRedis.once('error', resolve));
      await parts.close();
      rmSync(folder, { recursive: true });
    `);
    const told = lines.find(({ msg }) => msg === 'redis for rate limits');
    expect(told).toMatchObject({ err: { message: expect.stringContaining('WRONGPASS') as string } });
    expect(text).not.toContain('canary');
  });
});
