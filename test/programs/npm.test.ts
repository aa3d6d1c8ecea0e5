/** Through npm itself, as the README says it: npm hands signals on, and the exit code is the program's own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isAlive, removeFolder, throwawayFolder } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { membersOf, Program, REPOSITORY, runToEnd, type ProgramOptions } from '../support/processes.ts';

const SCRIPTS: Record<string, string> = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')).scripts;
const CREATE_TENANT = ['run', 'cli', '--', 'tenant', 'create', '--name', 'Acme', '--admin', 'acme-admin'];

describe('npm', () => {
  const folder = throwawayFolder('npm');
  afterAll(() => removeFolder(folder));

  /** Without the scripts around the script: what they build is built already. */
  function npm(args: readonly string[], env: Readonly<Record<string, string>> = {}): ProgramOptions {
    return {
      entry: ['npm'],
      args: ['--prefix', REPOSITORY, '--ignore-scripts', ...args],
      env: { HOME: folder, PODOH_DATA_DIR: join(folder, 'data'), ...env },
      cwd: folder,
    };
  }

  it('start: serves, and on SIGTERM ends with exit code 0 and leaves nothing behind', async () => {
    const [apiPort, hubPort] = [await freePort(), await freePort()];
    const urls = [`http://127.0.0.1:${apiPort}`, `http://127.0.0.1:${hubPort}`];
    const program = new Program({ ...npm(['start'], { API_PORT: String(apiPort), HUB_PORT: String(hubPort) }), urls });
    try {
      await program.start();
      // It serves a moment before it says so.
      await eventually(() => program.stdout.includes(`API      http://localhost:${apiPort}/api/v1`));
      const members = membersOf(program.pid);
      // npm and the program: no shell stands between them that would keep a signal to itself.
      expect(members).toHaveLength(2);
      expect(await program.sigterm()).toEqual({ code: 0, signal: null });
      await eventually(() => members.filter(isAlive).length === 0);
    } finally {
      await program.stop();
    }
  });

  it('start: a wrong variable is exit code 1', async () => {
    const { code, stderr } = await runToEnd(npm(['start'], { API_PORT: 'abc' }));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^API_PORT: [^\n]+$/m);
  });

  it('run migrate and run cli: do their work and end with exit code 0, a refused command with 1', async () => {
    expect(await runToEnd(npm(['run', 'migrate']))).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('the database is up to date'),
    });
    const create = npm(CREATE_TENANT);
    expect(await runToEnd(create)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^admin password: \S{12,}$/m),
    });
    expect(await runToEnd(create)).toMatchObject({ code: 1, stderr: expect.stringMatching(/^podoh: [^\n]+$/m) });
  });

  it.each(['start', 'start:api', 'start:hub', 'migrate', 'cli'])('%s hands its process over to node', (name) => {
    expect(SCRIPTS[name]).toMatch(/^exec node /);
  });
});
