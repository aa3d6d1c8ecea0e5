import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { servePlayer } from './serve.ts';

describe('servePlayer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'podoh-serve-player-'));
  const root = join(folder, 'player');
  let app: FastifyInstance;

  beforeAll(async () => {
    mkdirSync(join(root, 'assets'), { recursive: true });
    writeFileSync(join(root, 'index.html'), '<!doctype html><title>player</title>');
    writeFileSync(join(root, 'assets', 'index-abc123.js'), 'export {};');
    writeFileSync(join(root, 'assets', 'page-frame-abc123.html'), '<!doctype html><title>frame</title>');
    writeFileSync(join(root, 'player-worker.js'), 'self;');
    writeFileSync(join(root, '.hidden'), 'not for the web');
    writeFileSync(join(folder, 'secret.txt'), 'outside');
    app = Fastify();
    await app.register(servePlayer, { root, hubUrl: ':8081' });
    await app.ready();
  });

  afterAll(async () => {
    await app.close();
    rmSync(folder, { recursive: true });
  });

  it('serves the page, never cached without asking', async () => {
    const answer = await app.inject('/player/');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toContain('text/html');
    expect(answer.headers['cache-control']).toBe('no-cache');
    expect(answer.body).toContain('<title>player</title>');
  });

  it('sends a screen that was given the address without its slash to the right one', async () => {
    const answer = await app.inject('/player');
    expect([answer.statusCode, answer.headers.location]).toEqual([308, '/player/']);
  });

  it('lets hashed assets be kept for ever', async () => {
    const answer = await app.inject('/player/assets/index-abc123.js');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  });

  it('tells the address of the hub', async () => {
    const answer = await app.inject('/player/config.json');
    expect(answer.json()).toEqual({ hubUrl: ':8081' });
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it.each(['/player/', '/player/config.json', '/player/assets/index-abc123.js'])(
    'sends its own policy with %s',
    async (url) => {
      const policy = String((await app.inject(url)).headers['content-security-policy']);
      expect(policy).toContain("script-src 'self'");
      expect(policy).toContain("connect-src 'self' ws: wss: http: https:");
      expect(policy).not.toContain('unsafe');
    },
  );

  it('has the service worker looked for anew each time', async () => {
    const answer = await app.inject('/player/player-worker.js');
    expect([answer.statusCode, answer.headers['cache-control']]).toEqual([200, 'no-cache']);
    expect(answer.headers['content-type']).toContain('javascript');
  });

  it('lets stored pages run what is inline, in their own frame and nowhere else, and reach no network', async () => {
    const answer = await app.inject('/player/assets/page-frame-abc123.html');
    const policy = String(answer.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'unsafe-inline'");
    expect(policy).not.toMatch(/https?:|\*/);
  });

  it.each([
    '/player/../secret.txt',
    '/player/%2e%2e/secret.txt',
    '/player/..%2fsecret.txt',
    '/player/.hidden',
    '/player/nothing.js',
  ])('does not serve %s', async (url) => {
    const answer = await app.inject(url);
    expect(answer.statusCode).toBeGreaterThanOrEqual(400);
    expect(answer.body).not.toContain('outside');
    expect(answer.body).not.toContain('not for the web');
  });
});
