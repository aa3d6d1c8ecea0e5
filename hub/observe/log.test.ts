/** Every logger of ours, as the programs make it, in a process of its own: what it writes to stdout is what is asserted on. */
import { expect, test } from 'vitest';
import { runScript } from '../../test/support/run-script.ts';
import { startRedis } from '../../test/support/redis.ts';
import { describeWithRedis } from '../../test/support/server-suites.ts';

const COMPOSE = JSON.stringify(new URL('../compose.ts', import.meta.url).href);

type Line = Readonly<Record<string, unknown>>;

/** Runs the body with a `log` of the given settings; returns the lines it wrote. */
async function linesOf(body: string, logLevel?: string, fallbackLevel?: string): Promise<{ text: string; lines: Line[] }> {
  const config = JSON.stringify(logLevel === undefined ? {} : { logLevel });
  const fallback = fallbackLevel === undefined ? '' : `, ${JSON.stringify(fallbackLevel)}`;
  const { exitCode, stdout, stderr } = await runScript(
    `const { createLogger } = await import(${COMPOSE});\nconst log = createLogger(${config}, 'hub'${fallback});\n${body}`,
  );
  expect([exitCode, stderr]).toEqual([0, '']);
  const texts = stdout.split('\n').filter((line) => line !== '');
  return { text: stdout, lines: texts.map((line) => JSON.parse(line) as Line) };
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

test('one JSON object a line, with an ISO time, a level and the name of the program; CR and LF stay inside', async () => {
  const { lines } = await linesOf(`log.info({ deviceId: 7, name: 'a\\r\\n{"level":60}' }, 'one\\ntwo'); log.warn('three');`);
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatchObject({ level: 30, deviceId: 7, msg: 'one\ntwo' });
  expect(String(lines[0]?.['time'])).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(lines[1]).toMatchObject({ level: 40, name: 'hub', msg: 'three' });
});

test.each([
  [undefined, undefined, ['info', 'warn', 'error']],
  [undefined, 'warn', ['warn', 'error']],
  ['debug', 'warn', ['debug', 'info', 'warn', 'error']],
  ['silent', undefined, []],
] as const)('level %s, by default %s, lets through %j', async (level, fallback, expected) => {
  const { lines } = await linesOf(`for (const l of ['trace', 'debug', 'info', 'warn', 'error']) log[l](l);`, level, fallback);
  expect(lines.map(({ msg }) => msg)).toEqual(level === 'debug' ? expected : expected);
});

test('no field that holds a secret is written, at the top, below it, or in a list', async () => {
  const secrets = Object.fromEntries(SECRET_FIELDS.map((field) => [field, `canary-${field}`]));
  const { text, lines } = await linesOf(`
    const secrets = ${JSON.stringify(secrets)};
    log.info(secrets, 'top');
    log.info({ body: secrets }, 'below');
    log.info({ req: { headers: secrets } }, 'two below');
    log.info({ devices: [secrets, secrets] }, 'in a list');
    log.info({ req: { headers: { 'idempotency-key': 'canary-key' } }, res: { headers: { 'set-cookie': 'canary-cookie' } } }, 'headers');
    log.child({ password: 'canary-child' }).info({ shown: 'this is shown' }, 'child');
  `);
  expect(text).not.toContain('canary');
  expect(lines).toHaveLength(6);
  expect(lines[0]).toMatchObject(Object.fromEntries(SECRET_FIELDS.map((field) => [field, '[redacted]'])));
  expect(lines[5]).toMatchObject({ shown: 'this is shown', password: '[redacted]' });
});

test('an error is written with its type, message, cause and stack, and without its SQL or a command it was given', async () => {
  const { text, lines } = await linesOf(`
    const cause = Object.assign(new Error('connection lost'), { sql: "select 'canary-1'" });
    const err = Object.assign(new Error('query failed', { cause }), {
      code: 'ECONNRESET', sql: "insert 'canary-2'", parameters: ['canary-3'], command: { name: 'auth', args: ['canary-4'] },
    });
    log.error({ err }, 'failed');
    log.error({ error: { cause: { command: { name: 'auth', args: ['canary-5'] } } } }, 'failed');
  `);
  expect(text).not.toContain('canary');
  expect(lines[0]).toMatchObject({
    level: 50,
    err: { type: 'Error', message: 'query failed: connection lost', code: 'ECONNRESET', command: { name: 'auth' } },
  });
  expect((lines[0]?.['err'] as { stack: string }).stack).toContain('caused by: Error: connection lost');
});

describeWithRedis('with a real Redis', () => {
  test('a refused password is not in what the link logs of its error', async () => {
    const redis = await startRedis({ args: ['--requirepass', 'the-right-one'] });
    try {
      const url = redis.url.replace('redis://', 'redis://:canary-wrong@');
      const { text, lines } = await linesOf(
        `
        const { composeParts } = await import(${COMPOSE});
        const { readConfig } = await import(new URL('config.ts', ${COMPOSE}).href);
        const { mkdtempSync, rmSync } = await import('node:fs');
        const { tmpdir } = await import('node:os');
        const folder = mkdtempSync(tmpdir() + '/podoh-log-');
        const refused = new Promise((resolve) => {
          const write = process.stdout.write.bind(process.stdout);
          process.stdout.write = (...args) => { if (String(args[0]).includes('WRONGPASS')) resolve(); return write(...args); };
        });
        const parts = await composeParts(readConfig({ PODOH_DATA_DIR: folder, REDIS_URL: ${JSON.stringify(url)} }), log);
        parts.limiterRedis.on('error', (err) => { log.debug({ err }, 'seen'); });
        await new Promise((resolve) => parts.limiterRedis.once('error', resolve));
        await parts.close();
        rmSync(folder, { recursive: true });
        void refused;
      `,
        'debug',
      );
      expect(lines.some(({ msg }) => msg === 'seen')).toBe(true);
      expect(text).toContain('WRONGPASS');
      expect(text).not.toContain('canary');
    } finally {
      await redis.stop();
    }
  });
});
