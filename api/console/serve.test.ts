import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveConsole } from './serve.ts';

const PAGE = '<!doctype html><title>Podoh</title>';
const SCRIPT = 'export const answer = 42;\n'.repeat(100);

let folder: string;
let app: FastifyInstance;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'podoh-console-'));
  const root = join(folder, 'console');
  mkdirSync(join(root, 'assets'), { recursive: true });
  writeFileSync(join(root, 'index.html'), PAGE);
  writeFileSync(join(root, 'assets', 'main-1234.js'), SCRIPT);
  writeFileSync(join(root, 'assets', 'main-1234.js.gz'), gzipSync(SCRIPT));
  writeFileSync(join(root, '.secret'), 'not for you');
  writeFileSync(join(folder, 'beside.txt'), 'not for you');
  app = fastify();
  app.register(serveConsole, { root });
  await app.ready();
});

afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true, force: true });
});

test('every address of the console is the page, which knows its own routes', async () => {
  for (const url of ['/console/', '/console/devices/7', '/console/alerts?severity=critical']) {
    const answer = await app.inject({ url });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toBe(PAGE);
    expect(answer.headers['cache-control']).toBe('no-cache');
  }
});

test('whoever comes to the root or forgets the slash is led there', async () => {
  expect((await app.inject({ url: '/' })).headers.location).toBe('/console/');
  expect((await app.inject({ url: '/console' })).headers.location).toBe('/console/');
});

test('assets are kept for ever, compressed for who takes that', async () => {
  const plain = await app.inject({ url: '/console/assets/main-1234.js' });
  expect(plain.body).toBe(SCRIPT);
  expect(plain.headers['cache-control']).toContain('immutable');
  const small = await app.inject({ url: '/console/assets/main-1234.js', headers: { 'accept-encoding': 'gzip' } });
  expect(small.headers['content-encoding']).toBe('gzip');
  expect(small.headers.vary).toMatch(/accept-encoding/i);
  expect(gunzipSync(small.rawPayload).toString()).toBe(SCRIPT);
});

test('a missing asset is missing, and not the page', async () => {
  expect((await app.inject({ url: '/console/assets/main-0000.js' })).statusCode).toBe(404);
});

test('nothing beside the build is given out', async () => {
  for (const url of [
    '/console/assets/../../beside.txt',
    '/console/assets/%2e%2e/%2e%2e/beside.txt',
    '/console/assets/..%2f..%2fbeside.txt',
    '/console/assets/../.secret',
  ]) {
    expect((await app.inject({ url })).body).not.toContain('not for you');
  }
});

test('the page may run its own scripts alone and be framed by nobody', async () => {
  const policy = String((await app.inject({ url: '/console/' })).headers['content-security-policy']);
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("'unsafe-eval'");
});
